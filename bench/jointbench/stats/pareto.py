"""The Pareto set: the arms that no other arm beats on every criterion at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Direction = Literal["larger", "smaller"]


def pareto_set(values: npt.ArrayLike, directions: Sequence[Direction]) -> npt.NDArray[np.bool_]:
    """True for each arm that no other arm dominates: at least as good on every criterion and better on one.

    ``values``: (arms, criteria), each criterion in its own unit; ``directions``: (criteria,), which way is better.
    Two arms with the same values are both in it. Raises ValueError for a shape that does not fit, an unknown direction
    or a NaN (an arm that was not measured on a criterion can be neither kept nor dropped: leave that criterion out).
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(directions) or table.shape[1] == 0:
        raise ValueError(f"values must be (arms, criteria) with {len(directions)} directions, not {table.shape}")
    if not set(directions) <= {"larger", "smaller"}:
        raise ValueError(f"a direction is 'larger' or 'smaller', not {sorted(set(directions) - {'larger', 'smaller'})}")
    if np.isnan(table).any():
        raise ValueError("an arm lacks a value: leave out the criteria on which not every arm was measured")
    good = table * np.array([1.0 if direction == "larger" else -1.0 for direction in directions])
    no_worse = (good[:, None, :] >= good[None, :, :]).all(axis=2)  # [a, b]: a is at least as good as b everywhere
    better = (good[:, None, :] > good[None, :, :]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0), dtype=np.bool_)
