"""Churn: how far retraining moves the other outputs, joint and separate, with the same seed and with another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter, MaxNLocator

from jointbench.explain.churn import ArmChange, Churn
from jointbench.explain.retraining import NO_NEW_ROWS, OTHER_SEED, SAME_SEED
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, reference_line, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.figures.rows import Mark, draw_marks, row_panels
from jointbench.report.palette import COLOURS, GREY, MARKERS, Style
from jointbench.report.tables.explained.churn import churn_tables
from jointbench.stats.estimate import Estimate

MOST_ROWS = 12  # pairs of outputs that are drawn; the table has all
SENTENCE = (
    "How far the predictions of an output move when rows come with labels of another one (in brackets). Further right "
    "is more churn; the grey mark is what another seed alone does to the joint network."
)
JOINT_SAME = Style("joint, same seed", COLOURS[0], MARKERS[0])
JOINT_OTHER = Style("joint, another seed", COLOURS[2], MARKERS[2])
SEPARATE_SAME = Style("separate, same seed", COLOURS[1], MARKERS[1])
JOINT_NOTHING = Style("joint, another seed, no new rows", GREY, MARKERS[3])
STYLES = (JOINT_SAME, JOINT_OTHER, SEPARATE_SAME, JOINT_NOTHING)


@dataclass(frozen=True)
class _Panel:
    label: str
    of: Callable[[ArmChange], Estimate | None]


MOVED = _Panel("moved, in spreads", lambda change: change.moved)
FLIPPED = _Panel("decisions flipped, %", lambda change: change.flipped)


def churn_figures(data: Churn, backend: str, slug: str) -> list[Figure]:
    """A row for each pair of outputs; a second panel where some output is a class. None where nothing was measured."""
    every = list(dict.fromkeys((pair.grown, pair.output) for pair in data.outputs))
    pairs = every[:MOST_ROWS]
    more = f" The first {len(pairs)} of {len(every)} pairs; the table has all." if len(every) > len(pairs) else ""
    panels = [
        panel for panel in (MOVED, FLIPPED) if any(mark.estimate.value > 0 for mark in _marks(data, pairs, panel))
    ]
    if not panels:
        return []
    phrases = [
        f"{show.plain(pair.output)} moves by {pair.joint.moved.value:.2f} spreads when rows come for "
        f"{show.plain(pair.grown)}"
        for pair in data.outputs
        if pair.retraining == SAME_SEED and pair.joint.moved is not None and (pair.grown, pair.output) in pairs
    ]
    alternative = f"With the same seed, in the joint network: {spoken(phrases)}"
    (table,) = churn_tables(data, backend)
    return [
        Figure(
            slug=f"{slug}-churn",
            title=f"Churn of the other outputs, {show.plain(backend)}",
            sentence=SENTENCE + more,
            alternative=alternative,
            svg=_draw(data, pairs, panels, f"{slug}-churn", alternative),
            table=table,
            legend=STYLES,
        )
    ]


def _marks(data: Churn, pairs: Sequence[tuple[str, str]], panel: _Panel) -> list[Mark]:
    marks = []
    for own in data.outputs:
        if (own.grown, own.output) not in pairs:
            continue
        row = pairs.index((own.grown, own.output))
        changes = {
            SAME_SEED: ((own.joint, JOINT_SAME), (own.separate, SEPARATE_SAME)),
            OTHER_SEED: ((own.joint, JOINT_OTHER),),
            NO_NEW_ROWS: ((own.joint, JOINT_NOTHING),),
        }[own.retraining]
        for change, look in changes:
            estimate = panel.of(change)
            if estimate is not None and show.known(estimate.value) and show.known(estimate.high):
                marks.append(Mark(row, estimate, look))
    return marks


def _draw(data: Churn, pairs: Sequence[tuple[str, str]], drawn: Sequence[_Panel], slug: str, alternative: str) -> str:
    with style():
        names = [f"{output} ({grown})" for grown, output in pairs]
        surface, panels = row_panels(names, len(STYLES), [panel.label for panel in drawn])
        for axes, panel in zip(panels, drawn, strict=True):
            marks = _marks(data, pairs, panel)
            most = max(mark.estimate.value for mark in marks)
            widest = max(mark.estimate.high for mark in marks)
            axes.set_xlim(-0.06 * min(widest, 2 * most), 1.06 * min(widest, 2 * most))
            reference_line(axes, 0.0)
            draw_marks(axes, marks, STYLES)
            axes.xaxis.set_major_locator(MaxNLocator(3))
            if panel is FLIPPED:
                axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}"))
        return export(surface, slug, alternative)
