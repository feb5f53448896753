"""A Keras `fit` held between steps: where its thread runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from jointbench.backends.base import Backend
from jointbench.backends.registry import unavailable_reason
from jointbench.benchmarks.engine import wine_shaped_job

if sys.platform != "linux":
    pytest.skip("threads are kept on a core on Linux only", allow_module_level=True)
if reason := unavailable_reason("tensorflow"):
    pytest.skip(reason, allow_module_level=True)


def test_threads_that_drive_a_fit_share_one_core_and_nobody_else_is_kept_on_it(
    backend_named: Callable[[str], Backend],
) -> None:
    before = os.sched_getaffinity(0)
    trainer: Any = backend_named("tensorflow").trainer([wine_shaped_job(0, 1), wine_shaped_job(0, 1)], 2)
    trainer(time.perf_counter)
    cores = [os.sched_getaffinity(fit.thread.native_id) for fit in trainer.fits]
    trainer.close()
    assert cores == [{min(before)}] * 2
    assert os.sched_getaffinity(0) == before
