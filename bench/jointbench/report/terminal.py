"""The report's first screen in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from jointbench.compare.summary import Summary
from jointbench.report import format as show
from jointbench.report.overview import answers, cautions, overview_table
from jointbench.report.table import Cell, Table

LETTERS = 28  # of a name in a column; the sentences below the table have it whole
TONES = {"joint": "bold cyan", "equivalent": "green", "separate": "bold yellow", "inconclusive": "", "noise": "dim", "absent": "dim"}
WIDE = 150  # columns of a terminal that holds the whole table
ESSENTIAL = ("Dataset", "Backend", "Against", "Verdict", "Mean skill difference", "Training FLOPs", "Training step", "Latency")


def terminal_report(summary: Summary, console: Console) -> None:
    """Prints the headline, the table of comparisons and a sentence for each dataset. Names are text, never markup."""
    console.print(Text(show.plain(summary.headline), style="bold"))
    for caution in (*cautions(summary), *summary.notes):
        console.print(Text(show.plain(caution), style="yellow"))
    console.print(grid(overview_table(summary), console.width))
    for answer in answers(summary):
        for sentence in answer.sentences:
            said = Text(f"{show.plain(answer.slug)}, {sentence.backend} on {sentence.device}: ")
            said.append(sentence.verdict or "not run", style=TONES.get(sentence.verdict, "dim"))
            console.print(said.append(f". {sentence.reason}"))


def grid(table: Table, width: int) -> Grid:
    """The table in Rich; a narrow terminal gets the columns that decide, each row below its rule."""
    kept = [i for i, column in enumerate(table.columns) if width >= WIDE or column.title in ESSENTIAL]
    made = Grid(caption=Text(table.caption), caption_justify="left", show_lines=False, pad_edge=False)
    for i in kept:
        made.add_column(Text(table.columns[i].title), justify="right" if table.columns[i].numeric else "left", overflow="fold")
    for row in table.rows:
        made.add_row(*(_text(row[i]) for i in kept))
    return made


def _text(cell: Cell) -> Text:
    return Text(cell.text if cell.values else show.shorten(cell.text, LETTERS), style=TONES.get(cell.tone, ""))
