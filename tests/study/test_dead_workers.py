"""kill -9 of a worker, wherever it is: the failure is a record, the rest runs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import psutil
import pytest

from jointbench.benchmarks.training_steps import time_training
from jointbench.records import ColdStart, Fit, FoldRecord, Memory, NotMeasured, PlannedArm, Record, Reference, Timing
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.runtime.workers import Workers
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Experiment
from jointbench.study.profiles import profile_named
from jointbench.study.run import run

OPTIONS = RunOptions(
    profile="smoke",
    datasets=("concrete_slump", "wine_quality"),
    backends=("torch",),
    arms=("joint", "separate"),
    device="cpu",
)
DIED = "the worker process died"
WORKER = "jointbench.runtime.worker_process"


def kill_a_worker() -> bool:
    """Kills one living worker of this process; False where there is none yet."""
    for process in psutil.Process().children(recursive=True):
        if WORKER in " ".join(process.cmdline()):
            os.kill(process.pid, signal.SIGKILL)
            return True
    return False


def records_with_a_death(
    after: type[Record], config: StudyConfig, planned: list[Experiment], *, times: int = 1
) -> list[Record]:
    """The study's records, a worker being killed after a record of this kind, at the next moment that there is one."""
    return list(_killing(after, run(planned, config, lambda *_: None), times))


def _killing(after: type[Record], records: Iterator[Record], times: int) -> Iterator[Record]:
    waiting = 0
    for record in records:
        if isinstance(record, after) and times:
            waiting, times = times, 0
        if waiting and kill_a_worker():
            waiting -= 1
        yield record


def study(**changes: object) -> tuple[StudyConfig, list[Experiment]]:
    config = replace(study_config(OPTIONS), timing_seconds=0.0, references=False, jobs=1)
    return replace(config, **changes), experiments(OPTIONS, load_datasets(OPTIONS, profile_named("smoke")))  # type: ignore[arg-type]


def fits(records: list[Record]) -> tuple[list[Fit], list[Fit]]:
    """(failed, good)."""
    all_fits = [record for record in records if isinstance(record, Fit)]
    return [fit for fit in all_fits if fit.failure], [fit for fit in all_fits if not fit.failure]


@pytest.mark.parametrize(("engine", "jobs"), [("stacked", 1), ("stock", 2)])
def test_a_death_in_training_costs_the_fits_of_its_task(engine: str, jobs: int) -> None:
    config, planned = study(engine=engine, jobs=jobs)
    records = records_with_a_death(Fit, config, planned)
    failed, good = fits(records)
    assert len({fit.network.id for fit in failed + good}) == len(failed) + len(good)
    wanted = {network for record in records if isinstance(record, PlannedArm) for network in record.network_ids}
    assert {fit.network.id for fit in failed + good} == wanted
    assert failed
    assert good
    assert all(DIED in str(fit.failure) for fit in failed)
    if engine == "stock":
        assert len(failed) == 1


def test_a_death_among_the_references_is_a_record() -> None:
    config, planned = study(references=True)
    records = records_with_a_death(Reference, config, planned)
    references = [record for record in records if isinstance(record, Reference)]
    folds = [record for record in records if isinstance(record, FoldRecord)]
    assert len(references) == sum(2 * len(fold.outputs) for fold in folds)
    failed = [reference for reference in references if reference.failure]
    assert all(DIED in str(reference.failure) for reference in failed)
    assert not fits(records)[0], "networks train all the same"


@pytest.mark.slow
def test_a_death_between_two_timings_costs_nothing() -> None:
    config, planned = study(timing_seconds=6.0)
    records = records_with_a_death(ColdStart, config, planned)
    timed = [record.dataset for record in records if isinstance(record, Timing)]
    assert timed.count("concrete_slump") == timed.count("wine_quality") > 0


def test_a_death_in_timing_costs_that_datasets_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that times the first dataset is killed while it does."""
    config, planned = study(timing_seconds=6.0)
    submitted, killed = Workers.submit, []

    def submit(self: Workers, function: Callable[..., object], *words: object) -> object:
        future = submitted(self, function, *words)
        if function is time_training and not killed:
            killed.append(True)
            threading.Timer(0.1, kill_a_worker).start()  # while it times
        return future

    monkeypatch.setattr(Workers, "submit", submit)
    records = list(run(planned, config, lambda *_: None))
    timed = {record.dataset for record in records if isinstance(record, Timing)}
    reasons = [record.reason for record in records if isinstance(record, NotMeasured)]
    assert "wine_quality" in timed, "the next dataset is timed by a new worker"
    assert any(DIED in reason for reason in reasons)
    assert not fits(records)[0]
    assert [record for record in records if isinstance(record, Memory)], "what comes after runs"
