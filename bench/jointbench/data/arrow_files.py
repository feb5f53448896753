"""Parquet, Feather and other files of typed columns: what the file declares decides what a column is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather
import pyarrow.parquet as pq

from jointbench.data.raw_table import RawTable, column_names
from jointbench.data.row_sample import sampled_rows
from jointbench.errors import BadInput

NAMELESS_INDEX = re.compile(r"__index_level_\d+__")
NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def read_parquet(path: Path) -> RawTable:
    """The table in a Parquet file, or of a very large one a sample of its rows.

    Raises BadInput as ``raw_table_of`` does, ValueError as ``sampled_rows`` does, and pyarrow's errors.
    """
    with pq.ParquetFile(path) as file:
        sample = sampled_rows(file)
        if sample is None:
            return raw_table_of(file.read(), path, "Parquet")
    table = raw_table_of(sample.table, path, "Parquet")
    table.frame.index = pd.Index(sample.rows)
    return replace(table, remarks=(sample.sentence, *table.remarks), cut_from=sample.whole)


def read_feather(path: Path) -> RawTable:
    """The table in a Feather or Arrow file. Raises BadInput as ``raw_table_of`` does, and pyarrow's errors."""
    return raw_table_of(pa.feather.read_table(str(path), memory_map=False), path, "Feather")


def raw_table_of(table: pa.Table, path: Path, layout: str) -> RawTable:
    """The columns of an Arrow table. Raises BadInput for a column of lists, bytes or records."""
    about: Mapping[str, Any] = table.schema.pandas_metadata or {}
    index = [name for name in about.get("index_columns", ()) if isinstance(name, str)]
    dropped = [name for name in index if NAMELESS_INDEX.fullmatch(name)]
    names, remarks = column_names([name for name in table.column_names if name not in dropped])
    if dropped:
        remarks = ("The file's row index has no name: it is left out, and is no feature.", *remarks)
    declared = {
        str(column["field_name"]) for column in about.get("columns", ()) if column.get("pandas_type") == "categorical"
    }
    places = [place for place, name in enumerate(table.column_names) if name not in dropped]
    columns = [_plain(table.column(place), name, path) for place, name in zip(places, names, strict=True)]
    declared.update(
        name for place, name in zip(places, names, strict=True) if pa.types.is_dictionary(table.column(place).type)
    )
    frame = pa.table(columns, names=[str(place) for place in places]).to_pandas(types_mapper=NULLABLE.get)
    frame.columns = names
    return RawTable(
        path=path, frame=frame, declared=frozenset(declared) & frozenset(names), remarks=remarks, layout=layout
    )


def _plain(column: pa.ChunkedArray, name: str, path: Path) -> pa.ChunkedArray:
    """The column as numbers, booleans, timestamps in microseconds or trimmed text.

    Raises BadInput for a type that is none of them.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(pc.cast(column, kind.value_type), name, path)
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = pc.utf8_trim_whitespace(pc.cast(column, pa.large_string()))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        return pc.cast(column, pa.timestamp("us", zone), safe=False)
    if pa.types.is_time(kind):
        return pc.divide(pc.cast(pc.cast(pc.cast(column, pa.time64("us")), pa.int64()), pa.float64()), 3.6e9)
    if pa.types.is_duration(kind):
        return pc.divide(pc.cast(pc.cast(column, pa.duration("us"), safe=False).cast(pa.int64()), pa.float64()), 1e6)
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return pc.cast(column, pa.float64())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return column
    raise BadInput(
        f"{path}: column {name!r} holds values of type {str(kind)[:60]}, which no network here takes; "
        f"leave it out of the file, or give each part of it a column of its own"
    )
