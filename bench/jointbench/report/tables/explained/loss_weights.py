"""Skill by loss weights, and what an output gains from a larger weight."""

from __future__ import annotations

from jointbench.explain.answer import Value
from jointbench.explain.loss_weights import WeightComparison
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def loss_weights_tables(data: WeightComparison, backend: str) -> tuple[Table, ...]:
    effects = ((effect.output, effect.mean, effect.low, effect.high) for effect in data.effects)
    title = (
        "Skill of an output where it weighs 2 to 16 times the others, less that where it weighs a half to a sixteenth"
    )
    headings = ("Output", "Difference", "from", "to")
    return (settings_table(data, backend), answer_table(title, headings, effects, backend))


def settings_table(data: WeightComparison, backend: str) -> Table:
    """Every setting, and the separate networks."""
    rows: list[tuple[Value, ...]] = [
        (
            skill.setting.label,
            "none" if skill.setting.ratio == 1 else skill.setting.output,
            "yes" if skill.on_front else "no",
            skill.setting.ratio,
            *skill.skill,
            skill.validation_skill,
            skill.chosen,
        )
        for skill in data.settings
    ]
    rows.append(("separate", "none", "no network is shared", None, *data.separate_skill, None, None))
    headings = (
        "Weights",
        "Weighed output",
        "On the Pareto front",
        "Ratio to the others",
        *(f"Skill: {output}" for output in data.outputs),
        "Mean skill on validation rows",
        "Splits that choose it",
    )
    return answer_table("Skill by loss weights", headings, rows, backend)
