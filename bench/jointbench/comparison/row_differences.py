"""Paired differences in skill on single test rows, from the predictions in a run's records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.cells import BenchmarkCell, RunIndex, overlap_of
from jointbench.metrics.row_losses import row_losses
from jointbench.records import Fit, FoldRecord, PlannedArm
from jointbench.stats.row_level import RowDifferences, minority
from jointbench.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TestedRows:
    """The rows that some fold tests. fold: (rows, repeats), -1 where no fold of the repeat tests the row; place:
    position among them by row number; units: (rows,), equal for rows that are kept together; overlap: see
    ``overlap_of``; minority: by output, the judged rows outside its most frequent class, None of numbers."""

    fold: IntArray
    place: IntArray
    units: IntArray
    overlap: float
    minority: tuple[int | None, ...]


def tested_rows(folds: Sequence[FoldRecord], index: RunIndex) -> TestedRows | None:
    """None where a fold's record is of an older version, which does not say how predictions are scored."""
    if not all(fold.scored and len(fold.row_units) for fold in folds):
        return None
    numbers = np.unique(np.concatenate([fold.test for fold in folds]))
    place = np.full(int(numbers.max()) + 1, -1)
    place[numbers] = np.arange(len(numbers))
    of_row = np.full((len(numbers), index.shape[0]), -1)
    units = np.zeros(len(numbers), np.int64)
    for fold in folds:
        of_row[place[fold.test], fold.repeat] = fold.fold
        units[place[fold.test]] = fold.row_units
    return TestedRows(of_row, place, units, overlap_of(folds), _minorities(folds))


def _minorities(folds: Sequence[FoldRecord]) -> tuple[int | None, ...]:
    """By output; each row counts once, though every repeat tests it."""
    first = [fold for fold in folds if fold.repeat == folds[0].repeat]
    counts: list[int | None] = []
    for i, scored in enumerate(folds[0].scored):
        codes = np.concatenate([fold.y_true[fold.weights[:, i] > 0, i] for fold in first]).astype(np.int64)
        counts.append(minority(codes) if scored.kind != "regression" else None)
    return tuple(counts)


def arm_losses(cell: BenchmarkCell, planned: PlannedArm, index: RunIndex, rows: TestedRows) -> FloatArray | None:
    """(outputs, rows, repeats, seeds): losses in units of skill; NaN where a row is not judged or a fit is missing.

    None where predictions are not in the records. Where rows have weights, a row's distance from its fold's weighted
    mean is multiplied by its relative weight, so that plain means and sums of these losses are the weighted ones.
    """
    folds = {(fold.repeat, fold.fold): fold for fold in cell.folds}
    losses = np.full((len(index.outputs), *rows.fold.shape, index.shape[2]), np.nan)
    for fit in (cell.fits[network_id] for network_id in planned.network_ids if network_id in cell.fits):
        if fit.failure is not None:
            continue
        network = fit.network
        fold = folds[network.repeat, network.fold]
        by_output = _losses_of(fit, fold)
        if by_output is None:
            return None
        seed = index.seeds[network.repeat, network.fold, network.seed]
        for output, values in by_output.items():
            losses[output, rows.place[fold.test], network.repeat, seed] = values
    scale = index.scale[:, None, :, 0]
    return np.asarray(np.divide(losses, scale, out=np.full_like(losses, np.nan), where=scale > 0))


def _losses_of(fit: Fit, fold: FoldRecord) -> Mapping[int, FloatArray] | None:
    """By output's position, (test rows,): the losses of one network."""
    columns = [i for i, name in enumerate(fold.outputs) if name in fit.network.group]
    if fit.predictions.shape != (len(fold.test), sum(fold.scored[i].units for i in columns)):
        return None
    start, results = 0, {}
    for i in columns:
        scored = fold.scored[i]
        raw = fit.predictions[:, start : start + scored.units].astype(np.float64)
        start += scored.units
        predicted = raw[:, 0] * scored.scale + scored.location if scored.kind == "regression" else raw
        weights = fold.weights[:, i]
        judged = weights > 0
        losses = np.full(len(fold.test), np.nan)
        losses[judged] = row_losses(scored.metric, fold.y_true[judged, i], predicted[judged])
        results[i] = linearised(losses, weights)
    return results


def linearised(losses: FloatArray, weights: FloatArray) -> FloatArray:
    """The losses with every distance from their weighted mean multiplied by the relative weight."""
    judged = weights > 0
    if not judged.any() or np.ptp(weights[judged]) == 0:
        return losses
    mean = np.average(losses[judged], weights=weights[judged])
    return np.where(judged, mean + weights / weights[judged].mean() * (losses - mean), np.nan)


def differences_of(first: FloatArray, other: FloatArray, rows: TestedRows, output: int | None = None) -> RowDifferences:
    """Of one output, or of their mean, from both arms' losses (rows, repeats, seeds): first - other in skill."""
    rare = None if output is None else rows.minority[output]
    return RowDifferences(other - first, rows.fold, rows.units, rows.overlap, rare)
