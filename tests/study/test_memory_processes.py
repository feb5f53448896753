"""The processes of the memory phase: one that is killed costs its own peak, and whoever stops waits for none."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import cast

import psutil
import pytest

from jointbench.records import Memory
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from jointbench.study.config import ScoredModels
from jointbench.study.kept import KeptRecords
from jointbench.study.memory import FAILED, footprints
from jointbench.study.plan import Plan, plan_arms

OPTIONS = RunOptions(
    profile="smoke",
    datasets=("concrete_slump",),
    arms=("joint", "separate", "separate-matched"),
    backends=("torch",),
    device="cpu",
)
MOST_SECONDS = 60.0
WORKER = "jointbench.runtime.worker_process"


def measured() -> Generator[Memory]:
    """Training in a process after the other. Nothing was trained before, so that nothing is served."""
    chosen = experiments(OPTIONS, load_datasets(OPTIONS, profile_named(OPTIONS.profile)))
    plans = [Plan(experiment, *plan_arms(experiment, "torch", "cpu", "stacked")) for experiment in chosen]
    config = replace(study_config(OPTIONS), memory_datasets=None, jobs=1)
    records = footprints(plans, config, ScoredModels(), KeptRecords(), lambda *_: None)
    return cast("Generator[Memory]", records)


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [process for process in children if WORKER in " ".join(process.cmdline())]


def next_worker() -> psutil.Process:
    deadline = time.monotonic() + MOST_SECONDS
    while not (living := workers()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return living[0]


@pytest.mark.slow
def test_a_killed_process_costs_its_own_peak() -> None:
    with closing(measured()) as records:
        first = next(records)
        os.kill(next_worker().pid, signal.SIGKILL)
        killed, last = records
    assert killed.training is None
    assert "the worker process died" in str(killed.reason)
    for record in (first, last):
        assert record.training is not None
        assert 0 < record.training.baseline <= record.training.peak
        assert record.reason == FAILED


def test_who_stops_waits_for_no_process() -> None:
    records = measured()
    began = time.monotonic()
    next(records)
    one_process = time.monotonic() - began
    next_worker()
    stopped = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        records.throw(KeyboardInterrupt)
    assert time.monotonic() - stopped < one_process, "there were two to come"
    assert workers() == []
