"""The table of how a dataset's columns were read."""

from __future__ import annotations

from jointbench.comparison.summary.run import DatasetSummary
from jointbench.report import format as show
from jointbench.report.tables.table import Cell, Column, Table, name
from jointbench.types import ColumnReading


def reading_table(dataset: DatasetSummary) -> Table | None:
    """Each column of the dataset's table, outputs first; None where a run did not record it."""
    if not dataset.reading:
        return None
    kinds = dict(zip(dataset.outputs, dataset.kinds, strict=True))
    return Table(
        "How each column was read. Missing: rows without a value, of an output in the rows used, of another column in "
        "the file.",
        (Column("Column"), Column("Read as"), Column("How"), Column("Missing", numeric=True)),
        tuple(_row(reading, kinds.get(reading.name, "")) for reading in dataset.reading),
        source="reading",
    )


def _row(reading: ColumnReading, kind: str) -> tuple[Cell, ...]:
    read_as = f"output, {kind}" if reading.role == "output" else reading.role
    details = "; ".join(text for text in (reading.reason, reading.labels, reading.detail) if text)
    missing = Cell(f"{reading.missing:,}", (float(reading.missing),))
    return name(reading.name), Cell(read_as), Cell(show.plain(details) if details else "as it stands"), missing
