"""Label efficiency: which labels are left out, and what it says of tasks where the answer is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from in_process import InProcess
from jointbench.backends.registry import load
from jointbench.data.catalog import load_bundled
from jointbench.explain import label_learning
from jointbench.explain.context import Context
from jointbench.explain.label_efficiency import LabelEfficiency, answer, ask
from jointbench.explain.label_learning import SHARES, hidden_rows, recipe_of_share
from jointbench.explain.skill import skills, split_keys
from jointbench.networks.recipes import default_recipe
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.types import Dataset, Output, Provenance, Recipe, Shape
from planted_answers import label_curves

FOLDS = CrossValidation(folds=3, repeats=1, seeds=2, seed=0)


def planted(related: bool) -> Experiment:
    """Two numbers from eight features: one is the other's negative, or both are of their own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(360, 8))
    first = np.tanh(x[:, 0] + x[:, 1]) * 2 + x[:, 2] * x[:, 3]
    second = -first if related else np.tanh(x[:, 4] + x[:, 5]) * 2 + x[:, 6] * x[:, 7]
    noise = 0.1 * rng.normal(size=(2, len(x)))
    data = Dataset(
        slug="planted",
        title="planted",
        features=pd.DataFrame(x, columns=list("abcdefgh")),
        targets={"first": first + noise[0], "second": second + noise[1]},
        outputs=(Output("first", "regression"), Output("second", "regression")),
        provenance=Provenance("made", "none", "none", str(related)),
        shape=Shape((16, 16)),
        recipe=Recipe(optimizer="adam", learning_rate=1e-2, batch_size=16, max_epochs=30, patience=8),
    )
    return make_experiment(data, ["joint", "separate"], FOLDS)


@pytest.fixture(scope="module")
def related() -> Experiment:
    return planted(related=True)


def test_related_outputs_share_where_labels_are_few(related: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_learning, "SHARES", (0.1, 1.0))
    monkeypatch.setattr(label_learning, "MAX_OUTPUTS", 1)
    context = Context(InProcess(load("torch", "cpu", 1)))
    reply = ask(related, "torch", context)
    assert isinstance(reply.data, LabelEfficiency)
    few, many = reply.data.curves[0].points
    assert (few.labels, many.labels) == (24, 240)
    assert few.gain is not None
    assert many.gain is not None
    assert few.gain.low > 0.05
    assert few.gain.value > 3 * abs(many.gain.value)
    assert reply.sentence.startswith("Share "), reply.sentence
    assert "of first" in reply.sentence
    shared = [fit for fit in context.fits_by_id.values() if len(fit.network.group) == 2]
    assert many.joint == pytest.approx(skills(related, shared, split_keys(related))["first"].mean())


def test_smaller_shares_are_parts_of_larger_ones_and_test_rows_keep_their_labels(related: Experiment) -> None:
    split = related.splits[1]
    hidden = [set(hidden_rows(related, "first", share, split, seed=5).tolist()) for share in SHARES]
    assert all(larger <= smaller for smaller, larger in pairwise(hidden))
    assert hidden[-1] == set()
    assert not hidden[0] & set(split.test.tolist())
    labelled = len(split.train) + len(split.validation)
    assert [labelled - len(rows) for rows in hidden] == pytest.approx([share * labelled for share in SHARES], abs=1)
    assert hidden[0] != set(hidden_rows(related, "first", SHARES[0], split, seed=6).tolist())


def test_every_class_keeps_a_training_label() -> None:
    flags = make_experiment(load_bundled("auto_mpg"), ["joint"], FOLDS)
    split, values = flags.splits[0], flags.dataset.targets["origin"]
    hidden = hidden_rows(flags, "origin", 0.05, split, seed=1)
    assert set(values[np.setdiff1d(split.train, hidden)]) == set(values)


def test_a_separate_network_is_trained_as_a_table_of_its_labels() -> None:
    whole = make_experiment(load_bundled("wine_quality"), ["joint"], replace(FOLDS, max_rows=5_000))
    assert recipe_of_share(whole, 0.1) == default_recipe(500, image=False) != whole.recipe
    short = make_experiment(load_bundled("wine_quality"), ["joint"], replace(FOLDS, max_rows=5_000, max_epochs=7))
    assert recipe_of_share(short, 0.1).max_epochs == 70


def test_a_recipe_of_the_datasets_own_stays_but_may_take_as_many_steps(related: Experiment) -> None:
    assert recipe_of_share(related, 0.05) == replace(related.recipe, max_epochs=20 * 30, patience=20 * 8)


def test_over_two_splits_nothing_is_decided() -> None:
    curves = label_curves(("a",), (0.2, 0.1, 0.0, -0.1), np.random.default_rng(0))
    reply = answer(replace(curves, splits=2), "d", "torch")
    assert reply.sentence.startswith("Undecided for a, over so few splits: ")
    assert "at least 3 --folds" in reply.sentence


@pytest.mark.parametrize(
    ("gains", "start"),
    [
        ((0.2, 0.1, 0.0, -0.1), "Share below about 9"),
        ((0.2, 0.2, 0.1, 0.1), "Share a at every number of labels tried, 25 to 200"),
        ((-0.1, -0.2, -0.1, -0.1), "Train a alone at every number of labels tried, 25 to 200"),
        (
            (0.0, 0.0, -0.1, 0.0),
            "Sharing does not pay for a at any number of labels tried, 25 to 200, and costs skill at some",
        ),
        ((-0.1, 0.0, 0.1, 0.2), "Sharing costs skill for a with 25 labels; with 200 it pays"),
    ],
)
def test_the_sentence_follows_the_gains(gains: tuple[float, ...], start: str) -> None:
    reply = answer(label_curves(("a",), gains, np.random.default_rng(0)), "d", "torch")
    assert reply.sentence.startswith(start), reply.sentence


def test_what_noise_hides_is_undecided() -> None:
    curves = label_curves(("a",), (0.02, 0.02, 0.01, 0.0), np.random.default_rng(0))
    (curve,) = curves.curves
    noise = np.random.default_rng(1).normal(size=curve.joint.shape)
    reply = answer(replace(curves, curves=(replace(curve, joint=curve.joint + noise),)), "d", "torch")
    assert reply.sentence.startswith("Sharing is undecided for a with 25 labels and with 200"), reply.sentence


def test_too_few_splits_are_a_failure_that_says_the_way_out() -> None:
    curves = label_curves(("a",), (0.2, 0.1), np.random.default_rng(0))
    (curve,) = curves.curves
    lost = replace(curves, curves=(replace(curve, joint=np.full_like(curve.joint, np.nan)),))
    reply = answer(lost, "d", "torch")
    assert reply.failure is not None
    assert reply.failure.endswith("ask for more with --folds")
