"""Predictions as a user has them, values, names of classes or probabilities, as raw values and logits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jointbench.data.columns import Source
from jointbench.errors import BadInput
from jointbench.types import FloatArray, IntArray, Output

PREFIX = "p_"
LEAST_PROBABILITY = 1e-12  # a prediction of none is never infinitely wrong
SUM_TOLERANCE = 0.01


def raw_predictions(lines: pd.DataFrame, output: Output, arm: str, source: Source) -> FloatArray:
    """(lines, units): values of a regression output, logits of classes.

    Raises BadInput for a prediction that is missing, infinite or of no known class.
    """
    if output.kind == "regression":
        return _numbers(lines, "y_pred", output, arm, source)[:, None]
    return logits(_probabilities(lines, output, arm, source), LEAST_PROBABILITY)


def logits(probabilities: FloatArray, least: float) -> FloatArray:
    """(rows, units) from (rows, classes): one unit for two classes, one for each of more. least: no probability counts
    as less."""
    logs = np.log(np.clip(probabilities, least, 1.0))
    return np.asarray(logs[:, 1:] - logs[:, :1]) if probabilities.shape[1] == 2 else logs


def _probabilities(lines: pd.DataFrame, output: Output, arm: str, source: Source) -> FloatArray:
    """(lines, classes)."""
    columns = _class_columns(lines, output)
    if columns:
        values = np.stack([_numbers(lines, name, output, arm, source) for name in columns], axis=1)
        sums = values.sum(axis=1)
        bad = np.flatnonzero((values < 0).any(axis=1) | (np.abs(sums - 1) > SUM_TOLERANCE))
        if len(bad):
            raise _refused(
                lines, int(bad[0]), output, arm, source, f"has probabilities that sum to {sums[bad[0]]:g}, not to 1"
            )
        return np.asarray(values / sums[:, None])
    if "y_pred" not in lines.columns:
        raise BadInput(
            f"{source.path}: output {output.name!r} has classes {', '.join(output.classes[:6])}, and there is neither "
            f"a column y_pred nor one for each class ({PREFIX}{output.classes[0]}, ...)"
        )
    codes = _codes(lines["y_pred"], output)
    if (codes >= 0).all():
        return np.eye(len(output.classes))[codes]
    numbers = pd.to_numeric(lines["y_pred"], errors="coerce").to_numpy(np.float64)
    if len(output.classes) == 2 and np.all((numbers >= 0) & (numbers <= 1)):
        return np.stack([1 - numbers, numbers], axis=1)
    neither = (codes < 0) & ~((numbers >= 0) & (numbers <= 1) & (len(output.classes) == 2))
    at = int(np.flatnonzero(neither)[0]) if neither.any() else int(np.flatnonzero(codes < 0)[0])
    cell = lines["y_pred"].iloc[at]
    what = "predicts nothing" if pd.isna(cell) else f"predicts {str(cell)[:40]!r}"
    raise _refused(
        lines, at, output, arm, source, f"{what}, which is none of the classes {', '.join(output.classes[:6])}"
    )


def _class_columns(lines: pd.DataFrame, output: Output) -> list[str]:
    """The columns of this output's class probabilities; none where not every class has one that is filled."""
    for prefix in (PREFIX, ""):
        names = [f"{prefix}{label}" for label in output.classes]
        if all(name in lines.columns for name in names) and lines[names].notna().any(axis=None):
            return names
    return []


def _codes(cells: pd.Series, output: Output) -> IntArray:
    """(lines,): class codes, -1 of anything else. 1.0 is the class 1."""
    by_name = {name: code for code, name in enumerate(output.classes)}
    places, different = pd.factorize(cells)
    codes = np.array([*(by_name.get(_class_name(cell), -1) for cell in different), -1])
    return np.asarray(codes[places], np.int64)


def _class_name(cell: object) -> str:
    try:
        number = float(str(cell))
    except ValueError:
        return str(cell)
    return f"{number:.0f}" if number.is_integer() else str(cell)


def _numbers(lines: pd.DataFrame, column: str, output: Output, arm: str, source: Source) -> FloatArray:
    """(lines,): a column's finite numbers."""
    if column not in lines.columns:
        raise BadInput(f"{source.path}: output {output.name!r} is a number, and there is no column {column!r}")
    values = pd.to_numeric(lines[column], errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        cell = lines[column].iloc[int(bad[0])]
        shown = "nothing" if pd.isna(cell) else f"{str(cell)[:40]!r}"
        raise _refused(lines, int(bad[0]), output, arm, source, f"predicts {shown}, where a finite number is needed")
    return values


def _refused(lines: pd.DataFrame, at: int, output: Output, arm: str, source: Source, what: str) -> BadInput:
    row = str(lines["row"].iloc[at])
    return BadInput(
        f"{source.path}: arm {arm!r} {what} for row {row!r} of output {output.name!r}; mend it, or leave the row out "
        f"for every arm"
    )
