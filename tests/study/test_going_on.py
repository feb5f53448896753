"""A study that was cut off anywhere goes on to the records that it would have come to, and does nothing twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from in_process import InProcess
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.outlook import Outlook
from jointbench.errors import BadInput
from jointbench.records import Fit, Memory, PlannedArm, Record, Reference, Stack, Timing
from jointbench.records.references import References
from jointbench.records.store import from_line, to_line
from jointbench.study.config import StudyConfig
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.run import run, steps, unheard
from jointbench.types import Engine
from trained_records import table, torch_backend
from without_clocks import timed, unclocked

OPEN = VerdictCriteria(rope=1e-9, probability=0.9999)
TRAINED: list[int] = []  # networks that each task had


class Counted(InProcess):
    """Workers in this process that say what they trained."""

    def submit(self, function: Any, *args: Any, **words: Any) -> Future[Any]:
        if function.__name__ in ("_fit_stacked", "_fit_stock"):
            TRAINED.append(len(args[0]))
        return super().submit(function, *args, **words)


class Called:
    """Stands in for the processes of the reference models."""

    def __init__(self, *_: object) -> None: ...

    def submit(self, function: Any, *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*args))
        return future

    def __enter__(self) -> Called:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("early_workers", "run", "timing", "memory"):
        monkeypatch.setattr(f"jointbench.study.{module}.Workers", lambda *_, **__: Counted(torch_backend()))
    monkeypatch.setattr("jointbench.study.references.Processes", Called)
    hopeful = Outlook(None, undecidable=False, rows=None)
    monkeypatch.setattr("jointbench.study.rounds.outlook", lambda *_, **__: hopeful)
    TRAINED.clear()


def experiment(seed: int = 0, max_epochs: int = 2) -> Experiment:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(72, 3))
    sizes = CrossValidation(folds=3, repeats=1, seeds=1, seed=seed, max_epochs=max_epochs)
    return make_experiment(table(x, {"y": x[:, 0], "z": x[:, 1] + rng.normal(size=72)}), ["joint", "separate"], sizes)


def config(
    timing: float = 0.0, rounds: int = 2, seconds: float = math.inf, engine: Engine = "stacked", threads: int = 1
) -> StudyConfig:
    return StudyConfig(
        backends=("torch", "external"),
        devices=("cpu",),
        engine=engine,
        jobs=1,
        threads=1,
        batch_sizes=(1,),
        timing_seconds=timing,
        thread_counts=tuple(range(1, threads + 1)),
        rounds=rounds,
        training_seconds=seconds,
        criteria=OPEN,
    )


@pytest.fixture(autouse=True)
def _one_backend_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = {"external": "not installed"}
    for module in ("run", "early_workers"):
        monkeypatch.setattr(f"jointbench.study.{module}.unavailable_reason", reasons.get)


def gone_on(planned: Experiment, config: StudyConfig, there: Sequence[Record]) -> list[Record]:
    """All records in the end, as they would stand in the file."""
    read = [from_line(to_line(record)) for record in there]
    new = steps([planned], config, (lambda *_: None, unheard), kept_records(read))
    return [*read, *(record for step in new for record in step)]


def check_belongs_together(records: Sequence[Record]) -> None:
    """Raises ValueError where something is there twice, or before what it refers to."""
    references = References()
    for record in records:
        references.add(record)


@pytest.mark.parametrize("engine", ["stacked", "stock"])
def test_cut_off_after_any_record_it_comes_to_the_same_end(engine: Engine) -> None:
    planned, study = experiment(), config(engine=engine)
    whole = list(run([planned], study, lambda *_: None))
    assert sum(isinstance(record, PlannedArm) for record in whole) == 4, "two rounds"
    expected = unclocked(whole)
    for cut in range(0, len(whole) + 1, 7 if engine == "stacked" else 9):
        TRAINED.clear()
        records = gone_on(planned, study, whole[:cut])
        assert unclocked(records) == expected, f"after {cut} records"
        check_belongs_together(records)
        there = sum(isinstance(record, Fit) for record in whole[:cut])
        assert bool(TRAINED) == any(isinstance(record, Fit) for record in whole[cut:])
        if engine == "stock":
            assert sum(TRAINED) == sum(isinstance(record, Fit) for record in whole) - there


def test_cut_off_in_timing_it_times_what_is_missing() -> None:
    planned, study = experiment(), config(timing=8.0, rounds=1, threads=2)
    pieces = [list(piece) for piece in steps([planned], study, (lambda *_: None, unheard), kept_records(()))]
    whole = [record for piece in pieces for record in piece]
    assert {record.threads for record in whole if isinstance(record, Timing)} == {1, 2}
    first = next(i for i, piece in enumerate(pieces) if isinstance(piece[-1], Timing | Memory) or len(piece) > 1)
    for cut in range(first, len(pieces) + 1):
        TRAINED.clear()
        there = [record for piece in pieces[:cut] for record in piece]
        records = gone_on(planned, study, there)
        assert unclocked(records) == unclocked(whole)
        assert set(timed(records)) == set(timed(whole))
        assert max(timed(records).values()) == 1
        check_belongs_together(records)
        weighed = sum(isinstance(record, Memory) for record in there)
        assert bool(TRAINED) == (weighed < 2), "weights are in no record, so what is timed is trained again"


def test_a_failure_stays_a_failure() -> None:
    """The fits of a worker that died, and a reference model that could not be fitted."""
    planned, study = experiment(), config(rounds=1)
    whole = list(run([planned], study, lambda *_: None))
    TRAINED.clear()
    died = [
        Fit(network=record.network, failure="the worker process died") if isinstance(record, Fit) else record
        for record in whole
        if not isinstance(record, Stack)
    ]
    assert unclocked(gone_on(planned, study, died)) == unclocked(died)
    assert not TRAINED
    failed = next(record for record in whole if isinstance(record, Reference))
    there = [*whole[: whole.index(failed)], Reference(**{**_fields(failed), "score": None, "failure": "it failed"})]
    assert sum(unclocked(gone_on(planned, study, there)).values()) == sum(unclocked(whole).values())


def _fields(record: Reference) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("dataset", "repeat", "fold", "model", "output", "score")}


def test_a_round_that_was_begun_goes_on_whatever_the_budget_says() -> None:
    planned, whole_config = experiment(), config()
    whole = list(run([planned], whole_config, lambda *_: None))
    last = [i for i, record in enumerate(whole) if isinstance(record, PlannedArm)][-1]
    records = gone_on(planned, config(seconds=0.0), whole[: last + 1])
    assert unclocked(records) == unclocked(whole)


def test_what_was_spent_is_spent() -> None:
    """Going on with a study does not give it a new budget."""
    planned = experiment()
    first = list(run([planned], config(rounds=1), lambda *_: None))
    assert len([r for r in gone_on(planned, config(seconds=1e-6), first) if isinstance(r, PlannedArm)]) == 2
    assert len([r for r in gone_on(planned, config(seconds=1e6), first) if isinstance(r, PlannedArm)]) == 4


def test_records_of_another_study_are_refused() -> None:
    study = config(rounds=1)
    whole = list(run([experiment()], study, lambda *_: None))
    for changes, words in (
        ({"seed": 7}, "other rows in repeat 0, fold 0"),
        ({"max_epochs": 3}, "other networks than those of arm joint"),
    ):
        with pytest.raises(BadInput, match=words):
            gone_on(experiment(**changes), study, whole)
