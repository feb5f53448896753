"""How a text table is laid out: its delimiter, its header, and the lines above that."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice

DELIMITERS = ",;\t|"
RECORDS = 200  # at the head of a file, from which the layout is told
HEADER_WITHIN = 30  # records: what stands above the header is a title, not a table


@dataclass(frozen=True)
class Dialect:
    """A layout. header: its cells. lines: down to the end of the header. width: fields of a row. above: its title.

    regular: share of the rows that have as many fields.
    """

    delimiter: str
    header: tuple[str, ...]
    lines: int
    width: int
    above: tuple[str, ...]
    regular: float

    @property
    def rank(self) -> tuple[bool, bool, int, float, int]:
        """The larger, the likelier: several columns, rows alike, nothing above the header."""
        return self.width > 1, self.regular >= 0.9, -len(self.above), self.regular, self.width


def dialect(sample: str) -> Dialect | None:
    """The likeliest layout of the text at the head of a file; None where it holds no line.

    Raises csv.Error for a field that no table has.
    """
    layouts, errors = [], []
    for delimiter in DELIMITERS:
        try:
            layouts.append(_layout(sample, delimiter))
        except csv.Error as error:  # a line of many columns is one long field at another delimiter
            errors.append(error)
    if not layouts:
        raise errors[0]
    return max((layout for layout in layouts if layout is not None), key=lambda layout: layout.rank, default=None)


def _layout(sample: str, delimiter: str) -> Dialect | None:
    """The sample split at this delimiter. A row's width is the commonest; the header may have one name fewer."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    records = [(record, reader.line_num) for record in islice(reader, RECORDS) if any(cell.strip() for cell in record)]
    if not records:
        return None
    counts = Counter(len(record) for record, _ in records)
    width = max(counts, key=lambda size: (counts[size], size))
    sizes = [len(record) for record, _ in records] + [width]
    heads = [i for i, (record, _) in enumerate(records) if _is_header(record, width) and sizes[i + 1] == width]
    place = heads[0] if heads and heads[0] < HEADER_WITHIN else 0
    record, lines = records[place]
    header = tuple(record[:width]) if not any(cell.strip() for cell in record[width:]) else tuple(record)
    rows = sizes[place + 1 : -1]
    return Dialect(
        delimiter=delimiter,
        header=header,
        lines=lines,
        width=width,
        above=tuple(delimiter.join(row).strip(delimiter + " ") for row, _ in records[:place]),
        regular=rows.count(width) / len(rows) if rows else 1.0,
    )


def _is_header(record: list[str], width: int) -> bool:
    """Whether a record can name the columns: as many fields as a row (or one fewer), more than half of them filled."""
    ending = [cell for cell in record[width:] if cell.strip()]
    filled = sum(bool(cell.strip()) for cell in record)
    return len(record) >= width - 1 and not ending and filled > width / 2
