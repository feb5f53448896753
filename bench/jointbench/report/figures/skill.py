"""Skill of every output under every arm and reference model, with a dot for each fold."""

from __future__ import annotations

from jointbench.compare.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, reference_line, strip_points, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.rows import lay_out
from jointbench.report.palette import Palette, Style
from jointbench.report.tables.quality import cell_name, fold_table, quality_of

FLOOR = -1.0  # lower folds are not drawn: they would squeeze all the others together
SENTENCE = (
    "Further right is better: 1 is perfect, 0 is no better than always guessing the average; "
    "small dots are folds, the large mark is their mean, grey crosses are reference models."
)


def skill_figure(cell: CellSummary, dataset: DatasetSummary, colours: Palette, slug: str) -> Figure:
    """The skill figure of one dataset on one backend and device."""
    groups = [
        (output, [(quality, colours.style(quality.model)) for quality, _ in quality_of(cell, dataset, output)])
        for output in dataset.outputs
    ]
    phrases = [
        f"{show.shorten(quality.output, 30)} {show.shorten(quality.model, 30)} {show.skill(quality.skill, quality.sd)}"
        for _, lines in groups
        for quality, _ in lines
    ]
    alternative = f"Skill of each output in {cell_name(cell)}: " + spoken(phrases)
    arms = dict.fromkeys(quality.model for quality in cell.quality)
    return Figure(
        slug=slug,
        title="Skill, by output",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(groups, slug, alternative),
        table=fold_table(cell, dataset),
        legend=tuple(colours.style(arm) for arm in arms),
        caution=caution([dataset.folds]),
    )


def _draw(groups: list[tuple[str, list[tuple[Quality, Style]]]], slug: str, alternative: str) -> str:
    with style():
        named = [(output, [mark.name for _, mark in lines] or ["no result"]) for output, lines in groups]
        rows = lay_out(named, ["skill"])
        (panel,) = rows.panels
        folds = [
            value for _, lines in groups for quality, _ in lines for value in quality.per_fold if show.known(value)
        ]
        lowest = max(min([0.0, *folds]), FLOOR)
        panel.set_xlim(lowest - 0.03, max(1.0, *folds, 0.0) + 0.03)
        panel.grid(axis="x", alpha=0.2, linewidth=0.6)
        reference_line(panel, 0.0)
        for heights, (_, lines) in zip(rows.at, groups, strict=True):
            for height, (quality, mark) in zip(heights, lines, strict=False):
                drawn_folds = [value for value in quality.per_fold if show.known(value) and value >= lowest]
                strip_points(panel, drawn_folds, [height] * len(drawn_folds), mark.colour)
                if len(drawn_folds) < len(quality.per_fold):
                    panel.plot([lowest - 0.02], [height], "<", color=mark.colour, markersize=5, clip_on=False)
                if show.known(quality.skill) and quality.skill >= lowest:
                    panel.plot([quality.skill], [height], mark.marker, color=mark.colour, markersize=6.5, zorder=4)
        return export(rows.surface, slug, alternative)
