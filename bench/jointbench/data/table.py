"""Tables: reading a CSV or Parquet file, and typing its columns as features and outputs."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from jointbench.errors import BadInput
from jointbench.records.strict_json import well_formed
from jointbench.types import Dataset, FloatArray, IntArray, Kind, Output, Provenance

MAX_CLASSES = 20  # of a text target
MISSING_CATEGORY = "(missing)"  # what a missing value of a categorical feature becomes
NEARLY_ALL = 0.9  # of a text column: from that share of numbers on it is taken for a numeric one
KINDS: dict[str, Kind] = {"regression": "regression", "binary": "binary", "multiclass": "multiclass"}


@dataclass(frozen=True, eq=False)
class Table:
    """A table's columns by role. Arrays have one entry per row. targets: values, or class codes; NaN where missing."""

    features: pd.DataFrame
    targets: dict[str, FloatArray]
    groups: IntArray | None
    time: FloatArray | None = None


def read_table(path: Path) -> pd.DataFrame:
    """The table in a CSV (comma, semicolon or tab; also .gz, .xz) or Parquet file.

    Raises BadInput for a file that is missing, empty or cannot be read.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            header = pd.read_csv(path, nrows=0).columns
            separator = next((mark for mark in ";\t" if len(header) == 1 and mark in str(header[0])), ",")
            frame = pd.read_csv(path, sep=separator, low_memory=False)
    except pd.errors.EmptyDataError as error:
        raise BadInput(f"{path} is empty; a CSV file with a header line is wanted") from error
    except (OSError, ValueError, EOFError, ImportError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} cannot be read as a table: {str(error).strip().splitlines()[0]}") from error
    if frame.empty:
        raise BadInput(f"{path} has a header but no rows")
    frame.columns = [str(column) for column in frame.columns]
    return frame.reset_index(drop=True)


def infer_output(column: pd.Series, name: str, path: Path) -> Output:
    """The output in a column, its kind inferred: text, booleans and two-valued integers are classes, other numbers
    are regression targets. (So is a grade from 3 to 9, unless the user asks for ``NAME:multiclass``.)

    Raises BadInput as ``make_output`` does.
    """
    values = column.dropna().infer_objects()  # booleans with a missing value are read as objects
    if pd.api.types.is_bool_dtype(values):
        kind: Kind = "binary"
    elif pd.api.types.is_numeric_dtype(values):
        whole = bool(np.all(values.to_numpy(float) == np.round(values.to_numpy(float))))
        count = values.nunique()
        kind = "regression" if not whole or count > MAX_CLASSES else "binary" if count == 2 else "regression"
    elif not _is_categorical(values):
        kind = "regression"  # numbers with a stray text among them: make_output reports it
    else:
        kind = "binary" if values.nunique() == 2 else "multiclass"
    return make_output(column, name, kind, path)


def make_output(column: pd.Series, name: str, kind: Kind, path: Path) -> Output:
    """An output of this kind, its classes read off the column.

    Raises BadInput for a target with one value, for text where numbers are expected, for too many classes.
    """
    values = column.dropna()
    if values.nunique() < 2:
        raise BadInput(f"{path}: target {name!r} has only one value; there is nothing to learn, choose another column")
    if kind == "regression":
        numeric(column, name, path, "regression target")
        return Output(name, kind)
    classes = tuple(str(value) for value in sorted(values.unique()))
    if kind == "binary" and len(classes) != 2:
        raise BadInput(f"{path}: target {name!r} has {len(classes)} classes, not 2; ask for {name}:multiclass")
    if len(classes) > MAX_CLASSES:
        raise BadInput(
            f"{path}: target {name!r} as classes has {len(classes)} different values; "
            f"at most {MAX_CLASSES} classes are supported, choose another column"
        )
    return Output(name, kind, classes)


def numeric(column: pd.Series, name: str, path: Path, role: str) -> FloatArray:
    """The column as float64, (rows,), NaN where a value is missing.

    Raises BadInput at the first value that is no finite number. role: what the column is for, in that message.
    """
    if pd.api.types.is_bool_dtype(column):
        return column.to_numpy(np.float64)
    if column.dtype.kind in "mM":
        column = column.astype("int64").where(column.notna())
    values = pd.to_numeric(column, errors="coerce")
    invalid = values.isna() & column.notna()
    if invalid.any():
        row = int(np.flatnonzero(invalid.to_numpy())[0])
        raise BadInput(
            f"{path}: {role} {name!r} holds the text {str(column.iloc[row])[:40]!r} in data row {row + 1}, "
            f"where a number is expected"
        )
    result: FloatArray = values.to_numpy(np.float64, na_value=np.nan)
    if np.isinf(result).any():
        row = int(np.flatnonzero(np.isinf(result))[0])
        raise BadInput(f"{path}: {role} {name!r} holds an infinite value in data row {row + 1}")
    return result


def codes(column: pd.Series, output: Output, path: Path) -> FloatArray:
    """Class codes as float64, (rows,), NaN where the label is missing. Raises BadInput for an unknown class."""
    by_class = {label: code for code, label in enumerate(output.classes)}
    result = np.full(len(column), np.nan)
    present = column.notna().to_numpy()
    labels = column[present].astype(str)
    if unknown := set(labels.unique()) - set(by_class):
        raise BadInput(
            f"{path}: target {output.name!r} holds {sorted(unknown)[0]!r}, "
            f"which is none of its classes {', '.join(output.classes)}"
        )
    result[present] = labels.map(by_class).to_numpy(np.float64)
    return result


def typed(
    frame: pd.DataFrame,
    outputs: Sequence[Output],
    categorical: Sequence[str] | None,
    group: str | None,
    path: Path,
    time: str | None = None,
) -> Table:
    """Splits a frame into features, targets and keys.

    categorical: feature columns that hold categories; None infers them (text columns).
    group, time: key columns, which are no features. path: the file to name in a message.
    Raises BadInput naming a column that is missing or holds a value of the wrong type.
    """
    roles = [output.name for output in outputs] + [key for key in (group, time) if key is not None]
    for name in [*roles, *(categorical or ())]:
        if name not in frame.columns:
            raise BadInput(f"{path} has no column {name!r}; its columns are {_listed(frame.columns)}")
    targets = {
        output.name: numeric(frame[output.name], output.name, path, "regression target")
        if output.kind == "regression"
        else codes(frame[output.name], output, path)
        for output in outputs
    }
    features = frame.drop(columns=list(dict.fromkeys(roles)))
    if features.shape[1] == 0:
        raise BadInput(f"{path} has no feature column left beside its targets")
    columns: dict[str, pd.Series] = {}
    for name in features.columns:
        column = features[name]
        if _is_categorical(column) if categorical is None else name in categorical:
            columns[name] = column.astype("string").fillna(MISSING_CATEGORY).astype("category")
        else:
            columns[name] = pd.Series(numeric(column, name, path, "feature"))
    groups = None if group is None else pd.factorize(frame[group], use_na_sentinel=False)[0].astype(np.int64)
    times = None if time is None else timestamps(frame[time], time, path)
    return Table(pd.DataFrame(columns), targets, groups, times)


def _is_categorical(column: pd.Series) -> bool:
    """Whether the column is text. Text that is nearly all numbers counts as numeric; `numeric` reports the rest."""
    if pd.api.types.is_numeric_dtype(column):
        return False
    present = column.dropna()
    return bool(pd.to_numeric(present, errors="coerce").notna().mean() < NEARLY_ALL) if len(present) else False


def timestamps(column: pd.Series, name: str, path: Path) -> FloatArray:
    """A time key as sortable numbers, (rows,): numbers as they are, text as the seconds of its dates since 1970.

    Raises BadInput at the first value that is neither.
    """
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64)
    else:
        dates = pd.to_datetime(column, errors="coerce", format="mixed")
        values = dates.astype("datetime64[s]").astype("int64").to_numpy(np.float64)
        values[dates.isna().to_numpy()] = np.nan
    if np.isnan(values).any():
        row = int(np.flatnonzero(np.isnan(values))[0])
        raise BadInput(f"{path}: time column {name!r} holds no date or number in data row {row + 1}")
    return values


def load_table(path: Path, targets: Sequence[str], group: str | None = None, time: str | None = None) -> Dataset:
    """The dataset in a user's own table. targets: column names, each with an optional ``:kind`` suffix.

    Raises BadInput, one sentence that names file and column, for whatever cannot be used.
    """
    if not targets:
        raise BadInput(f"{path}: name the columns to predict with --target NAME, once for each")
    frame = read_table(path)
    outputs: list[Output] = []
    for text in targets:
        name, colon, kind = text.rpartition(":")
        if text in frame.columns or not colon:
            name, kind = text, ""
        if name not in frame.columns:
            raise BadInput(f"{path} has no column {name!r}; its columns are {_listed(frame.columns)}")
        if kind and kind not in KINDS:
            raise BadInput(f"--target {text!r}: the kind is regression, binary or multiclass, not {kind!r}")
        if name in [output.name for output in outputs]:
            raise BadInput(f"--target {name!r} is given twice")
        column = frame[name]
        outputs.append(make_output(column, name, KINDS[kind], path) if kind else infer_output(column, name, path))
    table = typed(frame, outputs, None, group, path, time)
    provenance = Provenance(
        well_formed(path.name), "not stated", "not stated", hashlib.sha256(path.read_bytes()).hexdigest()
    )
    return Dataset(
        slug=well_formed(path.stem),
        title=well_formed(path.name),
        features=table.features,
        targets=table.targets,
        outputs=tuple(outputs),
        provenance=provenance,
        groups=table.groups,
        time=table.time,
    )


def _listed(columns: Sequence[str] | pd.Index) -> str:
    """The first twelve column names, each cut to 40 characters, for a message."""
    names = [" ".join(str(column).split())[:40] for column in list(columns)[:12]]
    return ", ".join(names) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
