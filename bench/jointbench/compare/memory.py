"""What an arm takes in memory, from its record."""

from __future__ import annotations

from jointbench.compare.summary.costs import ArmMemory
from jointbench.records import Memory, Peak


def arm_memory(memory: Memory) -> ArmMemory:
    """The record with what came on top of the framework."""
    return ArmMemory(memory.arm, memory.artifact_bytes, *_of(memory.training), *_of(memory.serving), memory.reason)


def _of(peak: Peak | None) -> tuple[int | None, int | None, int | None]:
    """(peak, increase over the import's, device)."""
    return (None, None, None) if peak is None else (peak.peak, peak.peak - peak.baseline, peak.device)
