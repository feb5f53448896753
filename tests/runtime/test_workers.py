"""What breaks in a worker becomes a record that says so."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from jointbench.data.catalog import load_bundled
from jointbench.records import Fit
from jointbench.runtime.workers import why_failed
from jointbench.study.config import Kept
from jointbench.study.plan import Sizes, assemblies, subject
from jointbench.study.training import _results


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenProcessPool("gone"), "the worker process died (out of memory?)"),
        (RuntimeError("CUDA out of memory\ntried 3 GiB"), "RuntimeError: CUDA out of memory"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_every_network_of_a_task_that_broke_is_a_failed_fit(error: Exception, said: str) -> None:
    assert why_failed(error) == said
    slump = subject(load_bundled("concrete_slump"), ("joint",), Sizes(2, 1, 1, 0))
    task = assemblies(slump, "torch", "cpu", "stacked")[1]
    future: Future[Any] = Future()
    future.set_exception(error)
    fits = list(_results(future, slump, set(), task, "stacked", Kept()))
    assert [(fit.network, fit.failure) for fit in fits if isinstance(fit, Fit)] == [(network, said) for network in task]
