"""Every question put to a small dataset in this process: an answer with numbers, in each backend."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from jointbench.backends.base import Backend
from jointbench.backends.registry import BACKENDS, load, unavailable_reason
from jointbench.data.catalog import load_bundled
from jointbench.explain import weighting_trial
from jointbench.explain.context import Context, networks_of
from jointbench.explain.questions import QUESTIONS
from jointbench.report.explained_views import view_of
from jointbench.study.plan import CrossValidation, Experiment, job, make_experiment, prepared_split

OWN = ("gradient-identity", "one-set-of-parameters", "who-moves-the-trunk", "loss-weights", "weighting-methods")


@dataclass
class InProcess:
    """Stands in for the worker processes: calls at once, and keeps how many jobs each call was handed."""

    backend: Backend
    stacks: list[int] = field(default_factory=list)
    device = "cpu"

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        if function.__name__ == "_fit_stacked":
            self.stacks.append(len(args[0]))
        future: Future[Any] = Future()
        future.set_result(function(self.backend, *args))
        return future


@pytest.fixture(scope="module")
def slump() -> Experiment:
    return make_experiment(
        load_bundled("concrete_slump"),
        ("joint", "separate"),
        CrossValidation(folds=2, repeats=1, seeds=2, seed=0, max_epochs=3),
    )


@pytest.fixture(scope="module", params=[name for name in BACKENDS if unavailable_reason(name) is None])
def context(request: pytest.FixtureRequest) -> Context:
    return Context(InProcess(load(request.param, "cpu", 1)))  # type: ignore[arg-type]  # what it does is submit


def test_every_question_is_answered_with_its_numbers(
    monkeypatch: pytest.MonkeyPatch, slump: Experiment, context: Context
) -> None:
    monkeypatch.setattr(weighting_trial, "TIMING_SECONDS", 0.05)
    backend = context.workers.backend.name  # type: ignore[attr-defined]  # the one in this process
    for question in (question for question in QUESTIONS if question.key in OWN):
        answer = question.ask(slump, backend, context)
        assert (answer.key, answer.question, answer.dataset, answer.failure) == (
            question.key,
            question.text,
            "concrete_slump",
            None,
        )
        assert answer.sentence.endswith((".", "%")), answer.sentence
        assert view_of(answer, "f").tables
        assert "nan" not in answer.sentence


def test_settings_of_the_loss_weights_share_a_stack_and_a_fit_is_made_once(slump: Experiment, context: Context) -> None:
    """Three settings, two folds, two seeds: one stack, and what the engine gives is what the stock loop gives alone."""
    workers = InProcess(context.workers.backend)  # type: ignore[attr-defined]  # the one in this process
    own = Context(workers)  # type: ignore[arg-type]  # what it does is submit
    name = workers.backend.name
    weights = ((), (16.0, 1.0, 1.0), (1.0, 4.0, 4.0))
    networks = [
        network for loss_weights in weights for network in networks_of(slump, "joint", name, "cpu", loss_weights)
    ]
    fits = own.fits(slump, networks)
    assert workers.stacks == [12]
    assert own.fits(slump, networks_of(slump, "joint", name, "cpu", (1.0, 1.0, 1.0))) == fits[:4]
    assert workers.stacks == [12]
    fifth = networks[4]
    assert fifth.recipe.loss_weights == (("slump", 16.0),)
    prepared = prepared_split(slump, fifth.repeat, fifth.fold)
    alone = workers.backend.fit(job(slump, fifth, prepared))
    no_skill = np.array(prepared.no_skill)
    np.testing.assert_allclose(fits[4].validation_loss, alone.validation_loss / no_skill, rtol=1e-3)
    assert not np.allclose(fits[4].validation_loss, fits[0].validation_loss, rtol=1e-2)
