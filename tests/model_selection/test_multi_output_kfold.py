"""MultiOutputKFold keeps scikit-learn's contract of splitters: its own tests' checks, on tables of several outputs."""

from __future__ import annotations

import doctest
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import GridSearchCV, check_cv, cross_val_predict, cross_validate
from sklearn.neighbors import KNeighborsRegressor

import jointbench.model_selection.multi_output_kfold as module
from jointbench.model_selection import MultiOutputKFold

ROWS = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 3))
Y = np.column_stack([X[:, 0] + RNG.normal(size=ROWS), RNG.integers(0, 3, ROWS)])
GROUPS = np.arange(ROWS) // 3


def folds_of(cv: MultiOutputKFold, y: Any, groups: Any = None) -> list[list[int]]:
    return [test.tolist() for _, test in cv.split(X, y, groups)]


@pytest.mark.parametrize(
    "groups", [None, GROUPS, [f"g{g}" for g in GROUPS], pd.Series(GROUPS, index=range(5, ROWS + 5))]
)
@pytest.mark.parametrize("shuffle", [True, False])
def test_folds_partition_the_rows_and_part_no_group(groups: Any, shuffle: bool) -> None:
    seen: list[int] = []
    for train, test in MultiOutputKFold(4, shuffle=shuffle).split(X, Y, groups):
        assert train.dtype.kind == test.dtype.kind == "i"
        assert sorted([*train, *test]) == list(range(ROWS))
        assert train.tolist() == sorted(train)
        assert test.tolist() == sorted(test)
        if groups is not None:
            assert not set(np.asarray(groups)[train]) & set(np.asarray(groups)[test])
        seen += test.tolist()
    assert sorted(seen) == list(range(ROWS))


def test_a_seed_decides_the_folds() -> None:
    cv = MultiOutputKFold(random_state=1)
    assert folds_of(cv, Y) == folds_of(cv, Y) == folds_of(MultiOutputKFold(random_state=1), Y)
    assert folds_of(cv, Y) != folds_of(MultiOutputKFold(random_state=2), Y)
    state = MultiOutputKFold(random_state=np.random.RandomState(1))
    assert folds_of(state, Y) != folds_of(state, Y)  # a generator goes on, as in scikit-learn's splitters
    assert folds_of(MultiOutputKFold(shuffle=False), Y) == folds_of(MultiOutputKFold(shuffle=False), Y)


def test_it_prints_and_clones_as_scikit_learn_objects_do() -> None:
    cv = MultiOutputKFold(3, random_state=7)
    assert repr(cv) == "MultiOutputKFold(n_splits=3, random_state=7, shuffle=True)"
    assert cv.get_n_splits() == cv.get_n_splits(X, Y, GROUPS) == 3
    assert MultiOutputKFold().n_splits == 5
    copy = clone(cv, safe=False)
    assert copy is not cv
    assert folds_of(copy, Y) == folds_of(cv, Y)
    assert check_cv(cv) is cv
    search = clone(GridSearchCV(KNeighborsRegressor(), {"n_neighbors": [1]}, cv=cv))
    assert repr(search.cv) == repr(cv)


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_it_works_where_scikit_learn_takes_a_splitter(groups: Any) -> None:
    cv = MultiOutputKFold(4, random_state=0)
    model = ExtraTreesRegressor(n_estimators=3, random_state=0)
    assert len(cross_validate(model, X, Y, groups=groups, cv=cv)["test_score"]) == 4
    assert cross_val_predict(model, X, Y, groups=groups, cv=cv).shape == Y.shape
    search = GridSearchCV(KNeighborsRegressor(), {"n_neighbors": [3, 9]}, cv=cv).fit(X, Y, groups=groups)
    assert search.n_splits_ == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_groups_are_routed_to_it() -> None:
    cv = MultiOutputKFold(4, random_state=0)
    assert cv.get_metadata_routing().split.requests == {"groups": True}
    with config_context(enable_metadata_routing=True):
        assert MultiOutputKFold(4).set_split_request(groups="site").get_metadata_routing().split.requests == {
            "groups": "site"
        }
        routed = cross_validate(KNeighborsRegressor(), X, Y, params={"groups": GROUPS}, cv=cv, return_indices=True)
    assert [test.tolist() for test in routed["indices"]["test"]] == folds_of(cv, Y, groups=GROUPS)


def test_what_y_is_kept_in_changes_no_fold() -> None:
    cv = MultiOutputKFold(4, random_state=0)
    frame = pd.DataFrame(Y, columns=["a", "b"], index=np.arange(ROWS)[::-1])
    nullable = pd.DataFrame({"a": frame["a"], "b": frame["b"].astype("Int64")})
    words = pd.DataFrame({"a": frame["a"], "b": frame["b"].map({0: "p", 1: "q", 2: "r"}).astype("category")})
    expected = folds_of(cv, Y)
    forms = (Y.tolist(), Y.astype(object), Y.astype(str), frame, nullable, csr_matrix(Y), np.ma.masked_array(Y))
    for form in forms:
        assert folds_of(cv, form) == expected
    by_word = folds_of(cv, words)
    assert folds_of(cv, words.assign(b=words["b"].astype(object))) == by_word
    assert folds_of(cv, Y[:, 0]) == folds_of(cv, Y[:, :1])


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        (None, None, "'y' parameter should not be None"),
        (Y[:-1], None, r"inconsistent numbers of samples: \[60, 59\]"),
        (Y, GROUPS[:-1], r"inconsistent numbers of samples: \[60, 60, 59\]"),
        (Y, np.arange(ROWS) % 4, "n_splits=5 greater than the number of groups: 4"),
        (Y, np.where(GROUPS == 1, np.nan, GROUPS), "3 missing values"),
        (Y, np.where(GROUPS == 1, None, "a"), "3 missing values"),
        (Y, np.column_stack([GROUPS, GROUPS]), "should be 1-dimensional"),
        (np.where(Y > 1, np.inf, Y), None, "'y0' of y has infinite values"),
        (np.zeros((ROWS, 2, 2)), None, "3 dimensions"),
        (np.zeros((ROWS, 0)), None, "no columns"),
        (pd.DataFrame(Y, columns=["a", "a"]), None, "two columns called 'a'"),
    ],
)
def test_what_cannot_be_split_is_a_value_error_of_one_sentence(y: Any, groups: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        list(MultiOutputKFold(5).split(X, y, groups))
    assert "\n" not in str(refused.value)


def test_fewer_rows_than_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="n_splits=5 greater than the number of samples: n_samples=4"):
        list(MultiOutputKFold(5).split(X[:4], Y[:4]))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_splits": 1}, ValueError, "n_splits=2 or more"),
        ({"n_splits": 0}, ValueError, "n_splits=2 or more"),
        ({"n_splits": 2.0}, ValueError, "Integral"),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False"),
        ({"shuffle": False, "random_state": 0}, ValueError, "random_state has no effect"),
    ],
)
def test_arguments_are_held_to_scikit_learns_rules(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        MultiOutputKFold(**arguments)


def test_the_example_runs_as_it_stands() -> None:
    (example,) = [found for found in doctest.DocTestFinder().find(module) if found.examples]
    assert doctest.DocTestRunner().run(example) == (0, 6)


def test_importing_it_imports_no_framework_and_no_figures() -> None:
    code = "import sys, jointbench.model_selection; print({'torch', 'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
