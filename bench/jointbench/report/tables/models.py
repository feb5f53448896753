"""Every model on one dataset beside each other, best first: networks, estimators and reference models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.report import format as show
from jointbench.report.tables.quality import REFERENCE
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, name, number

MOST_OUTPUTS = 8  # with a column of their own


@dataclass(frozen=True)
class _Model:
    place: str
    arm: str
    mean: float | None
    by_output: dict[str, Quality]


def models_table(dataset: DatasetSummary, cells: Sequence[CellSummary]) -> Table | None:
    """Mean skill over the outputs and the skill of each; None where nothing was scored.

    A reference model is fitted for each output, like separate.
    """
    models = [
        _Model(cell.backend, standing.arm, standing.skill, _by_output(cell.quality, standing.arm))
        for cell in cells
        for standing in cell.standings
    ]
    models += [
        _Model(f"{model}{REFERENCE}", "separate", mean, _by_output(dataset.references, model))
        for model, mean in dataset.reference_skill
    ]
    ranked = sorted(models, key=lambda model: -_known(model.mean))
    if not ranked:
        return None
    shown = dataset.outputs[:MOST_OUTPUTS]
    columns = (
        Column("Model"),
        Column("Arm"),
        Column("Mean skill", True, "over all outputs"),
        *(Column(show.shorten(output, 30), True, "skill") for output in shown),
    )
    return Table(
        "Every model, best first. Skill is the part of a no-skill predictor's error that a model removes, mean over "
        "folds; ± its standard deviation over folds. Differences between rows are tested only where a verdict says so.",
        columns,
        tuple(_row(model, shown) for model in ranked),
        heads=2,
    )


def _row(model: _Model, shown: Sequence[str]) -> tuple[Cell, ...]:
    return (
        name(model.place),
        name(model.arm),
        number(model.mean, lambda value: show.fixed(value, 3)),
        *(_skill(model.by_output.get(output)) for output in shown),
    )


def _skill(quality: Quality | None) -> Cell:
    if quality is None or not show.known(quality.skill):
        return NOTHING
    return Cell(show.skill(quality.skill, quality.sd), tuple(filter(show.known, (quality.skill, quality.sd))))


def _by_output(qualities: Sequence[Quality], model: str) -> dict[str, Quality]:
    return {quality.output: quality for quality in qualities if quality.model == model}


def _known(value: float | None) -> float:
    return -math.inf if value is None or not math.isfinite(value) else value
