"""Targets: of what kind a column is, which classes it has, and the values or class codes of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jointbench.data.columns import HALF, Column, Source, number_label
from jointbench.data.features import number, without_marks
from jointbench.data.findings import Finding
from jointbench.data.number_text import MISSING_MARKS
from jointbench.errors import BadInput
from jointbench.types import ColumnReading, FloatArray, Kind, Output

MAX_CLASSES = 200
FEW_CLASSES = 20  # a column with more values is one of numbers, where most of its cells are
ROLE = "regression target"


@dataclass(frozen=True, eq=False)
class Target:
    """An output, its value or class code in each row (NaN where missing), how it was read, and what must be known."""

    output: Output
    values: FloatArray
    reading: ColumnReading
    findings: tuple[Finding, ...] = ()


def target(column: Column, kind: Kind | None, source: Source) -> Target:
    """The column as an output, of the kind asked for or of the one that its values suggest.

    Names, flags, declared categories, digits with leading zeros and two whole numbers are classes, other numbers are
    regression targets. (So is a grade from 3 to 9, unless the user asks for ``NAME:multiclass``.)
    Raises BadInput for a target with one value, for text where numbers are expected, for too many classes.
    """
    chosen, reason = (kind, "asked for") if kind else _kind(column, source)
    if chosen == "regression":
        return _regression(column, reason, source)
    labels = class_labels(column)
    _refuse_one_value(column, labels.nunique(), source)
    classes = _sorted_classes(labels)
    if chosen == "binary" and len(classes) != 2:
        raise BadInput(
            f"{source.path}: target {column.name!r} has {len(classes)} classes, not 2; "
            f"ask for {f'{column.name}:multiclass'!r}"
        )
    if (known := int(labels.notna().sum())) < 2 * len(classes) and len(classes) > FEW_CLASSES:
        raise BadInput(
            f"{source.path}: target {column.name!r} has {len(classes):,} different names in {known:,} rows, which names "
            f"them and is nothing to learn; choose another column"
        )
    if len(classes) > MAX_CLASSES:
        raise BadInput(
            f"{source.path}: target {column.name!r} as classes has {len(classes)} different values; "
            f"at most {MAX_CLASSES} classes are supported, choose another column"
        )
    output = Output(column.name, chosen, classes)
    findings = tuple(
        Finding("class", f"{label!r} of {column.name!r} ({int((labels == label).sum()):,} rows)")
        for label in classes
        if label in MISSING_MARKS
    )
    reading = ColumnReading(name=column.name, role="output", detail=", ".join(column.ways), reason=reason)
    return Target(output, codes(labels, output, source), reading, findings)


def given_target(column: Column, output: Output, source: Source) -> Target:
    """The column as an output whose kind and classes a card gives. Raises BadInput for a cell that is none of them."""
    if output.kind == "regression":
        return Target(
            output,
            number(column, source, ROLE),
            ColumnReading(name=column.name, role="output", reason="as its card says"),
        )
    values = codes(class_labels(column), output, source)
    return Target(output, values, ColumnReading(name=column.name, role="output", reason="as its card says"))


def class_labels(column: Column) -> pd.Series:
    """Class names, NaN where missing: 1 for the number 1.0, but 02116 as it stands."""
    if column.names is not None and column.meaning in ("category", "flag"):
        return column.names
    if column.dates is not None:
        return column.dates.map(lambda when: f"{when:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00"), na_action="ignore")
    if column.numbers is None:
        return pd.Series(np.nan, index=column.cells.index, dtype=object)
    if column.codes:
        return column.cells.mask(column.cells.isin(MISSING_MARKS))
    if column.exact is not None:
        return column.exact.map(str, na_action="ignore")
    return pd.Series(column.numbers, index=column.cells.index).map(number_label, na_action="ignore").astype(object)


def codes(labels: pd.Series, output: Output, source: Source) -> FloatArray:
    """Class codes as float64, (rows,), NaN where the label is missing. Raises BadInput for an unknown class."""
    by_class = {label: code for code, label in enumerate(output.classes)}
    present = labels.dropna()
    unknown = present[~present.isin(list(by_class))]
    if len(unknown):
        raise BadInput(
            f"{source.path}: target {output.name!r} holds {str(unknown.iloc[0])!r} in data row "
            f"{int(unknown.index[0]) + 1}, which is none of its classes {', '.join(output.classes)}"
        )
    return np.asarray(labels.astype(object).map(by_class).to_numpy(np.float64), np.float64)


def _kind(column: Column, source: Source) -> tuple[Kind, str]:
    """The kind that the values suggest, and why."""
    if column.meaning == "number" and column.numbers is not None and not column.codes:
        present = np.unique(column.numbers[~np.isnan(column.numbers)])
        if len(present) == 2 and np.all(present == np.round(present)):
            return "binary", "two different whole numbers"
        return "regression", "its values are numbers"
    if column.meaning == "date":
        raise BadInput(
            f"{source.path}: target {column.name!r} holds dates; give a number to predict, such as days since a start"
        )
    labels = class_labels(column).nunique()
    if column.stray is not None and column.stray.share >= HALF and column.numbers is not None and labels > FEW_CLASSES:
        return "regression", "its values are numbers"  # with a text among them, which is reported
    if column.meaning == "flag":
        reason = "its values are true or false"
    elif column.name in source.categorical:
        reason = "asked for as names"
    elif column.name in source.declared:
        reason = "the file declares it as a category"
    else:
        reason = "its values begin with zeros" if column.codes else "its values are names"
    return ("binary", reason) if labels == 2 else ("multiclass", reason)


def _regression(column: Column, reason: str, source: Source) -> Target:
    _refuse_one_value(column, column.cells.nunique(), source)
    values, marks, findings = without_marks(column, number(column, source, ROLE), source)
    _refuse_one_value(column, len(np.unique(values[~np.isnan(values)])), source)
    reading = ColumnReading(name=column.name, role="output", detail=", ".join((*column.ways, *marks)), reason=reason)
    return Target(Output(column.name, "regression"), values, reading, findings)


def _refuse_one_value(column: Column, different: int, source: Source) -> None:
    if different < 2:
        raise BadInput(
            f"{source.path}: target {column.name!r} has only one value; there is nothing to learn, "
            f"choose another column"
        )


def _sorted_classes(labels: pd.Series) -> tuple[str, ...]:
    """The classes, numbers by size, names by alphabet."""
    names = [str(label) for label in labels.dropna().unique()]
    try:
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(names))
