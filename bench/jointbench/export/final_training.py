"""An arm of a run, trained on all rows for as many epochs as the folds found best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.data.preprocess import Prepared, prepare
from jointbench.errors import BadInput
from jointbench.export.preprocessing import Preprocessing, encoded_rows, fitted_preprocessing
from jointbench.networks.architecture import Architecture
from jointbench.records import Fit, PlannedArm
from jointbench.runtime.workers import Workers, failure_reason
from jointbench.study.plan import Experiment, job
from jointbench.types import Dataset, Float32Array, Output, Split, Weights


@dataclass(frozen=True, eq=False, kw_only=True)
class FinalNetwork:
    """A network of the arm. epochs: that it was trained. answers: (rows, units), raw, its framework's own on every row.
    mean, scale: by output, value = answer x scale + mean of a regression."""

    outputs: tuple[Output, ...]
    architecture: Architecture
    weights: Weights
    epochs: int
    answers: Float32Array
    mean: tuple[float, ...]
    scale: tuple[float, ...]


def epochs_of(fits: Sequence[Fit]) -> int:
    """The median over folds and seeds of the best epoch, counted from 1."""
    return max(1, math.ceil(float(np.median([fit.best_epoch + 1 for fit in fits]))))


@dataclass(frozen=True, eq=False)
class FinalArm:
    """The arm's networks, and the preprocessing of their rows; None of images."""

    networks: tuple[FinalNetwork, ...]
    preprocessing: Preprocessing | None


def train_on_all_rows(dataset: Dataset, planned: PlannedArm, fits: Sequence[Fit]) -> FinalArm:
    """The arm's networks, by the stock loop; rows of a file to test on stay unseen. fits: the arm's, of all folds. Raises BadInput where none was trained, or
    training fails."""
    rows = np.arange(dataset.rows) if dataset.held_out is None else np.flatnonzero(~dataset.held_out.rows)
    split = Split(repeat=0, fold=0, folds=1, train=rows, validation=rows[:1], test=rows, seed=0)
    prepared = prepare(dataset, split)
    by_group = {
        group: [fit for fit in fits if fit.network.group == group and fit.failure is None]
        for group in planned.arm.groups
    }
    if missing := [", ".join(group) for group, trained in by_group.items() if not trained]:
        raise BadInput(f"arm {planned.arm.name}: no network for {missing[0]} was trained in this run")
    experiment = Experiment(
        dataset=dataset,
        splits=(split,),
        seeds=1,
        shape=planned.shapes[0],
        recipe=next(iter(by_group.values()))[0].network.recipe,
        arms=(planned.arm,),
        input_shape=prepared.features.shape[1:],
    )
    jobs = [(_job(experiment, trained[0], prepared, split), epochs_of(trained)) for trained in by_group.values()]
    results = []
    table, served = None, prepared.features
    if not isinstance(dataset.features, np.ndarray):
        table = fitted_preprocessing(dataset.features, prepared.coded)
        served = encoded_rows(dataset.features, table)
    with Workers(planned.backend, "cpu", 1, 1) as workers:
        for group, (network_job, epochs) in zip(planned.arm.groups, jobs, strict=True):
            steps = epochs * math.ceil(len(network_job.train) / network_job.recipe.batch_size)
            try:
                weights, answers = workers.submit(_train, network_job, steps, served).result()
            except Exception as error:
                raise BadInput(f"arm {planned.arm.name}: its training failed: {failure_reason(error)}") from error
            if not np.isfinite(answers).all():
                raise BadInput(f"arm {planned.arm.name}: its training on all rows diverged")
            columns = experiment.columns(group)
            results.append(
                FinalNetwork(
                    outputs=tuple(experiment.outputs(group)),
                    architecture=network_job.architecture,
                    weights=weights,
                    epochs=epochs,
                    answers=answers,
                    mean=tuple(prepared.mean[column] for column in columns),
                    scale=tuple(prepared.scale[column] for column in columns),
                )
            )
    return FinalArm(tuple(results), table)


def _job(experiment: Experiment, fit: Fit, prepared: Prepared, split: Split) -> Job:
    seed = int(np.random.SeedSequence([fit.network.seed]).generate_state(1)[0])
    network = replace(fit.network, repeat=0, fold=0, split=split.digest, seed=seed, engine="stock", device="cpu")
    return job(experiment, network, prepared)


def _train(backend: Backend, network_job: Job, steps: int, rows: Float32Array) -> tuple[Weights, Float32Array]:
    """Weights after so many steps, and the answers on these rows. Runs inside a worker."""
    weights = backend.steps(network_job, steps)
    (answers,) = backend.server([(network_job.architecture, weights)])(rows)
    return weights, np.asarray(answers, np.float32)
