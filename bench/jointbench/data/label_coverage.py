"""Labels on both sides of an inner split: which rows validate where labels are missing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from jointbench.types import FloatArray, IntArray

VALIDATION_PARTS = 6  # the validation part is one sixth of the rows that are not tested on
TRAINING, VALIDATION, ELSEWHERE = 0, 1, -1


def with_every_label(
    targets: Mapping[str, FloatArray], units: IntArray, rest: IntArray, held_out: npt.NDArray[np.bool_], order: IntArray
) -> npt.NDArray[np.bool_]:
    """Which rows validate, (rest,), so that each output has labels among them and among the training rows.

    Where labels are missing, an output may have none among the validation rows as drawn, and its network would keep its
    first epoch. So whole units change sides, and only those of outputs that have less than half of their share of a
    side's labels. Without missing labels nothing changes.

    units: (all rows,). rest: the row numbers to train and validate on. held_out: (rest,), those drawn to validate on.
    order: (units,), a unit with a larger number validates rather than one with a smaller.
    """
    labelled = np.stack([~np.isnan(values[rest]) for values in targets.values()])
    if labelled.all():
        return held_out
    side = np.full(len(order), ELSEWHERE)
    side[units[rest]] = np.where(held_out, VALIDATION, TRAINING)
    # The last row counts all rows, labelled or not: no side may lose its last one.
    every_row = np.ones(len(rest), bool)
    counts = np.stack([np.bincount(units[rest[known]], minlength=len(order)) for known in (*labelled, every_row)])
    for output in np.flatnonzero(~labelled.all(axis=1)):
        total = int(counts[output].sum())
        wanted = max(1, round(total / VALIDATION_PARTS))
        _take(counts, output, side, TRAINING, total - wanted, order)
        _take(counts, output, side, VALIDATION, wanted, -order)
    return np.asarray(side[units[rest]] == VALIDATION)


def _take(counts: IntArray, output: np.int64, side: IntArray, to: int, wanted: int, order: IntArray) -> None:
    """Moves units with labels of this output to a side that has too few of them, in place, the small ones first.

    The other side keeps labels of every output that it has labels of. For the training rows the output itself is no
    exception to that: it comes first there, and the validation rows take some of its labels afterwards.
    """
    have = int(counts[output, side == to].sum())
    if 2 * have >= wanted:
        return
    candidates = np.flatnonzero((side == 1 - to) & (counts[output] > 0))
    large = counts[output, candidates] > 2 * wanted
    guarded = np.arange(len(counts)) != output if to == TRAINING else np.ones(len(counts), bool)
    for unit in candidates[np.lexsort((order[candidates], large))]:
        left = counts[:, side == 1 - to].sum(axis=1) - counts[:, unit]
        if have < wanted and (left[guarded & (counts[:, unit] > 0)] > 0).all():
            side[unit] = to
            have += int(counts[output, unit])
