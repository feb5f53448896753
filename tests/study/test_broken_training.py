"""Training that breaks: losses that are not finite, memory that runs out. Each becomes a record that says so."""

from __future__ import annotations

import itertools
import math
import resource
import time
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest

from in_process import InProcess
from jointbench.records import Fit
from jointbench.records.store import from_line, to_line
from jointbench.runtime import workers
from jointbench.study.config import ScoredModels
from jointbench.study.kept import KeptRecords, kept_records
from jointbench.study.plan import CrossValidation, Experiment, Plan, make_experiment, plan_arms
from jointbench.study.run import run, steps, unheard
from jointbench.study.training import train
from jointbench.types import Engine
from trained_records import TORCH_STUDY, table, torch_backend
from without_clocks import unclocked

ENGINES: tuple[Engine, ...] = ("stacked", "stock")


def experiment(
    rows: int = 90, features: int = 3, rate: float | None = None, arms: tuple[str, ...] = ("joint", "separate")
) -> Experiment:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, features))
    sizes = CrossValidation(folds=2, repeats=1, seeds=1, seed=0, max_epochs=2)
    made = make_experiment(table(x, {"y": x[:, 0], "z": x[:, 1]}), arms, sizes)
    return made if rate is None else replace(made, recipe=replace(made.recipe, optimizer="sgd", learning_rate=rate))


@pytest.fixture
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("early_workers", "run"):
        monkeypatch.setattr(f"jointbench.study.{module}.Workers", lambda *_, **__: InProcess(torch_backend()))


@pytest.mark.usefixtures("_in_process")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_that_is_not_finite_is_a_failed_fit(engine: Engine) -> None:
    """The study comes to its end, its records can be read and gone on with, and no verdict is made of them."""
    planned, config = experiment(rate=1e30), replace(TORCH_STUDY, engine=engine)
    records = list(run([planned], config, lambda *_: None))
    fits = [record for record in records if isinstance(record, Fit)]
    assert len(fits) == 2 * 3
    for fit in fits:
        assert str(fit.failure).startswith("the loss is not finite in epoch ")
        assert fit.scores == ()
        assert not math.isfinite(np.sum(fit.train_loss) + np.sum(fit.validation_loss))
    read = [from_line(to_line(record)) for record in records]
    assert not list(steps([planned], config, (lambda *_: None, unheard), kept_records(read)))


@pytest.mark.usefixtures("_in_process")
@pytest.mark.parametrize("engine", ENGINES)
def test_clocks_that_go_back_change_no_record(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's time set back by an hour again and again, and the counter of its seconds too."""
    planned, config = experiment(), replace(TORCH_STUDY, engine=engine)
    expected = unclocked(run([planned], config, lambda *_: None))
    backwards = itertools.count(1e9, -3600.0)
    for name in ("time", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: next(backwards))
    records = list(run([planned], config, lambda *_: None))
    assert unclocked([from_line(to_line(record)) for record in records]) == expected


def limited(*setup: Any) -> None:
    """Starts a worker that may map 12 MB more than its framework did."""
    workers._start(*setup)
    now = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (now + 12 * 2**20, resource.getrlimit(resource.RLIMIT_AS)[1]))


def fitted(planned: Experiment, worker: workers.Workers) -> list[Fit]:
    plan = Plan(planned, *plan_arms(planned, "torch", "cpu", "stock"))
    config = replace(TORCH_STUDY, engine="stock")
    records = train([plan], worker, config, ScoredModels(), KeptRecords(), lambda *_: None)
    return [record for record in records if isinstance(record, Fit)]


def test_a_worker_that_may_not_take_more_memory_says_so_in_its_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what finds room is trained, by the same worker."""
    monkeypatch.setattr(workers, "_start", limited)
    with workers.Workers("torch", "cpu", 1, 1) as worker:
        failed = fitted(experiment(rows=3000, features=700, arms=("joint",)), worker)
        trained = fitted(experiment(arms=("joint",)), worker)
    assert len(failed) == len(trained) == 2
    assert all("memory" in str(fit.failure) for fit in failed), {fit.failure for fit in failed}
    assert {fit.failure for fit in trained} == {None}
