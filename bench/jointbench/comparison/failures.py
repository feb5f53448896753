"""Outputs that an arm has no result for, because every fit of theirs failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jointbench.comparison.cells import BenchmarkCell
from jointbench.records import Fit, PlannedArm


def failed_everywhere(cell: BenchmarkCell) -> tuple[str, ...]:
    """One sentence for each arm with outputs of which every fit failed: which, how many, and the commonest reason."""
    return tuple(sentence for planned in cell.planned_arms if (sentence := _sentence(cell, planned)))


def _sentence(cell: BenchmarkCell, planned: PlannedArm) -> str:
    fits = [cell.fits[network_id] for network_id in planned.network_ids if network_id in cell.fits]
    broken = [group for group in planned.arm.groups if _all_failed([f for f in fits if f.network.group == group])]
    failures = [fit.failure for fit in fits if fit.failure is not None and fit.network.group in broken]
    if not failures:
        return ""
    outputs = ", ".join(name for group in broken for name in group)
    what = "has no result" if len(broken) == len(planned.arm.groups) else f"has no result for {outputs}"
    reason = Counter(failures).most_common(1)[0][0]
    return f"{planned.arm.name} {what}: all {len(failures)} fits failed, most often because {reason}"


def _all_failed(fits: Sequence[Fit]) -> bool:
    return bool(fits) and all(fit.failure is not None for fit in fits)
