"""Packing a run's records, to keep or to commit: everything that figures and verdicts are made from, far smaller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from jointbench.records import Fit, Record, SearchedArm, TunedArm
from jointbench.records.store import PACKED, RECORDS, read_records, write_records


def pack(folder: Path) -> Path:
    """Writes the folder's packed records beside its written ones. Raises BadInput where there are none."""
    write_records(folder / PACKED, packed(read_records(folder / RECORDS)))
    return folder / PACKED


def packed(records: Iterable[Record]) -> Iterator[Record]:
    """Every record, without what nothing is computed from again.

    Left out are the learning curves that no page shows: all but those of the first fit of each network in each fold of
    the first repeat, and of those of which one is chosen by them. The predictions on the test rows stay: verdicts are made from the losses of single rows.
    """
    seen: set[tuple[object, ...]] = set()
    tried: set[str] = set()
    for record in records:
        if isinstance(record, TunedArm):
            tried.update(network for trial in record.trials for planned in trial for network in planned.network_ids)
        if isinstance(record, SearchedArm):
            tried.update(network for candidate in record.candidates for network in candidate.network_ids)
        if isinstance(record, Fit):
            network = record.network
            key = (
                network.dataset,
                network.backend,
                network.device,
                network.group,
                network.shape,
                network.recipe,
                network.fold,
            )
            first = (network.repeat == 0 and key not in seen) or network.id in tried
            seen.add(key)
            rows = None if first else 0
            record = replace(
                record,
                train_loss=record.train_loss[:rows].astype(np.float32),
                validation_loss=record.validation_loss[:rows].astype(np.float32),
                epoch_seconds=record.epoch_seconds[:rows].astype(np.float32),
            )
        yield record
