"""Skill with fewer labels of one output, joint and separate, and where sharing stops paying."""

from __future__ import annotations

from jointbench.explain.label_efficiency import LabelEfficiency
from jointbench.report.tables.answer_table import answer_table, ends
from jointbench.report.tables.table import Table


def label_efficiency_tables(data: LabelEfficiency, backend: str) -> tuple[Table, ...]:
    """The curves; then a row for each output with its crossing."""
    advice = answer_table(
        f"Where sharing stops paying, over {data.splits} splits (95 % interval)",
        ("Output", "What to do", "Labels at which sharing stops paying", "from", "to"),
        [(own.output, own.advice, *map(_whole, (own.crossing, own.low, own.high))) for own in data.curves],
        backend,
    )
    return curve_table(data, backend), advice


def curve_table(data: LabelEfficiency, backend: str) -> Table:
    return answer_table(
        f"Skill with fewer labels of one output, over {data.splits} splits (differences with their 95 % interval)",
        ("Output", "Its labels", "Joint", "Separate", "Joint minus separate", "from", "to"),
        [
            (own.output, _whole(point.labels), point.joint, point.separate, *ends(point.gain))
            for own in data.curves
            for point in own.points
        ],
        backend,
    )


def _whole(labels: float | None) -> int | None:
    return None if labels is None else round(labels)
