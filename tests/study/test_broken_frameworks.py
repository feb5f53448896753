"""A framework that is installed and cannot be imported: not a dead worker, but the reason why nothing ran."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jointbench.errors import CannotLoad, DidNotFinish
from jointbench.records import FoldRecord, NotMeasured, PlannedArm, Record
from jointbench.runtime import workers
from jointbench.study.config import StudyConfig
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, make_experiment, plan_arms
from jointbench.study.run import steps, unheard
from trained_records import TORCH_STUDY, table

REASON = "torch cannot be loaded (ImportError: libcudart.so.12: cannot open shared object file)"


def broken(*setup: Any) -> None:
    """Starts a worker whose framework lacks a library."""

    def load(*_: object) -> None:
        raise ImportError("libcudart.so.12: cannot open shared object file")

    workers.load = load  # type: ignore[assignment]  # in the worker
    workers._start(*setup)


@pytest.fixture(autouse=True)
def _torch_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_start", broken)


def experiment() -> Experiment:
    x = np.random.default_rng(0).normal(size=(60, 3))
    sizes = CrossValidation(folds=2, repeats=1, seeds=1, seed=0, max_epochs=2)
    return make_experiment(table(x, {"y": x[:, 0], "z": x[:, 1]}), ["joint", "separate"], sizes)


def records_of(config: StudyConfig, there: list[Record]) -> list[Record]:
    new = steps([experiment()], config, (lambda *_: None, unheard), kept_records(there))
    return [record for step in new for record in step]


def test_it_is_said_once_and_not_as_a_dead_worker(capfd: pytest.CaptureFixture[str]) -> None:
    records = records_of(TORCH_STUDY, [])
    assert [record for record in records if not isinstance(record, FoldRecord)] == [
        NotMeasured("table", "torch", "cpu", REASON)
    ]
    assert "Traceback" not in "".join(capfd.readouterr())
    assert records_of(TORCH_STUDY, records) == []


def test_a_run_that_had_begun_before_stops_and_can_go_on_once_that_is_mended() -> None:
    """A record of a failure is never taken back, so there must be none."""
    arms: list[Record] = list(plan_arms(experiment(), "torch", "cpu", "stacked")[0])
    assert all(isinstance(record, PlannedArm) for record in arms)
    config = replace(TORCH_STUDY, jobs=1)
    with pytest.raises(CannotLoad, match="torch cannot be loaded") as caught:
        records_of(config, [*records_of(config, []), *arms])
    assert isinstance(caught.value, DidNotFinish)
