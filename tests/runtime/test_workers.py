"""What breaks in a worker becomes a record that says so."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from jointbench.data.catalog import load_bundled
from jointbench.records import Fit
from jointbench.runtime.workers import failure_reason
from jointbench.study.config import ScoredModels
from jointbench.study.kept import KeptRecords
from jointbench.study.plan import CrossValidation, make_experiment, plan_arms
from jointbench.study.training import Task, _results


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (BrokenProcessPool("gone"), "the worker process died (out of memory?)"),
        (RuntimeError("CUDA out of memory\ntried 3 GiB"), "RuntimeError: CUDA out of memory"),
        (MemoryError(), "not enough memory"),
        (MemoryError("Unable to allocate 16.0 GiB"), "not enough memory (Unable to allocate 16.0 GiB)"),
    ],
)
def test_every_network_of_a_task_that_broke_is_a_failed_fit(error: Exception, message: str) -> None:
    assert failure_reason(error) == message
    slump = make_experiment(
        load_bundled("concrete_slump"), ("joint",), CrossValidation(folds=2, repeats=1, seeds=1, seed=0)
    )
    task = plan_arms(slump, "torch", "cpu", "stacked")[1]
    future: Future[Any] = Future()
    future.set_exception(error)
    fits = list(_results(future, Task(slump, task, (), set()), "stacked", ScoredModels(), KeptRecords()))
    assert [(fit.network, fit.failure) for fit in fits if isinstance(fit, Fit)] == [
        (network, message) for network in task
    ]
