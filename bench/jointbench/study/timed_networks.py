"""The networks that are timed as they were scored: those of the first split and seed."""

from __future__ import annotations

from jointbench.records import PlannedArm
from jointbench.study.plan import Plan


def first_ids(planned: PlannedArm) -> tuple[str, ...]:
    """Ids of the arm's networks of the first split and seed."""
    return planned.runs[0]


def timed_ids(plan: Plan) -> set[str]:
    """Ids of the networks of the first split and seed, in every arm and configuration, and of every group that a search may choose."""
    tried = {of_group.network_ids[0] for arm in plan.tuned for trial in arm.trials for of_group in trial}
    tried |= {candidate.network_ids[0] for arm in plan.searched for candidate in arm.candidates}
    return tried | {network_id for planned in plan.arms for network_id in first_ids(planned)}
