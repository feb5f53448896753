"""Every model on one dataset beside each other, best first: networks, estimators and reference models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.report import format as show
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, name, number

MOST_OUTPUTS = 8  # with a column of their own


@dataclass(frozen=True)
class _Model:
    place: str
    arm: str
    by_output: dict[str, Quality]

    def mean(self, outputs: Sequence[str]) -> float:
        values = [self.by_output[output].skill if output in self.by_output else math.nan for output in outputs]
        return math.fsum(values) / len(values)


def models_table(dataset: DatasetSummary, cells: Sequence[CellSummary]) -> Table | None:
    """Mean skill over the outputs and the skill of each; None where nothing was scored.

    A reference model is fitted for each output, like separate.
    """
    qualities = [(cell.backend, quality) for cell in cells for quality in cell.quality]
    qualities += [("reference", quality) for quality in dataset.references]
    models: dict[tuple[str, str], dict[str, Quality]] = {}
    for place, quality in qualities:
        models.setdefault((place, quality.model), {})[quality.output] = quality
    ranked = sorted(
        (_Model(place, arm, by_output) for (place, arm), by_output in models.items()),
        key=lambda model: -_known(model.mean(dataset.outputs)),
    )
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
        tuple(_row(model, dataset.outputs, shown) for model in ranked),
        heads=2,
    )


def _row(model: _Model, outputs: Sequence[str], shown: Sequence[str]) -> tuple[Cell, ...]:
    return (
        name(model.place),
        name(model.arm),
        number(model.mean(outputs), lambda value: show.fixed(value, 3)),
        *(_skill(model.by_output.get(output)) for output in shown),
    )


def _skill(quality: Quality | None) -> Cell:
    if quality is None or not show.known(quality.skill):
        return NOTHING
    return Cell(show.skill(quality.skill, quality.sd), (quality.skill,))


def _known(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
