"""The report's first screen in a terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from jointbench.compare.summary.run import Summary
from jointbench.report import format as show
from jointbench.report.overview import answers, cautions, overview_table
from jointbench.report.skill_text import unusual_skills
from jointbench.report.tables.table import Cell, Table

WORD = 12  # letters of the longest verdict, which must not be split
LETTERS = 30  # of a name in a column; the sentences below the table have the whole name
TONES = {
    "joint": "bold cyan",
    "equivalent": "green",
    "separate": "bold yellow",
    "open": "",
    "noise": "dim",
    "absent": "dim",
}
WIDE, NARROW = 160, 110  # from WIDE up the whole table fits; below NARROW even the middle layout does not
COSTS = (("Training FLOPs",), ("Training step",), ("Latency",))
MIDDLE = (("Dataset",), ("Backend",), ("Against",), ("Verdict",), ("Mean skill difference",), *COSTS)
STACKED = (("Dataset", "Backend"), ("Verdict", "Against"), ("Mean skill difference",), *COSTS)


def terminal_report(summary: Summary, console: Console) -> None:
    """Prints the headline, the table of comparisons and a sentence for each dataset. Names are text, never markup."""
    console.print(Text(show.plain(summary.headline), style="bold"))
    for caution in (*cautions(summary), *unusual_skills(summary), *summary.notes):
        console.print(Text(show.plain(caution), style="yellow"))
    console.print(rich_table(overview_table(summary), console.width))
    for answer in answers(summary):
        for sentence in answer.sentences:
            text = Text(f"{show.plain(answer.slug)}, {sentence.backend} on {sentence.device}: ")
            text.append(sentence.verdict or "not run", style=TONES.get(sentence.verdict, "dim"))
            console.print(text.append(f": {sentence.reason}"))
            if sentence.advice:
                console.print(Text(f"    {sentence.advice}"))
            if sentence.command:
                console.print(Text(f"    {sentence.command}"), soft_wrap=True)


def rich_table(table: Table, width: int) -> RichTable:
    """The table for Rich; a narrow terminal gets only the deciding columns, and names below each other."""
    positions = {column.title: i for i, column in enumerate(table.columns)}
    layout = tuple((title,) for title in positions) if width >= WIDE else MIDDLE if width >= NARROW else STACKED
    output = RichTable(
        caption=Text(table.caption), caption_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    for titles in layout:
        numeric = table.columns[positions[titles[0]]].numeric
        # Rich overflows where minimum widths do not fit, so a narrow terminal gets fixed widths.
        column_width = (10 if titles not in COSTS else 8) if numeric else max((width - 48) // 2, WORD)
        output.add_column(
            Text("\n".join(titles)),
            justify="right" if numeric else "left",
            overflow="fold",
            width=column_width if layout is STACKED else None,
            min_width=WORD if titles == ("Verdict",) else None,
        )
    for row in table.rows:
        output.add_row(
            *(
                Text("\n").join(
                    _rich_text(row[positions[title]], width < NARROW and titles in COSTS) for title in titles
                )
                for titles in layout
            )
        )
    return output


def _rich_text(cell: Cell, brief: bool) -> Text:
    text = cell.text if cell.values or cell.tone else show.shorten(cell.text, LETTERS)
    if len(cell.values) == 3:
        text = text.partition(" (")[0] if brief else text.replace(" (", "\n(")
    return Text(text, style=TONES.get(cell.tone, ""))
