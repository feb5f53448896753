"""Churn: separate networks of other outputs see nothing of the new rows, and the sentence follows the changes."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.backends.base import Job
from jointbench.backends.registry import BACKENDS, load, unavailable_reason
from jointbench.data.catalog import load_bundled
from jointbench.explain import retraining
from jointbench.explain.churn import answer
from jointbench.explain.context import networks_of
from jointbench.explain.retraining import _table, decisions, new_rows, shown
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from planted_answers import retrainings

ARRAYS = ("targets", "weights", "features", "train", "validation", "test")


@pytest.fixture(scope="module")
def cars() -> Experiment:
    folds = CrossValidation(folds=3, repeats=1, seeds=2, seed=0, max_epochs=3)
    return make_experiment(load_bundled("auto_mpg"), ["joint", "separate"], folds)


def jobs(experiment: Experiment, arm: str, grown: str) -> tuple[list[Job], list[Job]]:
    """Before and after new rows for ``grown``, of the first split: every network that has another output."""
    split = experiment.splits[0]
    names = [output.name for output in experiment.dataset.outputs]
    before = _table(experiment, split, names, new_rows(split))
    after = _table(experiment, split, [name for name in names if name != grown], new_rows(split))
    networks = [
        n for n in networks_of(experiment, arm, "torch", "cpu") if n.split == split.digest and n.group != (grown,)
    ]
    return [before.job(n) for n in networks], [after.job(n) for n in networks]


@pytest.mark.parametrize("grown", ["mpg", "origin"])
def test_a_separate_network_of_another_output_sees_nothing_of_the_new_rows(cars: Experiment, grown: str) -> None:
    for old, new in zip(*jobs(cars, "separate", grown), strict=True):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(old, name), getattr(new, name))
        assert (old.loss_weights, old.seed, old.recipe) == (new.loss_weights, new.seed, new.recipe)
        assert all((old.initial[name] == new.initial[name]).all() for name in old.initial)


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(name, marks=pytest.mark.slow if number else ())
        for number, name in enumerate(name for name in BACKENDS if unavailable_reason(name) is None)
    ],
)
def test_retrained_with_the_same_seed_separate_answers_the_same_to_the_last_bit_and_joint_does_not(
    cars: Experiment, backend: str
) -> None:
    framework = load(backend, "cpu", 1)
    for arm, same in (("separate", True), ("joint", False)):
        old, new = (framework.fit_stacked(some).trained for some in jobs(cars, arm, "origin"))
        for before, after in zip(old, new, strict=True):
            assert np.array_equal(before.predictions, after.predictions) == same


def test_a_joint_network_gets_the_labels_of_the_output_that_grew_and_no_other(cars: Experiment) -> None:
    split = cars.splits[0]
    (old, *_), (new, *_) = jobs(cars, "joint", "origin")
    rows = new_rows(split)
    assert len(new.train) - len(old.train) == len(rows) == round(retraining.NEW * len(split.train))
    assert old.weights[rows].sum() == 0
    grown = cars.columns(["origin"])
    assert (new.weights[rows][:, grown] == 1).all()
    assert new.weights[rows].sum() == len(rows)
    np.testing.assert_array_equal(new.validation, old.validation)


def test_decisions_are_the_more_probable_class() -> None:
    assert decisions(shown(np.array([[-0.1], [0.1]], np.float32), "binary")).tolist() == [0, 1]
    assert decisions(shown(np.array([[1, 2, 0], [3, 2, 0]], np.float32), "multiclass")).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("same_seed", "words"),
    [(0.6, "less far than another seed does"), (1.15, "about as far as another seed does"), (3.0, "further than")],
)
def test_the_sentence_follows_the_changes(same_seed: float, words: str) -> None:
    reply = answer(retrainings(("a", "b", "c"), same_seed, np.random.default_rng(0)), "d", "torch")
    assert words in reply.sentence
    assert "with the same seed exactly 0 changes" in reply.sentence
    assert f"flips {same_seed / 20:.1%}" in reply.sentence
    assert reply.numbers["separate_moved_same_seed"] == 0
    assert reply.numbers["separate_moved_another_seed"] == pytest.approx(1.2, abs=0.02)
