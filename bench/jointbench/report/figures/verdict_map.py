"""Map of verdicts: a row for each dataset, a square for each output."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.compare.summary.run import Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.rows import lay_out
from jointbench.report.figures.svg import SMALL
from jointbench.report.overview import backend_name, cells_of
from jointbench.report.palette import VERDICT_COLOURS, Style
from jointbench.report.tables.table import Cell, Table, columns, name

LETTERS = {"joint": "J", "equivalent": "=", "separate": "S", "open": "?"}
SENTENCE = (
    "J: joint is better on that output, =: the difference does not matter, S: the other arm is better, "
    "?: the folds cannot tell."
)


@dataclass(frozen=True)
class VerdictRow:
    """A row of the map: its label, and the verdict on each output."""

    label: str
    verdicts: tuple[str, ...]


def verdict_map(summary: Summary, other: str, slug: str) -> Figure:
    """The verdict on every output of every dataset, against one other arm."""
    groups: list[tuple[str, list[VerdictRow]]] = []
    table_rows: list[tuple[Cell, ...]] = []
    for number, dataset in enumerate(summary.datasets, 1):
        rows = []
        for cell in cells_of(summary, dataset.slug):
            verdicts = [(d.output, d.verdict) for d in cell.differences if d.other == other]
            if verdicts:
                rows.append(VerdictRow(backend_name(cell), tuple(verdict for _, verdict in verdicts)))
            table_rows.extend(
                (name(dataset.slug), name(cell.backend), name(cell.device), name(output), Cell(verdict, tone=verdict))
                for output, verdict in verdicts
            )
        groups.append((f"{number}. {dataset.slug}", rows))
    counts = {verdict: sum(row.verdicts.count(verdict) for _, rows in groups for row in rows) for verdict in LETTERS}
    counted = ", ".join(f"{verdict} {count}" for verdict, count in counts.items())
    against = show.shorten(other, 40)
    alternative = f"Verdicts on every output of every dataset against {against}: {counted}."
    titles = columns(("Dataset", "Backend", "Device", "Output", "Verdict"), ())
    return Figure(
        slug=slug,
        title=f"Verdict on every output, against {against}",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(groups, slug, alternative),
        table=Table(f"Verdict on every output, against {against}.", titles, tuple(table_rows), heads=4),
        legend=tuple(Style(verdict, colour, "s") for verdict, colour in VERDICT_COLOURS.items()),
        caution=caution(dataset.folds for dataset in summary.datasets),
    )


def _draw(groups: list[tuple[str, list[VerdictRow]]], slug: str, alternative: str) -> str:
    with style():
        named = [(heading, [row.label for row in rows] or ["not compared"]) for heading, rows in groups]
        layout = lay_out(named, ["output"])
        (panel,) = layout.panels
        most = max((len(row.verdicts) for _, rows in groups for row in rows), default=1)
        panel.set_xlim(0.4, max(most, 6) + 0.6)
        panel.set_xticks(range(1, most + 1))
        panel.tick_params(axis="x", length=0)
        panel.spines["bottom"].set_visible(False)
        for heights, (_, rows) in zip(layout.at, groups, strict=True):
            for height, row in zip(heights, rows, strict=False):
                for verdict, colour in VERDICT_COLOURS.items():
                    at = [i for i, row_verdict in enumerate(row.verdicts, 1) if row_verdict == verdict]
                    panel.plot(at, [height] * len(at), "s", color=colour, markersize=11, alpha=0.45)
                for i, verdict in enumerate(row.verdicts, 1):
                    panel.text(i, height, LETTERS.get(verdict, "?"), fontsize=SMALL, ha="center", va="center_baseline")
        return export(layout.surface, slug, alternative)
