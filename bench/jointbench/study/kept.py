"""The records that a study left when it was cut off, by what they are of: what is there is not done again.

A record of a failure is there as well: whoever goes on with a study gets what it would have come to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jointbench.errors import BadInput
from jointbench.records import (
    ColdStart,
    Energy,
    Fit,
    FoldRecord,
    Memory,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Reference,
    Screen,
    SearchedArm,
    Stack,
    Timing,
    TunedArm,
)
from jointbench.types import CellKey, Network, Split

ReferenceKey = tuple[str, int, int, str, str]


@dataclass
class KeptRecords:
    """Folds by dataset, repeat and fold; arms by cell and name, the ids of their networks in each round; fits by
    network; stacks by their networks. tuned: arms with their configurations; searched: with their candidates, at each
    stage; timed: cells and thread counts; weighed: cells and arms. cells: with any record that is no fold and no
    reference."""

    folds: dict[tuple[str, int, int], FoldRecord] = field(default_factory=dict)
    references: set[ReferenceKey] = field(default_factory=set)
    arms: dict[tuple[CellKey, str], list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    fits: dict[str, Fit] = field(default_factory=dict)
    stacks: dict[tuple[str, ...], Stack] = field(default_factory=dict)
    timed: set[tuple[CellKey, int]] = field(default_factory=set)
    weighed: set[tuple[CellKey, str]] = field(default_factory=set)
    absences: set[NotMeasured] = field(default_factory=set)
    tuned: dict[tuple[CellKey, str], TunedArm] = field(default_factory=dict)
    searched: dict[tuple[CellKey, str], list[SearchedArm]] = field(default_factory=lambda: defaultdict(list))
    cells: set[CellKey] = field(default_factory=set)

    def add(self, record: Record) -> None:
        match record:
            case FoldRecord():
                self.folds[record.dataset, record.repeat, record.fold] = record
                return
            case Reference():
                self.references.add((record.dataset, record.repeat, record.fold, record.model, record.output))
                return
            case PlannedArm():
                self.arms[CellKey.of(record), record.arm.name].append(record.network_ids)
            case TunedArm():
                self.tuned[CellKey.of(record), record.arm] = record
            case SearchedArm():
                self.searched[CellKey.of(record), record.arm].append(record)
            case Fit():
                self.fits[record.network.id] = record
            case Stack():
                self.stacks[record.network_ids] = record
            case Timing() | Energy() | Projection():
                self.timed.add((CellKey.of(record), record.threads))
            case ColdStart() | NotMeasured() if record.threads is not None:
                self.timed.add((CellKey.of(record), record.threads))
            case NotMeasured():
                self.absences.add(record)
            case Memory():
                self.weighed.add((CellKey.of(record), record.arm))
        self.cells.add(CellKey.of(record.network if isinstance(record, Fit) else record))

    def has(self, record: Record) -> bool:
        """Is it this very record of a fit or a stack?"""
        if isinstance(record, Fit):
            return self.fits.get(record.network.id) is record
        return isinstance(record, Stack) and self.stacks.get(record.network_ids) is record

    def new_absences(self, absences: Iterable[NotMeasured]) -> Iterator[NotMeasured]:
        return (absence for absence in absences if absence not in self.absences)

    def new_arms(self, arms: Sequence[PlannedArm]) -> Iterator[PlannedArm]:
        """Those that have no record. Raises BadInput where an arm has one with other networks."""
        for planned in arms:
            kept = self._rounds_of(planned)
            if planned.network_ids in kept:
                continue
            if kept and not set(kept[0]) < set(planned.network_ids):
                raise BadInput(
                    f"the records of {planned.dataset} on {planned.backend} are of other networks than those of arm "
                    f"{planned.arm.name} now; name another folder with --out"
                )
            yield planned

    def new_tuned(self, arms: Sequence[TunedArm]) -> Iterator[TunedArm]:
        """Those that have no record. Raises BadInput where one has other configurations."""
        for tuned in arms:
            kept = self.tuned.get((CellKey.of(tuned), tuned.arm))
            if kept is not None and kept != tuned:
                raise BadInput(
                    f"the records of {tuned.dataset} on {tuned.backend} are of other configurations of arm {tuned.arm} "
                    "than those now; name another folder with --out"
                )
            if kept is None:
                yield tuned

    def new_searched(self, arms: Sequence[SearchedArm]) -> Iterator[SearchedArm]:
        """Those that have no record. Raises BadInput where the first one has other candidates."""
        for searched in arms:
            kept = self.searched.get((CellKey.of(searched), searched.arm), [])
            if kept and searched.candidates[: len(kept[0].candidates)] != kept[0].candidates:
                raise BadInput(
                    f"the records of {searched.dataset} on {searched.backend} are of other networks than those that arm "
                    f"{searched.arm} searches now; name another folder with --out"
                )
            if searched not in kept:
                yield searched

    def screens(self, searched: SearchedArm) -> tuple[Screen, ...]:
        """Of the runs of this arm, where they were made."""
        kept = self.searched.get((CellKey.of(searched), searched.arm), [])
        return next((record.screens for record in kept if record.screens), ())

    def has_arms(self, arms: Sequence[PlannedArm]) -> bool:
        """Has any of them a record with these very networks: was the round begun that trains them?"""
        return any(planned.network_ids in self._rounds_of(planned) for planned in arms)

    def _rounds_of(self, planned: PlannedArm) -> Sequence[tuple[str, ...]]:
        return self.arms.get((CellKey.of(planned), planned.arm.name), ())

    def fold_of(self, dataset: str, split: Split) -> FoldRecord | None:
        """The record of this split. Raises BadInput where it is of other rows."""
        fold = self.folds.get((dataset, split.repeat, split.fold))
        if fold is not None and fold.digest != split.digest:
            raise BadInput(
                f"the records of {dataset} have other rows in repeat {split.repeat}, fold {split.fold}; name another "
                "folder with --out"
            )
        return fold

    def task(self, networks: Sequence[Network], *, stacked: bool) -> list[Record]:
        """The records of networks that were trained together, where not one of them is missing; else none."""
        fits = [self.fits[network.id] for network in networks if network.id in self.fits]
        stack = self.stacks.get(tuple(network.id for network in networks))
        lost = all(fit.failure is not None for fit in fits)  # with its worker: there is no stack
        if len(fits) < len(networks) or (stacked and stack is None and not lost):
            return []
        return [*fits] if stack is None else [stack, *fits]

    def training_seconds(self, backend: str, device: str) -> float:
        """What all training on this backend and device has taken, on one worker."""
        fits = (fit for fit in self.fits.values() if (fit.network.backend, fit.network.device) == (backend, device))
        stacks = (stack for stack in self.stacks.values() if (stack.backend, stack.device) == (backend, device))
        searched = (kept[-1] for (at, _), kept in self.searched.items() if (at.backend, at.device) == (backend, device))
        trained = sum(float(fit.epoch_seconds.sum()) for fit in fits) + sum(stack.seconds for stack in stacks)
        return trained + sum(screen.seconds for search in searched for screen in search.screens)

    def measured(self, arms: Sequence[PlannedArm], threads: Sequence[int]) -> bool:
        """Are these arms of one cell timed at all these numbers of threads, and weighed?"""
        cell = CellKey.of(arms[0])
        return all((cell, count) in self.timed for count in threads) and not self.unweighed(arms)

    def unweighed(self, arms: Sequence[PlannedArm]) -> list[PlannedArm]:
        """Those whose memory has no record."""
        return [planned for planned in arms if (CellKey.of(planned), planned.arm.name) not in self.weighed]


def kept_records(records: Iterable[Record]) -> KeptRecords:
    kept = KeptRecords()
    for record in records:
        kept.add(record)
    return kept
