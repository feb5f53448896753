"""The report's first screen as Markdown, for a comment on a pull request."""

from __future__ import annotations

import re

from jointbench.comparison.summary.run import Summary
from jointbench.report import format as show
from jointbench.report.overview import answers, cautions, overview_table
from jointbench.report.tables.energy import energy_lines
from jointbench.report.tables.table import Cell, Table

LETTERS = 60  # of a name in a cell
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~$>-])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LIVE = re.compile(r"@|://|www\.|#(?=\d)", re.IGNORECASE)  # what GitHub turns into links and mentions
_BREAK = "\N{ZERO WIDTH SPACE}"


def markdown_report(summary: Summary) -> str:
    """Headline, cautions, the table of comparisons, a sentence for each dataset, and notes on the run."""
    lines = [f"**{escape(summary.headline)}**", ""]
    for caution in cautions(summary):
        lines.extend((f"> {escape(caution)}", ""))
    lines.extend((markdown_table(overview_table(summary)), ""))
    for answer in answers(summary):
        for sentence in answer.sentences:
            label = f"**{escape(answer.slug)}**, {escape(sentence.backend)} on {escape(sentence.device)}"
            advice = f" {escape(sentence.advice)}" if sentence.advice else ""
            lines.append(f"- {label}: **{sentence.verdict or 'not run'}**: {escape(sentence.reason)}{advice}")
            if sentence.command:
                lines.extend(("", f"      {sentence.command}", ""))  # as code, to be copied as it is
    lines.extend(f"- {escape(line)}" for line in energy_lines(summary))
    for note in summary.notes:
        lines.extend(("", f"> {escape(note)}"))
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that Markdown and GitHub show as it is: no markup, HTML, links or mentions."""
    quiet = _LIVE.sub(lambda match: match.group()[:1] + _BREAK + match.group()[1:], show.plain(text))
    entities = re.sub("[&<>]", lambda match: _ENTITIES[match.group()], quiet)
    return re.sub(
        r"&(amp|lt|gt);|" + _MARKS.pattern,
        lambda m: m.group() if m.group().startswith("&") else "\\" + m.group(),
        entities,
    )


def markdown_table(table: Table, letters: int = LETTERS) -> str:
    """A GitHub table under its caption; text in a cell is cut to so many letters."""
    heads = [escape(column.title) for column in table.columns]
    rules = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [[_cell(cell, letters) for cell in row] for row in table.rows]
    lines = [f"| {' | '.join(row)} |" for row in (heads, rules, *rows)]
    return "\n".join((escape(table.caption), "", *lines))


def _cell(cell: Cell, letters: int) -> str:
    return escape(cell.text if cell.values else show.shorten(cell.text, letters))
