"""Frames and arrays as scikit-learn users have them, X and Y, as one table with the names of its targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jointbench.data.raw_table import RawTable
from jointbench.errors import BadInput


def table_of_frames(X: Any, Y: Any, name: str) -> tuple[RawTable, tuple[str, ...]]:  # noqa: N803  # scikit-learn's names
    """The columns of X and Y side by side, and the names of Y's.

    X, Y: frames (pandas, or polars and others that narwhals reads), dicts of columns, or 2-D arrays (rows, columns);
    NaN, None, pandas' NA and the masked cells of a masked array are missing. Rows pair by position.
    Raises BadInput for other shapes, unequal numbers of rows, and a name that both have.
    """
    features, targets = plain_frame(X, "X", "x"), plain_frame(Y, "Y", "y")
    if len(features) != len(targets):
        raise BadInput(f"X has {len(features):,} rows and Y has {len(targets):,}; they pair row by row")
    if not len(features):
        raise BadInput("X and Y have no rows")
    if both := [column for column in targets.columns if column in features.columns]:
        raise BadInput(f"column {both[0]!r} is in X and in Y; a target may not be a feature, leave it out of X")
    together = pd.concat([features, targets], axis=1)
    declared = frozenset(str(c) for c, t in together.dtypes.items() if isinstance(t, pd.CategoricalDtype))
    return RawTable(path=Path(name), frame=together, declared=declared), tuple(targets.columns)


def plain_frame(values: Any, what: str, letter: str) -> pd.DataFrame:
    """A frame with text names and plain types, rows counted from 0."""
    frame = _as_pandas(values, what, letter)
    names = [str(column) for column in frame.columns]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInput(f"{what} has two columns called {twice!r}; rename one")
    columns = {name: _plain(frame.iloc[:, i]) for i, name in enumerate(names)}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _as_pandas(values: Any, what: str, letter: str) -> pd.DataFrame:
    if isinstance(values, pd.DataFrame):
        return values
    if isinstance(values, pd.Series):
        return values.to_frame(values.name if values.name is not None else f"{letter}0")
    if isinstance(values, Mapping):
        lengths = {len(column) for column in values.values()}
        if len(lengths) > 1:
            raise BadInput(
                f"{what}'s columns have {min(lengths):,} to {max(lengths):,} rows; they must be equally long"
            )
        return pd.DataFrame({str(name): np.asarray(column, dtype=None) for name, column in values.items()})
    if isinstance(values, np.ndarray | Sequence) and not isinstance(values, str):
        return _of_array(values, what, letter)
    import narwhals as nw

    try:
        frame: pd.DataFrame = nw.from_native(values, eager_only=True).to_pandas()
    except TypeError as error:
        raise BadInput(
            f"{what} is a {type(values).__name__}; give a data frame, a dict of columns or a 2-D array"
        ) from error
    return frame


def _of_array(values: Any, what: str, letter: str) -> pd.DataFrame:
    array = np.ma.filled(values.astype(float), np.nan) if np.ma.isMaskedArray(values) else np.asarray(values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise BadInput(f"{what} has {array.ndim} dimensions; give a 2-D array (rows, columns)")
    frame = pd.DataFrame(array, columns=[f"{letter}{i}" for i in range(array.shape[1])])
    return frame.infer_objects()


def _plain(column: pd.Series) -> pd.Series:
    """pandas' nullable types as numpy's, with NaN where a value is missing."""
    column = column.reset_index(drop=True)
    kind = column.dtype
    if isinstance(kind, pd.BooleanDtype):
        return column.astype(object).where(column.notna(), np.nan) if column.isna().any() else column.astype(bool)
    if pd.api.types.is_extension_array_dtype(kind) and pd.api.types.is_numeric_dtype(kind):
        whole = pd.api.types.is_integer_dtype(kind) and not column.isna().any()
        return column.astype(np.int64) if whole else column.astype(np.float64)
    return column
