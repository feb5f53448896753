"""Methods that set the loss weights: what each gains over the best fixed weights, and what a step costs."""

from __future__ import annotations

import math

from jointbench.explain.weighting_methods import MethodComparison, MethodSkill
from jointbench.report import format as show
from jointbench.report.figures.canvas import BAND, export, reference_line, style
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.rows import Mark, draw_marks, row_panels
from jointbench.report.figures.svg import INK
from jointbench.report.palette import COLOURS, MARKERS, Style
from jointbench.report.tables.explained.weighting_methods import weighting_methods_tables
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.estimate import Estimate

WIDEST = 0.3  # of skill: an interval that is wider is cut, with an arrow head
SENTENCE = (
    "Right of the line is better than the fixed weights that validation rows choose; the grey band is equivalence. "
    "Beside the name, the seconds of a step over those of one with fixed weights."
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
    mark = Style("method", COLOURS[0], MARKERS[0])
    with style():
        surface, (panel,) = row_panels([_label(method) for method, _ in rows], 1, ["method − best fixed, mean skill"])
        reach = min(max(0.02, *(abs(end) for _, gain in rows for end in (gain.low, gain.high))) * 1.05, WIDEST)
        panel.set_xlim(-reach, reach)
        panel.axvspan(-ROPE, ROPE, color=INK, alpha=BAND, linewidth=0)
        reference_line(panel, 0.0)
        draw_marks(panel, [Mark(row, gain, mark) for row, (_, gain) in enumerate(rows)], [mark])
        return export(surface, slug, alternative)


def _label(method: MethodSkill) -> str:
    """The method's name, and what its step takes."""
    if method.seconds is None or not math.isfinite(method.seconds):
        return method.name
    return f"{show.shorten(method.name, 26)}, {show.fixed(method.seconds, 2)}x"
