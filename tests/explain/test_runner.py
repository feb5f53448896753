"""Every question put to a small dataset in this process: an answer with numbers, in each backend."""

from __future__ import annotations

import numpy as np
import pytest

from in_process import InProcess
from jointbench.backends.registry import BACKENDS, load, unavailable_reason
from jointbench.data.catalog import load_bundled
from jointbench.explain import weighting_trial
from jointbench.explain.context import Context, networks_of
from jointbench.explain.questions import QUESTIONS
from jointbench.report.explained_views import view_of
from jointbench.study.plan import CrossValidation, Experiment, job, make_experiment
from jointbench.study.prepared_tables import prepared_split

OWN = (
    "gradient-identity",
    "one-set-of-parameters",
    "who-moves-the-trunk",
    "loss-weights",
    "weighting-methods",
    "label-efficiency",
    "churn",
)


@pytest.fixture(scope="module")
def slump() -> Experiment:
    return make_experiment(
        load_bundled("concrete_slump"),
        ("joint", "separate"),
        CrossValidation(folds=2, repeats=1, seeds=2, seed=0, max_epochs=3),
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if number else ())  # one is enough for the runner, both are slow
        for number, name in enumerate(name for name in BACKENDS if unavailable_reason(name) is None)
    ],
)
def workers(request: pytest.FixtureRequest) -> InProcess:
    return InProcess(load(request.param, "cpu", 1))


def test_every_question_is_answered_with_its_numbers(
    monkeypatch: pytest.MonkeyPatch, slump: Experiment, workers: InProcess
) -> None:
    monkeypatch.setattr(weighting_trial, "TIMING_SECONDS", 0.05)
    context = Context(workers)
    for question in (question for question in QUESTIONS if question.key in OWN):
        answer = question.ask(slump, workers.backend.name, context)
        assert (answer.key, answer.question, answer.dataset, answer.failure) == (
            question.key,
            question.text,
            "concrete_slump",
            None,
        )
        assert answer.sentence.endswith((".", "%")), answer.sentence
        assert view_of(answer, "f").tables
        assert "nan" not in answer.sentence


def test_settings_of_the_loss_weights_share_a_stack_and_a_fit_is_made_once(
    slump: Experiment, workers: InProcess
) -> None:
    """Three settings, two folds, two seeds: one stack, and what the engine gives is what the stock loop gives alone."""
    workers = InProcess(workers.backend)
    own = Context(workers)
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
