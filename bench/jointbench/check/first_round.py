"""The first round of a run's training, which every run of the same study has: a budget cuts later ones off."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Stack
from jointbench.types import CellKey


def first_round(records: Sequence[Record]) -> list[Record]:
    """The records without what later rounds planned and trained."""
    arms: dict[tuple[CellKey, str], PlannedArm] = {}
    for record in records:
        if isinstance(record, PlannedArm):
            arms.setdefault((CellKey.of(record), record.arm.name), record)
    networks = {network_id for planned in arms.values() for network_id in planned.network_ids}
    repeats: dict[str, int] = {}
    for record in records:
        if isinstance(record, Fit) and record.network.id in networks:
            slug = record.network.dataset
            repeats[slug] = max(repeats.get(slug, 0), record.network.repeat)

    def belongs(record: Record) -> bool:
        if isinstance(record, PlannedArm):
            return record is arms[CellKey.of(record), record.arm.name]
        if isinstance(record, Fit):
            return record.network.id in networks
        if isinstance(record, Stack):
            return networks.issuperset(record.network_ids)
        return not isinstance(record, FoldRecord) or record.repeat <= repeats.get(record.dataset, record.repeat)

    return [record for record in records if belongs(record)]
