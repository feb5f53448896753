"""How a dataset was read, in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.report import format as show
from jointbench.types import ColumnReading, ColumnRole, Dataset

MOST_LINES, MOST_OUTPUTS = 20, 8
MOST_COLUMNS = 6  # named in a line
LETTERS = 200  # of a line
ROLES: tuple[tuple[ColumnRole, str], ...] = (
    ("number", "numbers"),
    ("category", "names"),
    ("date", "dates"),
    ("key", "keys"),
    ("dropped", "left out"),
)


def reading_lines(dataset: Dataset) -> list[str]:
    """At most ``MOST_LINES`` lines: each output with its kind and labels, the other columns by kind, then the notes."""
    kinds = {output.name: output.kind for output in dataset.outputs}
    outputs = [item for item in dataset.reading if item.role == "output"]
    layout = f" ({dataset.layout})" if dataset.layout else ""
    lines = [f"{show.plain(dataset.slug)}: {dataset.rows:,} rows{layout}"]
    lines += [f"  {_output(item, kinds.get(item.name, ''))}" for item in outputs[:MOST_OUTPUTS]]
    if more := outputs[MOST_OUTPUTS:]:
        lines.append(f"  and {len(more)} more outputs: {', '.join(show.shorten(item.name, 30) for item in more)}")
    for role, title in ROLES:
        if items := [item for item in dataset.reading if item.role == role]:
            lines.append(f"  {title} ({len(items):,}): {_columns(items)}")
    lines = [_cut(line) for line in lines]
    most = MOST_LINES - len(lines)
    notes = dataset.notes if len(dataset.notes) <= most else dataset.notes[: most - 1]
    lines += [f"  note: {show.plain(note)}" for note in notes]
    if more_notes := len(dataset.notes) - len(notes):
        lines.append(f"  and {more_notes:,} more notes, which the report has")
    return lines


def _cut(line: str, most: int = LETTERS) -> str:
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def brief_reading(dataset: Dataset) -> str:
    """One line, where many datasets are run."""
    kinds = ", ".join(
        f"{show.plain(output.name)}: {output.kind}" + (f" ({len(output.classes)} classes)" if output.classes else "")
        for output in dataset.outputs
    )
    return f"{show.plain(dataset.slug)}: {dataset.rows:,} rows; {kinds}"


def _output(reading: ColumnReading, kind: str) -> str:
    detail = f"; {reading.detail}" if reading.detail else ""
    missing = f"; {reading.missing:,} missing" if reading.missing else ""
    reason = f" ({reading.reason})" if reading.reason else ""
    return show.plain(f"output {reading.name}: {kind}{reason}, {reading.labels}{missing}{detail}")


def _columns(readings: Sequence[ColumnReading]) -> str:
    """Names, first of the columns of which there is something to say, with what that is."""
    remarkable = sorted(readings, key=lambda item: not (item.detail or item.reason or item.missing))
    named = ", ".join(_column(item) for item in remarkable[:MOST_COLUMNS])
    return _cut(named, LETTERS - 40) + (
        f" and {len(readings) - MOST_COLUMNS:,} more" if len(readings) > MOST_COLUMNS else ""
    )


def _column(reading: ColumnReading) -> str:
    missing = f"{reading.missing:,} missing" if reading.missing and reading.role != "dropped" else ""
    reason = reading.reason if reading.role != "dropped" or "identifier" not in reading.reason else ""  # a note's
    about = "; ".join(text for text in (reason, reading.detail, missing) if text)
    return show.shorten(reading.name, 40) + (f" ({show.plain(about)})" if about else "")
