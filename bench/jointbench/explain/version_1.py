"""Answers of explain.json's first version, which held printed tables in place of data.

The headings are those that version wrote: no later version changes them.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.explain import conflict_vs_transfer, gradient_conflict, loss_weights, representations, weighting_methods
from jointbench.explain.answer import AnswerData, Value, check_lengths
from jointbench.explain.conflict_vs_transfer import ConflictByDataset, DatasetConflict
from jointbench.explain.gradient_conflict import GradientConflict, GradientCourse
from jointbench.explain.loss_weight_sweep import Setting
from jointbench.explain.loss_weights import SettingSkill, WeightComparison
from jointbench.explain.representations import RepresentationComparison
from jointbench.explain.similarity import SimilarityByLayer
from jointbench.explain.weighting_methods import MethodComparison, MethodSkill
from jointbench.stats.estimate import Estimate

LENGTH, SKILL = "Gradient length: ", "Skill: "


@dataclass(frozen=True)
class Table:
    """A printed table: text, numbers, or None for what was not measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        check_lengths(len(self.columns), *self.rows)
        for value in itertools.chain.from_iterable(self.rows):
            if isinstance(value, int):
                float(value)  # raises OverflowError for what no table can show


@dataclass(frozen=True)
class FirstVersionTables(AnswerData):
    """All that the first version kept of an answer's numbers. question: its short name."""

    question: str
    tables: tuple[Table, ...]

    @property
    def has_figures(self) -> bool:
        """Whether the question's answers are drawn."""
        return self.question in DRAWN

    def drawn_data(self) -> AnswerData | None:
        """As much of today's data as the question's figures need; None where the tables are not as first written."""
        try:
            return DRAWN[self.question](self.tables)
        except (ValueError, TypeError, IndexError, KeyError):
            return None


def _table(tables: Sequence[Table], title: str) -> Table:
    """The table whose title begins so. Raises ValueError where there is none."""
    for table in tables:
        if table.title.startswith(title):
            return table
    raise ValueError(title)


def _numbers(table: Table, heading: str) -> tuple[float, ...]:
    """A column's values, not-a-number for None."""
    column = table.columns.index(heading)
    values = [row[column] for row in table.rows]
    return tuple(math.nan if value is None else float(value) for value in values)


def _texts(table: Table, heading: str) -> tuple[str, ...]:
    column = table.columns.index(heading)
    return tuple(str(row[column]) for row in table.rows)


def _gradient_conflict(tables: Sequence[Table]) -> GradientConflict:
    table = _table(tables, "Along training")
    headings = [heading for heading in table.columns if heading.startswith(LENGTH)]
    course = GradientCourse(
        outputs=tuple(heading.removeprefix(LENGTH) for heading in headings),
        part=_numbers(table, "Part of training"),
        cosine=_numbers(table, "Mean cosine"),
        conflict_share=_numbers(table, "Share below 0"),
        large_batch_cosine=_numbers(table, "Mean cosine, more rows"),
        lengths=tuple(zip(*(_numbers(table, heading) for heading in headings), strict=True)),
    )
    return GradientConflict(outputs=(), pairs=(), course=course)


def _loss_weights(tables: Sequence[Table]) -> WeightComparison:
    """The last row is that of the separate networks."""
    table = _table(tables, "Skill by loss weights")
    headings = [heading for heading in table.columns if heading.startswith(SKILL)]
    *skills, separate = zip(*(_numbers(table, heading) for heading in headings), strict=True)
    labels, weighed = _texts(table, "Weights"), _texts(table, "Weighed output")
    ratios, fronts = _numbers(table, "Ratio to the others"), _texts(table, "On the Pareto front")
    validation, chosen = _numbers(table, "Mean skill on validation rows"), _numbers(table, "Splits that choose it")
    settings = tuple(
        SettingSkill(
            setting=Setting(weighed[i], ratios[i], tuple(float(weight) for weight in labels[i].split(":"))),
            on_front=fronts[i] == "yes",
            skill=skill,
            validation_skill=validation[i],
            chosen=int(chosen[i]),
        )
        for i, skill in enumerate(skills)
    )
    outputs = tuple(heading.removeprefix(SKILL) for heading in headings)
    return WeightComparison(outputs=outputs, settings=settings, separate_skill=separate, effects=())


def _weighting_methods(tables: Sequence[Table]) -> MethodComparison:
    table = _table(tables, "Methods beside fixed weights")
    splits = re.search(r"over (\d+) splits", table.title)
    states = _texts(table, "State")
    gains = zip(*(_numbers(table, heading) for heading in ("Method minus best fixed", "from", "to")), strict=True)
    skill, step_flops, seconds, low, high, train_flops = (
        _numbers(table, heading)
        for heading in (
            "Mean skill",
            "FLOPs of a step, over fixed",
            "Seconds of a step, over fixed",
            "at least",
            "at most",
            "Training FLOPs to the stop, over equal weights",
        )
    )
    methods = tuple(
        MethodSkill(
            name=name,
            failure=None if states[i] == "trained" else states[i],
            skill=skill[i],
            gain=Estimate(*gain),
            step_flops=step_flops[i],
            seconds=seconds[i],
            seconds_low=low[i],
            seconds_high=high[i],
            train_flops=train_flops[i],
        )
        for i, (name, gain) in enumerate(zip(_texts(table, "Method"), gains, strict=True))
    )
    return MethodComparison(int(splits.group(1)) if splits else 0, methods)


def _conflict_vs_transfer(tables: Sequence[Table]) -> ConflictByDataset:
    table = _table(tables, "Conflict in the shared layers")
    headings = ("Share of steps in conflict", "Mean cosine", "Joint minus separate, mean skill")
    columns = (_numbers(table, heading) for heading in headings)
    return ConflictByDataset(
        tuple(DatasetConflict(name, *values) for name, *values in zip(_texts(table, "Dataset"), *columns, strict=True))
    )


def _representations(tables: Sequence[Table]) -> RepresentationComparison:
    """Two rows an output: joint and separate, then two seeds."""
    table = _table(tables, "CKA by trunk layer")
    layers = table.columns[1:]
    names = [name.removeprefix("joint and ") for name in _texts(table, "Networks")[::2]]
    by_layer = [tuple(None if value is None else float(value) for value in row[1:]) for row in table.rows]
    outputs = tuple(
        SimilarityByLayer(name=name, between=between, within=within, difference=None, reading="")
        for name, between, within in zip(names, by_layer[::2], by_layer[1::2], strict=True)
    )
    return RepresentationComparison(layers=layers, outputs=outputs)


DRAWN = {
    gradient_conflict.KEY: _gradient_conflict,
    loss_weights.KEY: _loss_weights,
    weighting_methods.KEY: _weighting_methods,
    conflict_vs_transfer.KEY: _conflict_vs_transfer,
    representations.KEY: _representations,
}
