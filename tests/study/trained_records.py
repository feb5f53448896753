"""Records of an experiment trained in this process, which needs no worker to start; and tables to train on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from jointbench.backends.protocols import TrainingBackend
from jointbench.backends.registry import load
from jointbench.records import Record
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Experiment, Plan, job, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.references import folds
from jointbench.study.scoring import fit_record
from jointbench.study.stacks import tasks_of
from jointbench.types import Dataset, Engine, FloatArray, Output, Provenance

TORCH_STUDY = StudyConfig(
    backends=("torch",),
    devices=("cpu",),
    engine="stacked",
    jobs=1,
    threads=1,
    batch_sizes=(1,),
    timing_seconds=0.0,
    references=False,
)


@cache
def torch_backend() -> TrainingBackend:
    return load("torch", "cpu", 1)


def trained(experiment: Experiment, engine: Engine = "stacked", plan: Plan | None = None) -> list[Record]:
    """The experiment's folds, arms and fits. plan: with more than its arms' own networks."""
    plan = plan or Plan(experiment, *plan_arms(experiment, "torch", "cpu", engine))
    records: list[Record] = [*folds(experiment), *plan.arms, *plan.searched]
    for stack in tasks_of(experiment, plan.networks, engine):
        splits = [prepared_split(experiment, network.repeat, network.fold) for network in stack]
        jobs = [job(experiment, network, prepared) for network, prepared in zip(stack, splits, strict=True)]
        backend = torch_backend()
        results = backend.fit_stacked(jobs).trained if engine == "stacked" else [backend.fit(one) for one in jobs]
        records += [fit_record(experiment, *fit) for fit in zip(stack, results, splits, strict=True)]
    return records


def table(
    x: FloatArray, targets: dict[str, FloatArray], outputs: Sequence[Output] = (), time: FloatArray | None = None
) -> Dataset:
    """A table of these features, (rows, columns), and targets, which are numbers unless ``outputs`` says otherwise."""
    return Dataset(
        slug="table",
        title="Table",
        features=pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])]),
        targets=targets,
        outputs=tuple(outputs) or tuple(Output(name, "regression") for name in targets),
        provenance=Provenance("made up", "none", "none", "0" * 64),
        time=time,
    )


def one_of_two(rows: int = 240) -> Dataset:
    """Every row has one of two labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3))
    first = rng.random(rows) < 0.5
    return table(
        x, {"y1": np.where(first, x[:, 0] + x[:, 1], np.nan), "y2": np.where(first, np.nan, x[:, 0] - x[:, 2])}
    )
