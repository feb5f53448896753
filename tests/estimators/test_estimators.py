"""scikit-learn estimators as arms: verdicts on what is known beforehand, and one sentence where they cannot be one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor

import jointbench
from jointbench import BadInput
from jointbench.records import AA_CONTROL, Fit, FoldRecord, Memory, Timing

ROWS = 240


@pytest.fixture(autouse=True)
def short_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointbench.runs.folder.MOST_TIMING_SECONDS", 0.3)


@pytest.fixture(scope="module")
def numbers() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(ROWS, 4)), columns=list("abcd"))
    y = pd.DataFrame({"u": x.a + 0.3 * rng.normal(size=ROWS), "v": 100 * x.b + 30 * rng.normal(size=ROWS)})
    return x, y


@pytest.fixture(scope="module")
def mixed(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    x, y = numbers
    colour = np.select([x.c > 0.5, x.c < -0.5], ["red", "blue"], "green")
    return x, pd.DataFrame({"u": y.u, "sign": np.where(x.d > 0, "up", "down"), "colour": colour})


def compared(x: Any, y: Any, joint: Any, separate: Any = None, **options: Any) -> jointbench.api.result.Result:
    return jointbench.compare(x, y, joint=joint, separate=separate, profile="smoke", folds=4, progress=False, **options)


@pytest.mark.parametrize("estimator", [Ridge(), KNeighborsRegressor()], ids=["ridge", "neighbours"])
def test_models_that_share_nothing_are_equal(estimator: Any, numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Ridge and k nearest neighbours treat every output alone: one model of both outputs is two models in disguise."""
    result = compared(*numbers, estimator)
    (cell,) = result.summary.cells
    assert max(abs(d.difference.value) for d in cell.differences) < 1e-6
    assert result.verdict in ("joint", "equivalent"), "joint where it is measurably faster"


def test_skill_is_that_of_the_same_estimator_fitted_by_hand(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    x, y = numbers
    result = compared(x, y, Ridge(alpha=1e-9))
    folds = [record for record in result.records if isinstance(record, FoldRecord)]
    errors, no_skill = [], []
    for fold in folds:
        train = np.setdiff1d(np.arange(ROWS), fold.test)
        design = np.c_[np.ones(ROWS), x.to_numpy()]
        weights = np.linalg.lstsq(design[train], y.u.to_numpy()[train], rcond=None)[0]
        errors.append(np.mean((design[fold.test] @ weights - y.u.to_numpy()[fold.test]) ** 2))
        no_skill.append(fold.no_skill_error[0])
    (quality,) = (q for q in result.summary.cells[0].quality if (q.output, q.model) == ("u", "joint"))
    assert quality.skill == pytest.approx(1 - np.mean(errors) / np.mean(no_skill), abs=1e-4)


@pytest.mark.parametrize(
    ("joint", "separate"),
    [
        (ExtraTreesRegressor(20, random_state=0), None),
        (MLPRegressor(hidden_layer_sizes=(16,), learning_rate_init=0.02, max_iter=60), None),
        (RegressorChain(Ridge()), Ridge()),
    ],
    ids=["trees", "network", "chain"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_regressor_takes_numbers_and_classes_together(
    joint: Any, separate: Any, mixed: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    (cell,) = compared(*mixed, joint, separate).summary.cells
    skills = {(q.output, q.model): q.skill for q in cell.quality}
    assert set(skills) == {(o, arm) for o in ("u", "sign", "colour") for arm in ("joint", "separate")}
    assert all(skill > 0.1 for skill in skills.values()), skills


@pytest.mark.parametrize(
    ("joint", "separate"),
    [
        (ExtraTreesClassifier(20, random_state=0), None),
        (KNeighborsClassifier(), None),
        (ClassifierChain(LogisticRegression()), LogisticRegression()),
    ],
    ids=["trees", "neighbours", "chain"],
)
def test_classifiers_predict_classes_natively(
    joint: Any, separate: Any, numbers: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    x, _ = numbers
    y = pd.DataFrame({"p": np.where(x.a > 0, "up", "down"), "q": (x.b > 0).astype(int)})
    (cell,) = compared(x, y, joint, separate).summary.cells
    assert all(q.skill > 0.3 for q in cell.quality)


def test_fits_and_requests_stand_on_paired_clocks(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    timings = [record for record in compared(*numbers, Ridge()).records if isinstance(record, Timing)]
    assert {t.scenario for t in timings} == {"training", "request"}
    assert all({v.arm for v in t.variants} == {"joint", "separate", AA_CONTROL} for t in timings)


def test_missing_labels_are_left_out_where_they_are_missing(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    x, y = numbers
    holes = y.copy()
    holes.loc[::5, "v"] = np.nan
    result = compared(x, holes, Ridge())
    assert any("every label" in absence for absence in result.summary.cells[0].absences)
    assert all(np.isfinite(record.predictions).all() for record in result.records if isinstance(record, Fit))


class Nowhere(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Predicts nothing that can be scored."""

    def fit(self, x: Any, y: Any) -> Nowhere:
        self.width_ = 1 if y.ndim == 1 else y.shape[1]
        return self

    def predict(self, x: Any) -> Any:
        return np.full((len(x), self.width_), np.nan)


def test_what_fails_is_a_line_of_the_result(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    result = compared(*numbers, Nowhere())
    (cell,) = result.summary.cells
    assert "Nowhere predicts NaN" in cell.absences[0]
    assert "not run" in str(result)


def test_a_classifier_before_numbers_says_what_to_give(mixed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    (cell,) = compared(*mixed, ExtraTreesClassifier()).summary.cells
    assert "output 'u' is a number; give a regressor" in cell.absences[0]


@pytest.mark.parametrize(
    ("joint", "words"),
    [(Ridge, "the class Ridge"), ("ridge", "str, no scikit-learn estimator"), (object(), "it has no fit")],
)
def test_what_is_no_estimator_is_one_sentence(
    joint: Any, words: str, numbers: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    with pytest.raises(BadInput, match=words):
        compared(*numbers, joint)


def test_an_unknown_model_is_one_sentence(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.raises(BadInput, match="--model oracle: the models are mlp, resnet, forest"):
        jointbench.compare(*numbers, models="oracle", progress=False)


def test_no_command_is_named_that_would_train_networks_only(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    result = compared(*numbers, ExtraTreesRegressor(5, random_state=0))
    (decision,) = result.summary.cells[0].decisions
    assert decision.open is None or decision.open.command is None


def test_estimators_are_weighed_as_networks_are(numbers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """One file of two outputs against two files; a profile that measures no peaks says so."""
    result = compared(*numbers, KNeighborsRegressor())
    joint, separate = (record for record in result.records if isinstance(record, Memory))
    assert joint.artifact_bytes is not None and separate.artifact_bytes is not None
    assert 1.5 < separate.artifact_bytes / joint.artifact_bytes < 2.1, "each holds the training rows"
    assert joint.training is None and joint.reason is not None and "peak memory" in joint.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xgboost", "catboost"])
def test_a_library_of_trees_is_a_family_where_it_is_installed(
    name: str, mixed: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    pytest.importorskip(name)
    result = compared(*mixed, None, models=name)
    (cell,) = result.summary.cells
    assert cell.backend == name and not cell.failed
    skills = {(quality.model, quality.output): quality.skill for quality in cell.quality}
    assert min(skills.values()) > 0.2
