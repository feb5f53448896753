"""Skill of every output under every arm and reference model, with a dot for each fold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.ticker import MaxNLocator

from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, levels, looks, reference_line, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.rows import Mark, draw_marks, name_rows, row_panels
from jointbench.report.palette import GREY, REFERENCE_MARKERS, Palette, Style
from jointbench.report.tables.quality import REFERENCE, cell_name, fold_table, quality_of
from jointbench.stats.estimate import Estimate

FLOOR = -1.0  # lower folds are not drawn: they would squeeze all the others together
SENTENCE = (
    "Further right is better: 1 is perfect, 0 is no better than always guessing the average; small dots are folds, "
    "the large mark is their mean, an arrow head is further left than the figure; grey are reference models."
)


def skill_figure(cell: CellSummary, dataset: DatasetSummary, colours: Palette, slug: str) -> Figure:
    """The skill figure of one dataset on one backend and device."""
    pairs = [pair for output in dataset.outputs for pair in quality_of(cell, dataset, output)]
    references = dict.fromkeys(quality.model for quality, reference in pairs if reference)
    styles = {
        (arm, False): colours.style(arm) for arm in dict.fromkeys(q.model for q, reference in pairs if not reference)
    }
    for place, model in enumerate(references):
        styles[model, True] = Style(model + REFERENCE, GREY, REFERENCE_MARKERS[place % len(REFERENCE_MARKERS)])
    phrases = [
        f"{show.shorten(quality.output, 30)} {show.shorten(quality.model, 30)} {show.skill(quality.skill, quality.sd)}"
        for quality, _ in pairs
    ]
    alternative = f"Skill of each output in {cell_name(cell)}: " + spoken(phrases)
    lines = [(quality, styles[quality.model, reference]) for quality, reference in pairs]
    return Figure(
        slug=slug,
        title="Skill, by output",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(lines, dataset.outputs, tuple(styles.values()), slug, alternative),
        table=fold_table(cell, dataset),
        legend=tuple(styles.values()),
        caution=caution([dataset]),
    )


def _draw(
    lines: Sequence[tuple[Quality, Style]],
    outputs: Sequence[str],
    styles: Sequence[Style],
    slug: str,
    alternative: str,
) -> str:
    arms = levels(styles)
    folds = pd.DataFrame(
        [
            (outputs.index(quality.output), arms[mark.name], value)
            for quality, mark in lines
            for value in quality.per_fold
            if show.known(value)
        ],
        columns=["output", "model", "skill"],
    )
    lowest = max(min([0.0, *folds.skill]), FLOOR)
    with style():
        surface, (panel,) = row_panels(outputs, len(styles), ["skill"])
        panel.set_xlim(lowest - 0.03, max([1.0, *folds.skill]) + 0.03)
        panel.grid(True, axis="x")
        reference_line(panel, 0.0)
        drawn = folds[folds.skill >= lowest]
        if len(drawn):
            seaborn.stripplot(
                drawn,
                x="skill",
                y="output",
                hue="model",
                order=range(len(outputs)),
                orient="h",
                dodge=True,
                jitter=False,
                size=3.5,
                alpha=0.5,
                ax=panel,
                **looks(styles),
            )
        _as_strokes(panel)
        name_rows(panel, outputs)
        draw_marks(panel, [_mean(quality, mark, outputs, lowest) for quality, mark in lines], styles)
        panel.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        return export(surface, slug, alternative)


def _as_strokes(panel: Axes) -> None:
    """Makes the dots of an arm and output one path, of strokes without length and with round ends: a fifth of the text."""
    for dots in [dots for dots in panel.collections if isinstance(dots, PathCollection)]:
        places = np.asarray(dots.get_offsets())
        if len(places):
            strokes = np.repeat(places, 3, axis=0)
            strokes[2::3] = np.nan
            colour, size = dots.get_facecolor()[0], math.sqrt(dots.get_sizes()[0])
            panel.plot(*strokes.T, color=colour, linewidth=size, solid_capstyle="round", zorder=2)
        dots.remove()


def _mean(quality: Quality, mark: Style, outputs: Sequence[str], lowest: float) -> Mark:
    """The mean over folds; an arrow head beside it where a fold lies below the figure."""
    below = any(show.known(value) and value < lowest for value in quality.per_fold)
    return Mark(
        outputs.index(quality.output), Estimate(quality.skill, -math.inf if below else math.nan, math.nan), mark
    )
