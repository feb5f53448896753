"""When no network could be trained, a question's answer is the reason why, whichever question it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from jointbench.backends.base import Job, Stacked, Trained, TrunkGramians
from jointbench.data.catalog import load_bundled
from jointbench.explain import runner, weighting_trial
from jointbench.explain.answer import Answer
from jointbench.explain.answer_store import Explained
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.questions import chosen
from jointbench.report.explained_page import render_answers
from jointbench.study.plan import CrossValidation, Experiment, make_experiment

REASON = "the loss is not finite in epoch 1"
TRAINING = (
    "who-moves-the-trunk",
    "loss-weights",
    "weighting-methods",
    "representations",
    "probes",
    "regression-losses",
    "transfer",
    "label-efficiency",
    "churn",
)


def trained(job: Job, failure: str | None) -> Trained:
    """What training gave: the initial weights, and predictions that differ between networks."""
    outputs, units = len(job.architecture.heads), sum(head[-1].units for head in job.architecture.heads)
    rng = np.random.default_rng(job.seed)
    return Trained(
        epochs=1,
        best_epoch=0,
        steps=3,
        rows_seen=len(job.train),
        epoch_seconds=np.ones(1),
        stopped_by="the loss is not finite" if failure else "patience",  # type: ignore[arg-type]  # a literal
        train_loss=np.ones((1, outputs)),
        validation_loss=np.ones((1, outputs)),
        predictions=rng.normal(size=(len(job.test), units)).astype(np.float32),
        checkpoints=(dict(job.initial),),
        failure=failure,
    )


class Untaken:
    """Stands in for a trainer that is timed."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, _: object) -> float:
        return 1e-3

    def close(self) -> None:
        """Nothing runs behind it."""


class Failing:
    """Stands in for worker processes and their backend. fails: whether a job's training breaks off."""

    device = "cpu"
    name = "torch"

    def __init__(self, fails: Callable[[Job], bool]) -> None:
        self.fails = fails

    @property
    def diagnostics(self) -> Failing:
        return self

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(self, *args))
        except Exception as error:  # noqa: BLE001 - a worker hands every error back
            future.set_exception(error)
        return future

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        return Stacked(tuple(trained(job, REASON if self.fails(job) else None) for job in jobs), len(jobs), 1)

    def fit(self, job: Job) -> Trained:
        return trained(job, REASON if self.fails(job) else None)

    def trainer(self, jobs: Sequence[Job], steps: int) -> Untaken:
        return Untaken(steps)

    def trunk_gramians(self, task: Job, steps: Sequence[int], _: Any) -> TrunkGramians:
        outputs = len(task.architecture.heads)
        return TrunkGramians(*(np.stack([np.eye(outputs)] * len(steps)),) * 2)

    def activations(self, networks: Sequence[tuple[Any, Any]], rows: Any) -> list[list[Any]]:
        return [[rows[:, :3] for _ in (*a.convs, *a.trunk)] for a, _ in networks]


@pytest.fixture(scope="module")
def slump() -> Experiment:
    folds = CrossValidation(folds=3, repeats=1, seeds=2, seed=0, max_epochs=2)
    return make_experiment(load_bundled("concrete_slump"), ("joint", "separate"), folds)


def answers(monkeypatch: pytest.MonkeyPatch, slump: Experiment, fails: Callable[[Job], bool]) -> dict[str, Answer]:
    monkeypatch.setattr(weighting_trial, "TIMING_SECONDS", 0.0)
    monkeypatch.setattr(runner, "Workers", lambda *_, **__: nullcontext(Failing(fails)))
    asked = runner.answer_all([slump], ["torch"], "cpu", 1, chosen(TRAINING), lambda *_: None)
    return {answer.key: answer for answer in asked}


def test_when_every_fit_failed_every_answer_names_the_first_reason(
    monkeypatch: pytest.MonkeyPatch, slump: Experiment
) -> None:
    failed = answers(monkeypatch, slump, lambda job: True)
    assert set(failed) == set(TRAINING)
    for key, answer in failed.items():
        assert answer.failure is not None, key
        assert REASON in answer.failure, (key, answer.failure)
        assert "Error" not in answer.failure, (key, answer.failure)
        assert (answer.sentence, answer.data) == ("", None)
    for key in set(TRAINING) - {"who-moves-the-trunk"}:
        assert "all " in str(failed[key].failure), failed[key].failure


def test_when_one_kind_of_network_failed_the_reason_is_not_the_folds(
    monkeypatch: pytest.MonkeyPatch, slump: Experiment
) -> None:
    """Without a joint network nothing can be compared with the separate ones, however many folds there are."""
    failed = answers(monkeypatch, slump, lambda job: len(job.architecture.heads) > 1)
    representations = failed["representations"].failure
    assert representations is not None
    assert REASON in representations
    assert "6 of 24 fits failed" in representations
    assert "--folds" not in representations


def test_no_answer_holds_what_is_not_a_number(monkeypatch: pytest.MonkeyPatch, slump: Experiment) -> None:
    """Where the separate networks failed, sentences leave them out."""
    partial = answers(monkeypatch, slump, lambda job: len(job.architecture.heads) == 1)
    assert partial["who-moves-the-trunk"].sentence.endswith("mean skill over the outputs: not measured.")
    for answer in partial.values():
        assert "nan" not in answer.sentence, answer.sentence
    assert render_answers(Explained(2, "c", tuple(partial.values())), {}).count("<h4") == len(TRAINING)


def test_lost_fits_in_words() -> None:
    assert lost_fits([None, None]) == ""
    assert lost_fits([]) == ""
    assert lost_fits([None, "a", "b"]) == "2 of 3 fits failed, the first because: a"
    assert lost_fits(["a", "b"]) == "all 2 fits failed, the first because: a"
