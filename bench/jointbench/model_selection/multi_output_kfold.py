"""Folds for scikit-learn, stratified over several outputs at once, with groups of rows kept together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse
from sklearn.model_selection import GroupKFold
from sklearn.utils import check_random_state

from jointbench.data.frames import plain_frame
from jointbench.data.stratification import by_class, by_quintile, stratified_parts
from jointbench.errors import BadInput
from jointbench.model_selection.labels_in_every_fold import with_labels_in_every_fold
from jointbench.types import IntArray

MOST_CODES = 20  # a column of whole numbers with more different ones is read as numbers, not as class codes
MOST_CLASSES = 100  # the most frequent ones are stratified: of more, most are too rare to be in every fold


class MultiOutputKFold(GroupKFold):  # type: ignore[misc]  # scikit-learn ships no types
    """K folds stratified over several outputs at once, with groups of rows kept together.

    Every fold gets its share of each class, and of each fifth of a number's values, of every output. Text, booleans,
    categories and up to 20 different whole numbers that repeat are classes; other numbers are numbers. NaN and None are
    missing labels: such a row counts for the outputs that it has labels of, and every fold gets its share of labels.
    A fold has none of an output only where too few groups have any.

    Rows go to folds in the order of Sechidis, Tsoumakas & Vlahavas (2011), "On the stratification of multi-label data":
    large groups first, then those with the rarest label, each to the fold that lacks most of what it has.

    n_splits: folds, at least 2. shuffle: draw which of several equally good folds a group goes to; without it the folds
    depend on the data alone. random_state: int, RandomState or None, the seed of these draws.

    >>> import numpy as np
    >>> from jointbench.model_selection import MultiOutputKFold
    >>> X = np.arange(12).reshape(12, 1)
    >>> Y = np.array([["a", 0.5], ["a", 2.0], ["b", 0.5], ["b", 2.0]] * 3, dtype=object)
    >>> customers = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    >>> for train, test in MultiOutputKFold(3, shuffle=False).split(X, Y, customers):
    ...     print(test, Y[test, 0])
    [0 1 2 3] ['a' 'a' 'b' 'b']
    [6 7 8 9] ['b' 'b' 'a' 'a']
    [ 4  5 10 11] ['a' 'a' 'b' 'b']
    """

    def __init__(self, n_splits: int = 5, *, shuffle: bool = True, random_state: Any = None) -> None:
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[IntArray, IntArray]]:  # noqa: N803
        """The row numbers to train on and to test on, for each fold.

        X: (rows, ...), only its length counts. y: (rows,) or (rows, outputs), an array, a frame or a sparse matrix.
        groups: (rows,), rows with equal values share a fold; without it every row stands alone. Raises ValueError for
        missing y, other lengths, missing groups and infinite numbers, and for fewer rows or groups than folds.
        """
        folds: Iterator[tuple[IntArray, IntArray]] = super().split(X, y, groups)
        return folds

    def _iter_test_indices(self, X: Any, y: Any, groups: Any) -> Iterator[IntArray]:  # noqa: N803
        if y is None:
            raise ValueError("The 'y' parameter should not be None: folds are stratified over its columns.")
        frame = _targets(y)
        labels = np.concatenate([_labels(frame[name]) for name in frame.columns], axis=1)
        units = np.arange(len(labels)) if groups is None else _units(groups, self.n_splits)
        seed = check_random_state(self.random_state).randint(2**31 - 1) if self.shuffle else 0
        shares = [1 / self.n_splits] * self.n_splits
        part = stratified_parts(units, labels, shares, np.random.default_rng(seed))
        part = with_labels_in_every_fold(part, units, frame.notna().to_numpy(), self.n_splits)
        for fold in range(self.n_splits):
            yield np.flatnonzero(part == fold)


def _units(groups: Any, folds: int) -> IntArray:
    """Per row, the number of its group, from 0."""
    values = np.asarray(groups)
    if values.ndim != 1:
        raise ValueError(f"The 'groups' parameter should be 1-dimensional; got an array of shape {values.shape}.")
    units, names = pd.factorize(values)
    if (units < 0).any():
        raise ValueError(
            f"The 'groups' parameter has {int((units < 0).sum())} missing values; every row needs a group."
        )
    if folds > len(names):
        raise ValueError(
            f"Cannot have number of splits n_splits={folds} greater than the number of groups: {len(names)}."
        )
    return units.astype(np.int64)


def _targets(y: Any) -> pd.DataFrame:
    try:
        frame = plain_frame(y.toarray() if issparse(y) else y, "y", "y")
    except BadInput as error:  # scikit-learn's callers expect a ValueError
        raise ValueError(f"{error}.") from error
    if not frame.columns.size:
        raise ValueError("y has no columns; folds are stratified over them.")
    return frame


def _labels(column: pd.Series) -> npt.NDArray[np.bool_]:
    """(rows, labels) of one output: classes or fifths, and where labels are missing also whether there is one."""
    numbers = _numbers(column)
    if numbers is None or _are_codes(numbers):
        codes, classes = pd.factorize(column if numbers is None else numbers)
        frequent = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(classes)), kind="stable")[:MOST_CLASSES]
        place = np.full(len(classes) + 1, -1)  # the last one is that of code -1, a missing label
        place[frequent] = np.arange(len(frequent))
        labels, known = by_class(place[codes], len(frequent)), codes >= 0
    else:
        labels, known = by_quintile(numbers), ~np.isnan(numbers)
    return labels if known.all() else np.column_stack([labels, known])


def _numbers(column: pd.Series) -> npt.NDArray[np.float64] | None:
    """The column's values with NaN where missing, or None where it holds classes."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return None
    try:
        numbers = np.asarray(pd.to_numeric(column).astype(np.float64).mask(column.isna()), np.float64)
    except (ValueError, TypeError):
        return None
    if np.isinf(numbers).any():
        raise ValueError(f"Column {column.name!r} of y has infinite values; leave such rows out or mark them as NaN.")
    return numbers


def _are_codes(numbers: npt.NDArray[np.float64]) -> bool:
    """A few whole numbers, most of them several times?"""
    known = numbers[~np.isnan(numbers)]
    different = np.unique(known)
    return bool(len(different) <= min(MOST_CODES, len(known) / 2) and (different == np.round(different)).all())
