"""From a table's columns to a Dataset: a user's own table, or the one that a card describes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from jointbench.data.asked_columns import column_named, columns_asked, targets_asked
from jointbench.data.card import Card
from jointbench.data.columns import SHOWN, Column, Source, floats, interpret, source_of
from jointbench.data.copied_targets import copied_targets
from jointbench.data.date_text import microseconds
from jointbench.data.features import feature
from jointbench.data.findings import Finding, sentences
from jointbench.data.held_out import TestRows, joined, test_rows
from jointbench.data.identifiers import counts_rows
from jointbench.data.outputs import given_target, target
from jointbench.data.raw_table import RawTable
from jointbench.data.read_file import read_table
from jointbench.data.reading import with_labels
from jointbench.data.spare_columns import spare_columns
from jointbench.data.table_options import TableOptions
from jointbench.data.telling_features import telling_columns
from jointbench.data.weight_column import weighted_table
from jointbench.errors import BadInput
from jointbench.records.strict_json import well_formed
from jointbench.types import ColumnReading, Dataset, FloatArray, IntArray, Provenance


@dataclass(frozen=True, eq=False)
class Features:
    """The feature columns of a table, how each column was read, and what a reader must know of them."""

    frame: pd.DataFrame
    reading: tuple[ColumnReading, ...]
    findings: tuple[Finding, ...] = ()


def load_table(path: Path, options: TableOptions) -> Dataset:
    """The dataset in a user's own table.

    Raises BadInput, one sentence that names file and column, for whatever cannot be used.
    """
    if not options.targets:
        raise BadInput(f"{path}: name the columns to predict with --target NAME, once for each")
    return table_dataset(read_table(path), provenance_of(path), options)


def table_dataset(
    raw: RawTable, provenance: Provenance, options: TableOptions, test: TestRows | None = None
) -> Dataset:
    """The same of a table that is read already; it is called as its path is. test: rows to test on, in place of those
    in the file ``options.test``."""
    test, path = test or test_rows(options), raw.path
    if test is not None:
        raw = joined(raw, test, columns_asked(raw, options.drop, "--drop"))
    dataset = _dataset(raw, provenance, options, test)
    return replace(dataset, slug=well_formed(path.stem), title=well_formed(path.name))


def _dataset(raw: RawTable, provenance: Provenance, options: TableOptions, test: TestRows | None) -> Dataset:
    asked = targets_asked(raw, options)
    group, time, weight = (
        None if key is None else column_named(raw, key) for key in (options.group, options.time, options.weight)
    )
    keys = [key for key in (group, time, weight) if key is not None]
    dropped = [name for name in columns_asked(raw, options.drop, "--drop") if name not in keys]  # no features anyway
    names = frozenset(columns_asked(raw, options.categorical, "--categorical")).difference(keys)
    source = source_of(raw, frozenset(columns_asked(raw, options.keep, "--keep")), names)
    weighted = None if weight is None else weighted_table(raw, weight, list(asked), source)
    raw = raw if weighted is None else weighted.table
    targets_read = [target(interpret(raw.frame[name], name, source), kind, source) for name, kind in asked.items()]
    features = _features(raw, [name for name in raw.frame.columns if name not in (*asked, *keys, *dropped)], source)
    outputs = tuple(item.output for item in targets_read)
    values = {item.output.name: item.values for item in targets_read}
    copies = copied_targets(features.frame, values, outputs)
    telling = telling_columns(features.frame, values, outputs, copies)
    findings = [*copies, *telling, *(finding for item in targets_read for finding in item.findings)]
    readings = [*(item.reading for item in targets_read), *_key_readings(raw, source, group, time)]
    if weighted is not None:
        readings.append(weighted.reading)
    return with_labels(
        Dataset(
            slug="",
            title="",
            features=features.frame,
            targets=values,
            outputs=outputs,
            provenance=provenance,
            groups=None if group is None else _groups(raw.frame[group]),
            time=None if time is None else timestamps(interpret(raw.frame[time], time, source), source),
            notes=(*sentences([*findings, *features.findings]), *raw.remarks),
            reading=(*readings, *features.reading, *(_dropped(name) for name in dropped)),
            keep=options.keep,
            row_weights=None if weighted is None else weighted.weights,
            weight_column=weight or "",
            layout=_layout(raw, source),
            held_out=None if test is None else test.held_out(raw),
            cut_from=raw.cut_from,
        )
    )


def dataset_of_card(slug: str, card: Card, path: Path, provenance: Provenance) -> Dataset:
    """The dataset in the table that a card describes: nothing is inferred, nothing left out.

    Raises BadInput naming a column that is missing or holds a value of the wrong type.
    """
    raw = read_table(path)
    outputs = tuple(item.output() for item in card.outputs)
    roles = [output.name for output in outputs] + ([card.group] if card.group else [])
    for name in [*roles, *card.categorical]:
        column_named(raw, name)
    source = Source(path, declared=frozenset(card.categorical), keep=frozenset(raw.frame.columns))
    targets = [
        given_target(interpret(raw.frame[output.name], output.name, source), output, source) for output in outputs
    ]
    names = [name for name in raw.frame.columns if name not in roles]
    features = [feature(interpret(raw.frame[name], name, source), source) for name in names]
    return with_labels(
        Dataset(
            slug=slug,
            title=card.title,
            features=pd.DataFrame({name: values for item in features for name, values in item.columns.items()}),
            targets={item.output.name: item.values for item in targets},
            outputs=outputs,
            provenance=provenance,
            groups=_groups(raw.frame[card.group]) if card.group else None,
            reading=(
                *(item.reading for item in targets),
                *_key_readings(raw, source, card.group, None),
                *(item.reading for item in features),
            ),
        )
    )


def provenance_of(path: Path) -> Provenance:
    """What is known of a user's own file: its name and the sha256 of its bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Provenance(well_formed(path.name), "not stated", "not stated", digest)


def timestamps(column: Column, source: Source) -> FloatArray:
    """A time key as sortable numbers, (rows,): numbers by rank where they are long, else as they are; microseconds
    since 1970 of dates, in UTC.

    Raises BadInput at the first value that is neither.
    """
    values: FloatArray | None = None
    if column.dates is not None:
        values = microseconds(column.dates)
    elif column.meaning == "number" and column.numbers is not None:
        values = column.numbers if column.exact is None else floats(column.exact.rank(method="dense"))
    bad = np.flatnonzero(np.isnan(values) if values is not None else column.cells.notna().to_numpy())
    if values is not None and not len(bad):
        return values
    row, cell = (column.row(int(bad[0])), column.cells.iloc[int(bad[0])]) if len(bad) else (1, None)
    if column.stray is not None:
        row, cell = column.stray.row, column.stray.cell
    content = "no date or number" if pd.isna(cell) else f"{str(cell)[:SHOWN]!r}, no date or number,"
    raise BadInput(f"{source.path}: time column {column.name!r} holds {content} in data row {row}")


def _layout(raw: RawTable, source: Source) -> str:
    """What was understood of a file, in a few words; of text with its decimal mark."""
    if not raw.delimiter:
        return raw.layout
    first, _, others = raw.layout.partition(", ")
    return ", ".join((first, "decimal comma" if source.mark.comma else "decimal point", others))


def _dropped(name: str) -> ColumnReading:
    return ColumnReading(name=name, role="dropped", reason="as asked")


def _features(table: RawTable, names: Sequence[str], source: Source) -> Features:
    """The features in these columns, without identifiers. Raises BadInput where none is left."""
    columns: dict[str, pd.Series] = {}
    readings: list[ColumnReading] = []
    findings: list[Finding] = []
    interpreted = {name: interpret(table.frame[name], name, source) for name in names}
    dropped = spare_columns([column for name, column in interpreted.items() if name not in source.keep])
    for name, column in interpreted.items():
        if (spare := dropped.get(name)) is not None:
            readings.append(spare.reading)
            findings.append(spare.finding)
            continue
        if name not in source.keep and counts_rows(column):
            findings.append(Finding("counts rows", repr(name)))
        item = feature(column, source)
        columns.update({_free(part, name, (*columns, *names)): values for part, values in item.columns.items()})
        readings.append(item.reading)
        findings.extend(item.findings)
    if not columns:
        shown = "; ".join(f"{reading.name[:40]!r}, {reading.reason}" for reading in readings[:3])
        way_out = "; --keep NAME uses a column" if dropped else ""
        left_out = f" (left out: {shown}{way_out})" if shown else ""
        raise BadInput(f"{table.path} has no feature column left beside its targets{left_out}")
    return Features(pd.DataFrame(columns), tuple(readings), tuple(findings))


def _free(part: str, name: str, used: Sequence[str]) -> str:
    """The name of a feature that is a part of a column, one that no other column has."""
    while part != name and part in used:
        part += "'"
    return part


def _groups(cells: pd.Series) -> IntArray:
    return pd.factorize(cells, use_na_sentinel=False)[0].astype(np.int64)


def _key_readings(table: RawTable, source: Source, group: str | None, time: str | None) -> list[ColumnReading]:
    """How the keys were read; rows without a group are one group."""
    readings = []
    if group is not None:
        cells = table.frame[group]
        missing = int(cells.isna().sum())
        detail = f"groups of rows that share a fold: {len(set(_groups(cells).tolist())):,}"
        detail += ", the rows without one together" if missing else ""
        readings.append(ColumnReading(name=group, role="key", detail=detail, missing=missing))
    if time is not None:
        column = interpret(table.frame[time], time, source)
        ways = ("dates" if column.meaning == "date" else "numbers", *column.ways)
        readings.append(ColumnReading(name=time, role="key", detail=f"splits go forward in time: {', '.join(ways)}"))
    return readings
