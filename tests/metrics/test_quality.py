"""Scores: the one scale on which joint is compared with separate, and the metrics that people read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.dummy import DummyRegressor

from jointbench.metrics.quality import no_skill_error, no_skill_loss, score
from jointbench.metrics.row_losses import class_frequencies, log_probabilities
from jointbench.types import Output

Floats = npt.NDArray[np.float64]
NUMBER = Output("number", "regression")
BINARY = Output("binary", "binary", ("n", "y"))
THREE = Output("three", "multiclass", ("p", "q", "r"))
PAIR = Output("pair", "multiclass", ("p", "q"))


def skill(output: Output, train: Floats, test: Floats, predicted: Floats) -> float:
    no_skill = no_skill_error(output, train, test)
    return 1 - score(output, test, predicted, no_skill).error / no_skill


def draw(output: Output, rows: int, seed: int, share: tuple[float, ...] = (0.6, 0.3, 0.1)) -> Floats:
    rng = np.random.default_rng(seed)
    if output.kind == "regression":
        return rng.normal(300, 40, rows)
    classes = len(output.classes)
    p = np.array(share[:classes]) / sum(share[:classes])
    return rng.choice(classes, rows, p=p).astype(float)


def no_skill_prediction(output: Output, train: Floats, rows: int) -> Floats:
    """The training mean, or the logits of the smoothed training frequencies, for every row."""
    if output.kind == "regression":
        return np.full(rows, train.mean())
    counts = np.array([(train == code).sum() + 1 for code in range(len(output.classes))])
    log_share = np.log(counts / counts.sum())
    return np.tile(log_share[1:] - log_share[:1] if output.units == 1 else log_share, (rows, 1))


def perfect_prediction(output: Output, test: Floats) -> Floats:
    if output.kind == "regression":
        return test.copy()
    if output.units == 1:
        return np.where(test == 1, 60.0, -60.0)[:, None]
    return np.where(test[:, None] == np.arange(output.units), 60.0, -60.0)


@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE, PAIR], ids=lambda output: output.name)
def test_no_skill_is_zero_and_perfect_is_one(output: Output) -> None:
    """The two ends of the scale on which every verdict is given."""
    train, test = draw(output, 200, 0), draw(output, 60, 1)
    assert skill(output, train, test, no_skill_prediction(output, train, 60)) == pytest.approx(0, abs=1e-12)
    assert skill(output, train, test, perfect_prediction(output, test)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("output", [NUMBER, BINARY, THREE], ids=lambda output: output.name)
def test_worse_than_no_skill_is_negative(output: Output) -> None:
    train, test = draw(output, 200, 0), draw(output, 60, 1)
    wrong = -perfect_prediction(output, test)
    assert skill(output, train, test, wrong) < -1


def test_skill_of_a_number_is_scikit_learns_dummy_beaten() -> None:
    train, test = draw(NUMBER, 100, 0), draw(NUMBER, 40, 1)
    predicted = test + draw(NUMBER, 40, 2) - 300
    dummy = DummyRegressor().fit(np.zeros((100, 1)), train).predict(np.zeros((40, 1)))
    expected = 1 - metrics.mean_squared_error(test, predicted) / metrics.mean_squared_error(test, dummy)
    assert skill(NUMBER, train, test, predicted) == pytest.approx(expected)


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=2, max_size=30),
    st.floats(1e-3, 1e4),
)
def test_numbers_are_scored_as_scikit_learn_scores_them(pairs: list[tuple[float, float]], no_skill: float) -> None:
    observed, predicted = np.array(pairs).T
    assume(observed.std() > 1e-3)
    result = score(NUMBER, observed, predicted, no_skill)
    mse = metrics.mean_squared_error(observed, predicted)
    assert result.output == "number"
    assert result.error == pytest.approx(mse)
    assert result.metrics == pytest.approx(
        {
            "rmse": metrics.root_mean_squared_error(observed, predicted),
            "mae": np.abs(observed - predicted).mean(),
            "r2": metrics.r2_score(observed, predicted),
            "rrmse": (mse / no_skill) ** 0.5,
        }
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([BINARY, THREE]), st.integers(8, 60), st.floats(0.1, 4))
def test_classes_are_scored_as_scikit_learn_scores_them(seed: int, output: Output, rows: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    observed = draw(output, rows, seed, (0.4, 0.4, 0.2))
    assume(len(set(observed)) == len(output.classes))
    logits = rng.normal(0, spread, (rows, output.units))
    if output.units == 1:
        shares = 1 / (1 + np.exp(np.concatenate([logits, -logits], axis=1)))
        auc = metrics.roc_auc_score(observed, logits[:, 0])
    else:
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        auc = np.mean([metrics.roc_auc_score(observed == code, shares[:, code]) for code in range(3)])
    guess = shares.argmax(axis=1)
    report = metrics.classification_report(observed, guess, output_dict=True, zero_division=0)
    result = score(output, observed, logits, 1.0)
    ranked = [(observed == 1, shares[:, 1])] if output.units == 1 else [(observed == c, shares[:, c]) for c in range(3)]
    brier = metrics.brier_score_loss(observed, shares, scale_by_half=False)
    assert result.error == pytest.approx(brier, rel=1e-9)
    assert result.metrics == pytest.approx(
        {
            "log_loss": metrics.log_loss(observed, shares),
            "brier": brier,
            "calibration_error": expected_calibration_error(observed, shares),
            "accuracy": (guess == observed).mean(),
            "balanced_accuracy": np.mean([(guess[observed == c] == c).mean() for c in range(len(output.classes))]),
            "macro_f1": report["macro avg"]["f1-score"],
            "roc_auc": auc,
            "average_precision": np.mean([metrics.average_precision_score(*pair) for pair in ranked]),
        },
        rel=1e-9,
    )


def expected_calibration_error(observed: Floats, shares: Floats) -> float:
    """As Guo et al. (2017) write it, one bin after the other."""
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == observed
    edges = np.linspace(0, 1, 16)
    total = 0.0
    for low, high in pairwise(edges):
        inside = (sure >= low) & ((sure < high) | (high == 1.0))
        if inside.any():
            total += inside.sum() / len(sure) * abs(right[inside].mean() - sure[inside].mean())
    return total


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=25))
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[bool, int]]) -> None:
    """By brute force over all pairs of a positive and a negative, a tie counting half."""
    positive = [value for label, value in rows if label]
    negative = [value for label, value in rows if not label]
    assume(positive and negative)
    right = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative) / (len(positive) * len(negative))
    observed = np.array([float(label) for label, _ in rows])
    logits = np.array([[float(value)] for _, value in rows])
    assert score(BINARY, observed, logits, 1.0).metrics["roc_auc"] == pytest.approx(right)


def test_two_classes_asked_for_as_multiclass_are_scored_as_the_same_two_classes_as_binary() -> None:
    """`--target type:multiclass` on two classes: two logits instead of one, and the same numbers."""
    rng = np.random.default_rng(0)
    observed, logits = draw(PAIR, 50, 0), rng.normal(size=(50, 2))
    pair = score(PAIR, observed, logits, 1.0)
    binary = score(BINARY, observed, logits[:, 1:] - logits[:, :1], 1.0)
    assert pair.error == pytest.approx(binary.error)
    assert pair.metrics == pytest.approx(binary.metrics)


@pytest.mark.parametrize("size", [50.0, 1e3, 1e30, 1e300])
def test_extreme_logits_stay_finite_and_cost_what_they_should(size: float) -> None:
    """A network that is very sure and wrong costs about its logit in log loss, not infinity or not-a-number, and 2 in
    Brier score."""
    observed = np.array([0.0, 1.0, 0.0, 1.0])
    sure = np.array([[-size], [size], [size], [-size]])
    result = score(BINARY, observed, sure, 1.0)
    assert result.metrics["log_loss"] == score(replace(BINARY, metric="log"), observed, sure, 1.0).error
    assert result.metrics["log_loss"] == pytest.approx(size / 2)
    assert result.error == pytest.approx(2 / 2)
    wide = score(THREE, np.array([0.0, 1.0, 2.0]), np.array([[size, 0, 0], [0, 0, size], [0, 0, size]]), 1.0)
    assert wide.metrics["log_loss"] == pytest.approx(size / 3)
    assert wide.error == pytest.approx(2 / 3)
    assert all(value is not None and np.isfinite(value) for value in (*result.metrics.values(), *wide.metrics.values()))


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=10))
def test_log_probabilities_are_those_of_the_logistic_function(logits: list[float]) -> None:
    both = log_probabilities(np.array(logits)[:, None])
    assert both.shape == (len(logits), 2)
    assert np.exp(both).sum(axis=1) == pytest.approx(1)
    assert both[:, 1] - both[:, 0] == pytest.approx(logits, abs=1e-9)


def test_one_logit_is_the_difference_of_two() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (40, 2))
    assert log_probabilities(logits) == pytest.approx(log_probabilities(logits[:, 1:] - logits[:, :1]))


def test_a_common_shift_of_logits_changes_nothing() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (40, 3))
    assert log_probabilities(logits + 1e4) == pytest.approx(log_probabilities(logits), abs=1e-9)


@pytest.mark.parametrize("output", [BINARY, THREE], ids=lambda output: output.name)
def test_a_class_that_training_never_had_is_unlikely_and_not_impossible(output: Output) -> None:
    """One pseudo-count a class: 1 in rows + classes. Otherwise one rare test row makes the no-skill error infinite."""
    absent = float(len(output.classes) - 1)
    train = np.zeros(97)
    error = no_skill_error(replace(output, metric="log"), train, np.array([absent]))
    assert error == pytest.approx(np.log(97 + len(output.classes)))
    assert np.isfinite(no_skill_loss(output, train))
    assert no_skill_loss(output, train) > 0


def test_class_frequencies_add_up_and_follow_the_counts() -> None:
    frequencies = class_frequencies(np.array([0.0, 2.0, 2.0, 2.0]), 3)
    assert frequencies == pytest.approx(np.array([2, 1, 4]) / 7)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=30))
def test_the_no_skill_loss_of_a_number_is_its_variance_and_never_zero(values: list[int]) -> None:
    """It divides every loss: 1 where there is no variance."""
    loss = no_skill_loss(NUMBER, np.array(values, float))
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    assert loss == pytest.approx(variance if len(set(values)) > 1 else 1.0)


def test_the_no_skill_loss_of_many_rows_is_the_entropy() -> None:
    codes = np.repeat([0.0, 1.0, 2.0], [5000, 3000, 2000])
    share = np.array([0.5, 0.3, 0.2])
    assert no_skill_loss(THREE, codes) == pytest.approx(-(share * np.log(share)).sum(), rel=1e-4)


def test_the_no_skill_error_on_the_training_rows_is_the_no_skill_loss() -> None:
    """Where the error is of what training minimises: the squared error, and the log loss of classes."""
    for output in (NUMBER, replace(BINARY, metric="log"), replace(THREE, metric="log")):
        train = draw(output, 90, 3)
        assert no_skill_error(output, train, train) == pytest.approx(no_skill_loss(output, train))


@pytest.mark.parametrize(
    ("output", "observed"),
    [(BINARY, [1.0, 1.0, 1.0]), (THREE, [0.0, 1.0, 0.0]), (THREE, [2.0, 2.0, 2.0])],
)
def test_ranking_metrics_are_undefined_unless_every_class_occurs(output: Output, observed: list[float]) -> None:
    """None, shown as a gap; not an exception that ends the run, and not a number that means nothing."""
    logits = np.random.default_rng(0).normal(size=(3, output.units))
    metrics = score(output, np.array(observed), logits, 1.0).metrics
    undefined = {"roc_auc", "average_precision"}
    assert all(metrics[name] is None for name in undefined)
    assert all(value is not None and np.isfinite(value) for name, value in metrics.items() if name not in undefined)


def test_a_guess_of_a_class_that_does_not_occur_counts_against_f1_and_not_against_recall() -> None:
    """Macro F1 is over all classes (two of three are missed whole), balanced accuracy over those that occur."""
    logits = np.array([[9.0, 0, 0], [9, 0, 0], [0, 0, 9], [9, 0, 0]])
    metrics = score(THREE, np.zeros(4), logits, 1.0).metrics
    assert metrics["balanced_accuracy"] == pytest.approx(0.75)
    assert metrics["macro_f1"] == pytest.approx((2 * 0.75 / 1.75) / 3)


def test_r2_of_a_constant_is_undefined_and_rrmse_without_a_no_skill_error_too() -> None:
    metrics = score(NUMBER, np.full(5, 3.0), np.arange(5.0), 0.0).metrics
    assert metrics["r2"] is None
    assert metrics["rrmse"] is None
    assert metrics["rmse"] == pytest.approx(np.sqrt(3))


def test_a_single_row_can_be_scored() -> None:
    """Folds of tiny tables have one test row."""
    assert score(NUMBER, np.array([2.0]), np.array([4.0]), 1.0).error == 4.0
    assert score(THREE, np.array([1.0]), np.zeros((1, 3)), 1.0).error == pytest.approx(4 / 9 + 2 / 9)
