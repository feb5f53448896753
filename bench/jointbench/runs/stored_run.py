"""A run read from its folder: its account of itself and its records, which must agree, and what it did not come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import Summary
from jointbench.errors import BadInput
from jointbench.records import Fit, FoldRecord, Record
from jointbench.records.json_file import printable
from jointbench.records.store import SENTENCE, read_records, records_path, torn_line, uncollected
from jointbench.runs.about import ENVIRONMENT, About, about_run
from jointbench.runs.cut_off import cut_off
from jointbench.study.rounds import GROWTH


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run as it lies in its folder. cut_off: what it did not come to, in sentences; none for one that finished."""

    about: About
    records: list[Record]
    cut_off: tuple[str, ...]


def read_run(folder: Path) -> StoredRun:
    """The run. Raises BadInput where the folder holds none, or one that is damaged."""
    about = about_run(folder)
    with uncollected():
        records = [without_training_loss(record) for record in _agreeing(folder, about)]
    missing = cut_off(about, records, torn=torn_line(folder))
    return StoredRun(about, [*records, *missing.absences], missing.sentences)


def summary_of(about: About, records: Sequence[Record], cut_off: tuple[str, ...] = ()) -> Summary:
    """Every number of these records' page. cut_off: what the run did not come to."""
    summary = summarise(
        records,
        about.datasets,
        profile=about.profile,
        engine=about.engine,
        command=about.command,
        notes=about.notes,
        criteria=about.criteria,
    )
    return replace(summary, cut_off=cut_off)


def without_training_loss(record: Record) -> Record:
    """The record without what neither summary nor page shows: a fifth of the memory of a large run's records."""
    return replace(record, train_loss=np.zeros((0, 0))) if isinstance(record, Fit) else record


def _agreeing(folder: Path, about: About) -> Iterator[Record]:
    """The records, as they are read; every other one refers to a Fold record, so these are what is compared."""
    datasets = {dataset.slug: dataset for dataset in about.datasets}
    for number, record in enumerate(read_records(folder), start=1):
        slug = record.network.dataset if isinstance(record, Fit) else record.dataset
        fault = "" if slug in datasets else f"has no dataset {slug!r}"
        if not fault and isinstance(record, FoldRecord):
            fault = _fault(record, about)
        if fault:
            path = records_path(folder)
            raise BadInput(
                f"{path}, line {number}, does not belong to {folder / ENVIRONMENT}: it {printable(fault, SENTENCE)}"
            )
        yield record


def _fault(fold: FoldRecord, about: About) -> str:
    """What environment.json says otherwise of the fold's dataset; "" for nothing."""
    dataset = next(dataset for dataset in about.datasets if dataset.slug == fold.dataset)
    if len(dataset.kinds) != len(dataset.outputs):
        return f"names {len(dataset.outputs)} outputs of {fold.dataset} and {len(dataset.kinds)} kinds"
    if dataset.outputs != fold.outputs:
        return f"has other outputs of {fold.dataset}"
    if dataset.folds != fold.folds:
        return f"has {dataset.folds} folds of {fold.dataset}, not {fold.folds}"
    if fold.repeat >= (repeats := dataset.repeats * GROWTH ** (about.rounds - 1)):
        return f"has {repeats} repeats of {fold.dataset}, and this is repeat {fold.repeat + 1}"
    if int(fold.test.max()) >= dataset.rows:
        return f"has {dataset.rows:,} rows of {fold.dataset}, and the fold tests row {fold.test.max():,}"
    return ""
