"""What a run did not come to because it was stopped: killed, interrupted, or out of disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jointbench.records import Fit, NotMeasured, PlannedArm, Record, Timing
from jointbench.runs.about import About
from jointbench.types import CellKey

REASON = "the run was cut off before it"
NOTICE = "This run did not finish: everything here is made of what it had come to."


@dataclass(frozen=True)
class CutOff:
    """What is missing: as records, where a cell has none that says why, and in sentences; none of a finished run."""

    absences: tuple[NotMeasured, ...]
    sentences: tuple[str, ...]


def cut_off(about: About, records: Sequence[Record], *, torn: bool) -> CutOff:
    """What was asked for and is not in the records. torn: whether half a record was left out.

    An older run does not say what was asked for or whether it finished: of it only the networks that were planned and
    never trained are known.
    """
    planned: dict[CellKey, set[str]] = defaultdict(set)
    fitted: dict[CellKey, set[str]] = defaultdict(set)
    accounted: set[CellKey] = set()
    for record in records:
        if isinstance(record, PlannedArm):
            planned[CellKey.of(record)].update(record.network_ids)
        elif isinstance(record, Fit):
            fitted[CellKey.of(record.network)].add(record.network.id)
        elif isinstance(record, Timing | NotMeasured):
            accounted.add(CellKey.of(record))
    untrained = {cell: len(networks - fitted[cell]) for cell, networks in planned.items()}
    unfinished = about.finished is False
    not_begun = [cell for cell in _requested(about) if unfinished and cell not in planned and cell not in accounted]
    fewer = _of_fewer_rows(about, planned)
    untimed = [
        cell for cell in planned if unfinished and not untrained[cell] and cell not in accounted and cell not in fewer
    ]
    sentences = [
        *(
            f"{_place(cell)}: {count:,} of {len(planned[cell]):,} networks were not trained."
            for cell, count in untrained.items()
            if count
        ),
        *(f"{_place(cell)}: nothing was timed." for cell in untimed),
        *(f"{_place(cell)}: nothing ran." for cell in not_begun),
        *(["The last record is half written, and was left out."] if torn else []),
    ]
    return CutOff(
        absences=(
            *(_absence(cell, f"not timed: {REASON}") for cell in untimed),
            *(_absence(cell, REASON) for cell in not_begun),
        ),
        sentences=(NOTICE, *sentences) if sentences or unfinished else (),
    )


def _requested(about: About) -> list[CellKey]:
    return [
        CellKey(dataset.slug, backend, device)
        for backend in about.backends
        for device in about.devices
        for dataset in about.datasets
        if not dataset.size_of
    ]


def _of_fewer_rows(about: About, planned: Iterable[CellKey]) -> set[CellKey]:
    """The cells of tables that were planned on more rows too: only the largest is timed."""
    size_of = {dataset.slug: dataset.size_of or dataset.slug for dataset in about.datasets}
    last = {(size_of[cell.dataset], cell.backend, cell.device): cell for cell in planned}
    return set(planned) - set(last.values())


def _place(cell: CellKey) -> str:
    return f"{cell.dataset}, {cell.backend} on {cell.device}"


def _absence(cell: CellKey, reason: str) -> NotMeasured:
    return NotMeasured(cell.dataset, cell.backend, cell.device, reason)
