"""Posterior probabilities that joint is better, that the difference does not matter, that the other arm is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.compare.summary.decisions import Difference
from jointbench.compare.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, reference_line, style
from jointbench.report.figures.figure import Figure, caution, spoken
from jointbench.report.figures.rows import ROW, lay_out
from jointbench.report.overview import backend_name, cells_of, difference_of, select_columns
from jointbench.report.palette import GREY, Palette, Style
from jointbench.report.tables.quality import PROBABILITIES, cell_name, difference_table
from jointbench.report.tables.table import Cell, Table, columns, name, number

QUARTERS = (0.0, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class PosteriorRow:
    """A row of the figure: its label, the difference with its probabilities and the other arm's style."""

    label: str
    difference: Difference
    mark: Style


def sentence(probability: float) -> str:
    """How to read the figure."""
    return (
        "The bar's left part is the probability that joint is better, the grey part that the difference does not "
        "matter, the right part that the other arm is better; joint is safe where the right part starts beyond "
        f"{probability:g}."
    )


def output_posterior(
    cell: CellSummary, dataset: DatasetSummary, probability: float, colours: Palette, slug: str
) -> Figure:
    """The posterior of each output on one dataset and backend."""
    groups = [
        (output, [PosteriorRow(d.other, d, colours.style(d.other)) for d in cell.differences if d.output == output])
        for output in dataset.outputs
    ]
    alternative = f"Posterior probabilities of each output in {cell_name(cell)}: " + _spoken_rows(groups)
    return Figure(
        slug=slug,
        title="How sure, by output",
        sentence=sentence(probability),
        alternative=alternative,
        svg=_draw(groups, colours.style(cell.joint), probability, slug, alternative),
        table=select_columns(difference_table(cell), f"Probabilities in {cell_name(cell)}.", PROBABILITIES),
        legend=_legend([cell], colours),
        caution=caution([dataset.folds]),
    )


def dataset_posterior(summary: Summary, colours: Palette, slug: str) -> Figure:
    """The posterior of the worst output of every dataset: the one that decides the verdict."""
    groups: list[tuple[str, list[PosteriorRow]]] = []
    table_rows: list[tuple[Cell, ...]] = []
    for order, dataset in enumerate(summary.datasets, 1):
        rows = []
        for cell in cells_of(summary, dataset.slug):
            for i, decision in enumerate(cell.decisions):
                worst = difference_of(cell, decision.worst_output, decision.other)
                if worst is not None:
                    label = backend_name(cell) if i == 0 else ""
                    rows.append(PosteriorRow(label, worst, colours.style(decision.other)))
                    table_rows.append(_table_row(cell, worst))
        groups.append((f"{order}. {dataset.slug}", rows))
    alternative = "Posterior probabilities of the worst output of each dataset: " + _spoken_rows(groups)
    table = Table(
        "Probabilities for the worst output of each dataset.",
        columns(
            ("Dataset", "Backend", "Device", "Against", "Worst output"), ("Joint better", "Equivalent", "Other better")
        ),
        tuple(table_rows),
    )
    joint = next((cell.joint for cell in summary.cells if cell.joint), "")
    return Figure(
        slug=slug,
        title="How sure, worst output of each dataset",
        sentence=sentence(summary.probability),
        alternative=alternative,
        svg=_draw(groups, colours.style(joint), summary.probability, slug, alternative),
        table=table,
        legend=_legend(summary.cells, colours),
        caution=caution(dataset.folds for dataset in summary.datasets),
    )


def _table_row(cell: CellSummary, worst: Difference) -> tuple[Cell, ...]:
    return (
        name(cell.dataset),
        name(cell.backend),
        name(cell.device),
        name(worst.other),
        name(worst.output),
        *(number(probability, show.probability) for probability in _parts(worst)),
    )


def _parts(difference: Difference) -> tuple[float, float, float]:
    """The probabilities in the order in which they are drawn."""
    return (
        difference.probability_joint_better,
        difference.probability_equivalent,
        difference.probability_other_better,
    )


def _legend(cells: Sequence[CellSummary], colours: Palette) -> tuple[Style, ...]:
    arms = dict.fromkeys(arm for cell in cells for arm in (cell.joint, *(d.other for d in cell.differences)) if arm)
    return (*(colours.style(arm) for arm in arms), Style("equivalent", GREY, "s"))


def _spoken_rows(groups: Sequence[tuple[str, Sequence[PosteriorRow]]]) -> str:
    phrases = []
    for heading, rows in groups:
        for row in rows:
            joint, equivalent, other = (show.probability(part) for part in _parts(row.difference))
            arms = f"{show.shorten(heading, 30)} against {show.shorten(row.mark.name, 30)}"
            phrases.append(f"{arms}: joint {joint}, equivalent {equivalent}, other {other}")
    return spoken(phrases)


def _draw(
    groups: Sequence[tuple[str, Sequence[PosteriorRow]]], joint: Style, threshold: float, slug: str, alternative: str
) -> str:
    with style():
        named = [(heading, [row.label for row in rows] or ["not compared"]) for heading, rows in groups]
        layout = lay_out(named, ["probability"])
        (panel,) = layout.panels
        panel.set_xlim(0, 1)
        panel.set_xticks([*QUARTERS, threshold], [*map("{:g}".format, QUARTERS), f"{threshold:g}"])
        for heights, (_, rows) in zip(layout.at, groups, strict=True):
            for height, row in zip(heights, rows, strict=False):
                left = 0.0
                for part, colour in zip(_parts(row.difference), (joint.colour, GREY, row.mark.colour), strict=True):
                    if show.known(part):
                        panel.barh(height, part, ROW * 0.7, left=left, color=colour, linewidth=0)
                        left += part
        reference_line(panel, threshold)
        return export(layout.surface, slug, alternative)
