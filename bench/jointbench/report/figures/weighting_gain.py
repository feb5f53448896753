"""Methods that set the loss weights: what each gains over the best fixed weights, and what a step costs."""

from __future__ import annotations

import math

from jointbench.explain.weighting_methods import MethodComparison, MethodSkill
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, WIDTH, axes, clipped, drawing, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.svg import INK, SMALL
from jointbench.report.palette import COLOURS
from jointbench.report.tables.explained.weighting_methods import weighting_methods_tables
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.estimate import Estimate

LEFT, RIGHT, ROW = 150, 64, 26
WIDEST = 0.3  # of skill: an interval that is wider is cut, with an arrow head
SENTENCE = (
    "Right of the line is better than the fixed weights that validation rows choose; the grey band is equivalence. On "
    "the right, the seconds of a step over those of one with fixed weights."
)


def weighting_gain_figures(data: MethodComparison, backend: str, slug: str) -> list[Figure]:
    """One row for each method that ran, and one for equal weights; none where no interval is known."""
    drawn = [
        (method, method.gain)
        for method in data.methods
        if method.gain is not None and math.isfinite(method.gain.low) and method.gain.high > method.gain.low
    ]
    if not drawn:
        return []
    phrases = [f"{show.shorten(method.name, 26)} {show.fixed(gain.value, 3, sign=True)}" for method, gain in drawn]
    alternative = "; ".join(phrases) + " of mean skill."
    (table,) = weighting_methods_tables(data, backend)
    return [
        Figure(
            slug=f"{slug}-methods",
            title=f"Methods against the best fixed weights, {show.plain(backend)}",
            sentence=SENTENCE,
            alternative=alternative,
            svg=_draw(drawn, f"{slug}-methods", alternative),
            table=table,
        )
    ]


def _draw(rows: list[tuple[MethodSkill, Estimate]], slug: str, alternative: str) -> str:
    with style():
        surface = drawing(len(rows) * ROW + 46)
        panel = axes(surface, LEFT, 4, WIDTH - LEFT - RIGHT, len(rows) * ROW)
        reach = min(max(0.02, *(abs(end) for _, gain in rows for end in (gain.low, gain.high))) * 1.05, WIDEST)
        panel.set(xlim=(-reach, reach), ylim=(len(rows) - 0.5, -0.5), xlabel="method − best fixed, mean skill")
        panel.axvspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0)
        for position, (method, gain) in enumerate(rows):
            low, high, heads = clipped(gain.low, gain.high, (-reach, reach))
            panel.plot([low, high], [position, position], color=COLOURS[0], linewidth=1.6)
            for at, head in heads:
                panel.plot([at], [position], head, color=COLOURS[0], markersize=5, clip_on=False)
            if -reach <= gain.value <= reach:
                panel.plot([gain.value], [position], "o", color=COLOURS[0], markersize=6)
            if method.seconds is not None and math.isfinite(method.seconds):
                panel.annotate(
                    f"{show.fixed(method.seconds, 2)}x s",
                    xy=(reach, position),
                    xytext=(10, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=SMALL,
                    annotation_clip=False,
                )
        panel.set_yticks(range(len(rows)), [show.shorten(method.name, 26) for method, _ in rows])
        panel.tick_params(axis="y", length=0)
        panel.tick_params(labelsize=SMALL)
        return export(surface, slug, alternative)
