"""How a dataset was read, kept true while rows are cut from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointbench.types import ColumnReading, Dataset, Output


def with_labels(dataset: Dataset) -> Dataset:
    """The dataset, its reading saying how many labels each output has in the rows that it now holds."""
    by_name = {reading.name: reading for reading in dataset.reading if reading.role == "output"}
    outputs = [_labelled(dataset, output, by_name.get(output.name)) for output in dataset.outputs]
    return replace(dataset, reading=(*outputs, *(item for item in dataset.reading if item.role != "output")))


def _labelled(dataset: Dataset, output: Output, reading: ColumnReading | None) -> ColumnReading:
    values = dataset.targets[output.name]
    present = values[~np.isnan(values)]
    counts = [int((present == code).sum()) for code in range(len(output.classes))]
    classes = ", ".join(f"{label} {count:,}" for label, count in zip(output.classes, counts, strict=True))
    labels = f"{len(present):,} labels" + (f": {classes}" if classes else "")
    base = reading or ColumnReading(name=output.name, role="output")
    return replace(base, labels=labels, missing=len(values) - len(present))
