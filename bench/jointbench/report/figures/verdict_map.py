"""Map of verdicts: a row for each dataset, a square for each output."""

from __future__ import annotations

from jointbench.compare.summary.run import Summary
from jointbench.report import format as show
from jointbench.report.figures.canvas import export, style
from jointbench.report.figures.figure import Figure, caution
from jointbench.report.figures.rows import lay_out
from jointbench.report.figures.svg import SMALL
from jointbench.report.overview import backend_name, cells_of
from jointbench.report.palette import VERDICT_COLOURS, Style
from jointbench.report.tables.table import Cell, Table, columns, name

LETTERS = {"joint": "J", "equivalent": "=", "separate": "S", "inconclusive": "?"}
SENTENCE = (
    "J: joint is better on that output, =: the difference does not matter, S: the other arm is better, "
    "?: the folds cannot tell."
)


def verdict_map(summary: Summary, other: str, slug: str) -> Figure:
    """Winners and losers among all outputs, against one other arm."""
    groups: list[tuple[str, list[tuple[str, list[str]]]]] = []
    rows: list[tuple[Cell, ...]] = []
    for number, dataset in enumerate(summary.datasets, 1):
        lines = []
        for cell in cells_of(summary, dataset.slug):
            verdicts = [(d.output, d.verdict) for d in cell.differences if d.other == other]
            if verdicts:
                lines.append((backend_name(cell), [verdict for _, verdict in verdicts]))
            rows.extend(
                (name(dataset.slug), name(cell.backend), name(cell.device), name(output), Cell(verdict, tone=verdict))
                for output, verdict in verdicts
            )
        groups.append((f"{number}. {dataset.slug}", lines))
    counts = {verdict: sum(line.count(verdict) for _, lines in groups for _, line in lines) for verdict in LETTERS}
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
        table=Table(f"Verdict on every output, against {against}.", titles, tuple(rows), heads=4),
        legend=tuple(Style(verdict, colour, "s") for verdict, colour in VERDICT_COLOURS.items()),
        caution=caution(dataset.folds for dataset in summary.datasets),
    )


def _draw(groups: list[tuple[str, list[tuple[str, list[str]]]]], slug: str, alternative: str) -> str:
    with style():
        rows = lay_out(
            [(heading, [line[0] for line in lines] or ["not compared"]) for heading, lines in groups], ["output"]
        )
        (panel,) = rows.panels
        most = max((len(verdicts) for _, lines in groups for _, verdicts in lines), default=1)
        panel.set_xlim(0.4, max(most, 6) + 0.6)
        panel.set_xticks(range(1, most + 1))
        panel.tick_params(axis="x", length=0)
        panel.spines["bottom"].set_visible(False)
        for heights, (_, lines) in zip(rows.at, groups, strict=True):
            for height, (_, verdicts) in zip(heights, lines, strict=False):
                for verdict, colour in VERDICT_COLOURS.items():
                    at = [i for i, one in enumerate(verdicts, 1) if one == verdict]
                    panel.plot(at, [height] * len(at), "s", color=colour, markersize=11, alpha=0.45)
                for i, verdict in enumerate(verdicts, 1):
                    panel.text(i, height, LETTERS.get(verdict, "?"), fontsize=SMALL, ha="center", va="center_baseline")
        return export(rows.surface, slug, alternative)
