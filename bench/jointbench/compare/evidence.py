"""A run's records, sorted into cells, and the tables of skill that everything is decided from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jointbench.types import Absence, Assembly, ColdStart, Fit, Fold, Memory, Projection, Record, Reference, Timing


@dataclass(frozen=True, eq=False)
class Cell:
    """The records of one dataset on one backend and device."""

    dataset: str
    backend: str
    device: str
    assemblies: tuple[Assembly, ...]
    fits: Mapping[str, Fit]
    timings: tuple[Timing, ...]
    cold_starts: tuple[ColdStart, ...]
    absences: tuple[Absence, ...]
    folds: tuple[Fold, ...]
    memories: tuple[Memory, ...] = ()
    projections: tuple[Projection, ...] = ()


def cells(records: Iterable[Record]) -> tuple[list[Cell], list[Reference]]:
    """The cells in the order they ran, and all reference scores. A cell with nothing but an Absence is one too."""
    held = list(records)
    sited = [r for r in held if isinstance(r, Assembly | Timing | ColdStart | Memory | Projection | Absence)]
    keys = dict.fromkeys((r.dataset, r.backend, r.device) for r in sited if isinstance(r, Assembly | Absence))
    folds = [r for r in held if isinstance(r, Fold)]
    fits: dict[tuple[str, str, str], dict[str, Fit]] = {key: {} for key in keys}
    for record in held:
        if isinstance(record, Fit):
            network = record.network
            fits[network.dataset, network.backend, network.device][network.id] = record

    def of(kind: type, key: tuple[str, str, str]) -> tuple[object, ...]:
        return tuple(r for r in sited if isinstance(r, kind) and (r.dataset, r.backend, r.device) == key)

    made = [
        Cell(
            *key, of(Assembly, key), fits[key], of(Timing, key), of(ColdStart, key), of(Absence, key),  # type: ignore[arg-type]  # of() keeps the kind it is given
            tuple(fold for fold in folds if fold.dataset == key[0]),
            of(Memory, key), of(Projection, key),  # type: ignore[arg-type]  # the same
        )
        for key in keys
    ]
    return made, [r for r in held if isinstance(r, Reference)]


def no_skill_table(folds: Iterable[Fold]) -> pd.DataFrame:
    """No-skill error by output, one row for each (repeat, fold)."""
    rows = {(f.repeat, f.fold): dict(zip(f.outputs, f.no_skill_error, strict=True)) for f in folds}
    table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    table.index = pd.MultiIndex.from_tuples(table.index, names=["repeat", "fold"])
    return table


def _as_skill(errors: pd.Series, no_skill: pd.Series) -> pd.Series:
    """Errors indexed by (repeat, fold, ...) as skill, against the repeat's mean no-skill error."""
    by_repeat = no_skill.groupby("repeat").mean()
    scale = by_repeat.loc[errors.index.get_level_values("repeat")].to_numpy()
    return pd.Series(1 - errors.to_numpy() / scale, index=errors.index)


def arm_skill(cell: Cell, assembly: Assembly) -> pd.DataFrame:
    """Skill by output, one row for each (repeat, fold, seed); NaN where a network failed."""
    rows = [
        (fit.network.repeat, fit.network.fold, fit.network.seed, score.output, score.error)
        for fit in (cell.fits[network_id] for network_id in assembly.network_ids if network_id in cell.fits)
        for score in (fit.scores or _failed(fit))
    ]
    frame = pd.DataFrame(rows, columns=["repeat", "fold", "seed", "output", "error"])
    errors = frame.pivot(index=["repeat", "fold", "seed"], columns="output", values="error")
    no_skill = no_skill_table(cell.folds)
    return pd.DataFrame({name: _as_skill(errors[name], no_skill[name]) for name in no_skill.columns if name in errors})


def _failed(fit: Fit) -> list[_Failed]:
    return [_Failed(name) for name in fit.network.group]


@dataclass(frozen=True)
class _Failed:
    output: str
    error: float = float("nan")


def reference_skill(references: Sequence[Reference], folds: Iterable[Fold]) -> dict[tuple[str, str], pd.Series]:
    """Skill of the reference models by (model, output): one value for each (repeat, fold)."""
    no_skill = no_skill_table(folds)
    rows = [(r.repeat, r.fold, r.model, r.output, np.nan if r.score is None else r.score.error) for r in references]
    frame = pd.DataFrame(rows, columns=["repeat", "fold", "model", "output", "error"])
    errors = frame.pivot(index=["repeat", "fold"], columns=["model", "output"], values="error")
    return {
        (model, output): _as_skill(errors[model, output], no_skill[output])
        for model, output in {(r.model, r.output): None for r in references}
        if output in no_skill
    }
