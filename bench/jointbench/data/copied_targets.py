"""Features that give an output away: the same column again, another unit of it, or its classes under other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jointbench.data.findings import Finding
from jointbench.types import FloatArray, Output

SAME = 1e-9  # short of a correlation of 1
FEWEST_ROWS = 10


def copied_targets(
    features: pd.DataFrame, targets: Mapping[str, FloatArray], outputs: Sequence[Output]
) -> tuple[Finding, ...]:
    """Each feature that determines an output exactly, and that output."""
    return tuple(
        Finding("copy", f"{name!r} (of {output.name!r})")
        for output in outputs
        for name in features.columns
        if (_proportional if output.kind == "regression" else _renamed)(features[name], targets[output.name])
    )


def _proportional(feature: pd.Series, values: FloatArray) -> bool:
    """Whether a number is the target times a factor plus a constant."""
    if isinstance(feature.dtype, pd.CategoricalDtype):
        return False
    numbers = feature.to_numpy(np.float64)
    both = ~np.isnan(numbers) & ~np.isnan(values)
    x, y = numbers[both], values[both]
    if len(x) < FEWEST_ROWS or not np.ptp(x) or not np.ptp(y):
        return False
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    x, y = x - x.mean(), y - y.mean()
    return bool(abs(x @ y) >= (1 - SAME) * np.sqrt((x @ x) * (y @ y)) > 0)


def _renamed(feature: pd.Series, values: FloatArray) -> bool:
    """Whether each value of the feature goes with one class, and each class with one value."""
    present = ~np.isnan(values)
    kinds = feature.cat.codes if isinstance(feature.dtype, pd.CategoricalDtype) else feature
    pairs = pd.DataFrame({"feature": kinds.to_numpy()[present], "label": values[present]})
    if len(pairs) < FEWEST_ROWS or (different := pairs["feature"].nunique(dropna=False)) != pairs["label"].nunique():
        return False
    return len(pairs.drop_duplicates()) == different > 1
