"""A Keras `fit` paused between steps: where its thread runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from jointbench.backends.protocols import Backend
from jointbench.backends.registry import unavailable_reason
from jointbench.benchmarks.engine import wine_shaped_job

if sys.platform != "linux":
    pytest.skip("threads are kept on a core on Linux only", allow_module_level=True)
if reason := unavailable_reason("tensorflow"):
    pytest.skip(reason, allow_module_level=True)


def test_the_threads_of_fits_share_one_core_and_the_main_thread_is_not_pinned(
    backend_named: Callable[[str], Backend],
) -> None:
    before = os.sched_getaffinity(0)
    trainer: Any = backend_named("tensorflow").trainer([wine_shaped_job(0, 1), wine_shaped_job(0, 1)], 2)
    trainer(time.perf_counter)
    cores = [os.sched_getaffinity(fit.thread.native_id) for fit in trainer.fits]
    trainer.close()
    assert cores == [{min(before)}] * 2
    assert os.sched_getaffinity(0) == before
