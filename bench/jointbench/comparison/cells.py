"""A run's records, sorted into cells, and the arrays of skill that everything is decided from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.comparison.searched import with_partitions
from jointbench.comparison.tuned import with_choices
from jointbench.records import (
    ColdStart,
    Energy,
    Fit,
    FoldRecord,
    Memory,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Reference,
    SearchedArm,
    Stack,
    StatedCost,
    Timing,
    TunedArm,
)
from jointbench.types import CellKey, FloatArray

OfCell = (
    PlannedArm
    | TunedArm
    | SearchedArm
    | Stack
    | Timing
    | Energy
    | StatedCost
    | ColdStart
    | Memory
    | Projection
    | NotMeasured
)


@dataclass(frozen=True, eq=False, kw_only=True)
class BenchmarkCell:
    """The records of one dataset on one backend and device. planned_arms: those that are tuned or searched in the
    configurations and partitions that are served. searched: with all candidates."""

    dataset: str
    backend: str
    device: str
    planned_arms: tuple[PlannedArm, ...]
    fits: Mapping[str, Fit]
    timings: tuple[Timing, ...]
    cold_starts: tuple[ColdStart, ...]
    absences: tuple[NotMeasured, ...]
    folds: tuple[FoldRecord, ...]
    memories: tuple[Memory, ...] = ()
    energies: tuple[Energy, ...] = ()
    projections: tuple[Projection, ...] = ()
    stated: tuple[StatedCost, ...] = ()
    tuned: tuple[TunedArm, ...] = ()
    searched: tuple[SearchedArm, ...] = ()
    stacks: tuple[Stack, ...] = ()


def cells(records: Iterable[Record]) -> tuple[list[BenchmarkCell], list[Reference]]:
    """The cells in the order they ran, and all reference scores. A cell with nothing but a NotMeasured is one too."""
    fits: dict[CellKey, dict[str, Fit]] = defaultdict(dict)
    by_cell: dict[CellKey, list[OfCell]] = defaultdict(list)
    keys: dict[CellKey, None] = {}
    folds: dict[str, list[FoldRecord]] = defaultdict(list)
    references = []
    for record in records:
        if isinstance(record, Fit):
            network = record.network
            fits[CellKey.of(network)][network.id] = record
        elif isinstance(record, FoldRecord):
            folds[record.dataset].append(record)
        elif isinstance(record, Reference):
            references.append(record)
        elif isinstance(record, OfCell):
            by_cell[CellKey.of(record)].append(record)
            if isinstance(record, PlannedArm | NotMeasured):
                keys[CellKey.of(record)] = None
    latest = {key: {r.arm.name: r for r in by_cell[key] if isinstance(r, PlannedArm)} for key in keys}
    tuned = {key: [r for r in by_cell[key] if isinstance(r, TunedArm)] for key in keys}
    searched = {key: list({r.arm: r for r in by_cell[key] if isinstance(r, SearchedArm)}.values()) for key in keys}
    ordered = [
        BenchmarkCell(
            dataset=key.dataset,
            backend=key.backend,
            device=key.device,
            planned_arms=tuple(chosen_arms(list(latest[key].values()), tuned[key], searched[key], fits[key])),
            fits=fits[key],
            timings=tuple(r for r in by_cell[key] if isinstance(r, Timing)),
            cold_starts=tuple(r for r in by_cell[key] if isinstance(r, ColdStart)),
            absences=tuple(r for r in by_cell[key] if isinstance(r, NotMeasured)),
            folds=_trained_on(folds[key.dataset], fits[key]),
            energies=tuple(r for r in by_cell[key] if isinstance(r, Energy)),
            memories=tuple(r for r in by_cell[key] if isinstance(r, Memory)),
            projections=tuple(r for r in by_cell[key] if isinstance(r, Projection)),
            stated=tuple(r for r in by_cell[key] if isinstance(r, StatedCost)),
            tuned=tuple(tuned[key]),
            searched=tuple(searched[key]),
            stacks=tuple(r for r in by_cell[key] if isinstance(r, Stack)),
        )
        for key in keys
    ]
    return ordered, references


def chosen_arms(
    arms: Sequence[PlannedArm], tuned: Sequence[TunedArm], searched: Sequence[SearchedArm], fits: Mapping[str, Fit]
) -> list[PlannedArm]:
    """The arms in the configurations and partitions that are served."""
    return with_partitions(with_choices(arms, tuned, fits), searched, fits)


def _trained_on(folds: Sequence[FoldRecord], fits: Mapping[str, Fit]) -> tuple[FoldRecord, ...]:
    """The folds of the repeats that this cell came to: another backend may have gone on for more rounds."""
    distinct = {(fold.repeat, fold.fold): fold for fold in folds}
    last = max((fit.network.repeat for fit in fits.values()), default=max((fold.repeat for fold in folds), default=0))
    return tuple(fold for (repeat, _), fold in distinct.items() if repeat <= last)


def overlap_of(folds: Sequence[FoldRecord]) -> float:
    """Test rows over the rows that trained or stopped the training, mean over the folds: 1/(K - 1) in K-fold
    cross-validation, more forward in time (0.457 with five folds); 0 of a single split, whose fits share their rows: what
    is said is said of networks that are trained on these."""
    if folds[0].folds == 1:
        return 0.0
    return float(np.mean([len(fold.test) / max(fold.train_rows + fold.validation_rows, 1) for fold in folds]))


@dataclass(frozen=True, eq=False)
class Skill:
    """Skill of one arm or model: (outputs, repeats, folds, seeds), NaN where a network failed or is missing.

    error: the same of the error that skill is made of. planned: runs (a fold with a seed) that were asked for.
    """

    value: FloatArray
    error: FloatArray
    planned: int


@dataclass(frozen=True, eq=False)
class RunIndex:
    """Where a cell's runs are in its arrays, the same for every arm: outputs by name, seeds by (repeat, fold, seed).

    no_skill and rows: (outputs, repeats, folds), the no-skill error and the test rows that are judged, or what they
    weigh together; NaN and 0 where no such fold was planned, or none of its rows can be judged.
    """

    outputs: tuple[str, ...]
    seeds: Mapping[tuple[int, int, int], int]
    shape: tuple[int, int, int]
    no_skill: FloatArray
    rows: FloatArray

    @property
    def folds(self) -> int:
        """K of the cross-validation."""
        return self.shape[1]

    @property
    def unjudged(self) -> npt.NDArray[np.int64]:
        """(outputs,): folds with no row on which the output can be judged, while another output can."""
        planned = self.rows.sum(axis=0) > 0
        return np.asarray((planned & (self.rows == 0)).sum(axis=(1, 2)))

    @property
    def scale(self) -> FloatArray:
        """(outputs, repeats, 1, 1): the no-skill error averaged over a repeat's folds, which makes skill of errors."""
        known = ~np.isnan(self.no_skill)
        total = np.where(known, self.no_skill, 0.0).sum(axis=2)
        return np.asarray((total / np.maximum(known.sum(axis=2), 1))[:, :, None, None])


def run_index(folds: Sequence[FoldRecord], fits: Iterable[Fit] = ()) -> RunIndex:
    """The index of these folds. A seed's position is its rank among those that any of the fits has in its fold."""
    outputs = folds[0].outputs
    repeats, count = 1 + max(fold.repeat for fold in folds), 1 + max(fold.fold for fold in folds)
    no_skill = np.full((len(outputs), repeats, count), np.nan)
    rows = np.zeros_like(no_skill)
    for fold in folds:
        judged = fold.weights.sum(axis=0)
        no_skill[:, fold.repeat, fold.fold] = np.where(judged > 0, fold.no_skill_error, np.nan)
        rows[:, fold.repeat, fold.fold] = judged
    used = sorted({(fit.network.repeat, fit.network.fold, fit.network.seed) for fit in fits})
    positions: dict[tuple[int, int, int], int] = {}
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for repeat, fold_, seed in used:
        positions[repeat, fold_, seed] = counts[repeat, fold_]
        counts[repeat, fold_] += 1
    return RunIndex(outputs, positions, (repeats, count, max(counts.values(), default=1)), no_skill, rows)


def arm_skill(cell: BenchmarkCell, planned: PlannedArm, index: RunIndex) -> Skill:
    """Skill of an arm on every run."""
    row = {name: i for i, name in enumerate(index.outputs)}
    positions, errors = [], []
    for fit in (cell.fits[network_id] for network_id in planned.network_ids if network_id in cell.fits):
        network = fit.network
        run = (network.repeat, network.fold, network.seed)
        for score in fit.scores:
            positions.append((row[score.output], run[0], run[1], index.seeds[run]))
            errors.append(score.error)
    return _skill(index, positions, errors, len(planned.runs))


def reference_skill(references: Iterable[Reference], folds: Sequence[FoldRecord]) -> dict[str, Skill]:
    """Skill of the reference models by name, with one seed."""
    index = run_index(folds)
    row = {name: i for i, name in enumerate(index.outputs)}
    by_model: dict[str, list[Reference]] = defaultdict(list)
    for reference in references:
        by_model[reference.model].append(reference)
    return {
        model: _skill(
            index,
            [(row[r.output], r.repeat, r.fold, 0) for r in members if r.score is not None],
            [r.score.error for r in members if r.score is not None],
            len(folds),
        )
        for model, members in by_model.items()
    }


def _skill(
    index: RunIndex, positions: Sequence[tuple[int, int, int, int]], errors: Sequence[float], planned: int
) -> Skill:
    error = np.full((len(index.outputs), *index.shape), np.nan)
    if positions:
        error[tuple(np.array(positions).T)] = errors
    scale = np.broadcast_to(index.scale, error.shape)
    share = np.divide(error, scale, out=np.full_like(error, np.nan), where=scale > 0)  # a constant output has no skill
    return Skill(1.0 - share, error, planned)


def over_seeds(values: FloatArray) -> FloatArray:
    """Means over the seeds (the last axis) that are known; NaN where none is."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
