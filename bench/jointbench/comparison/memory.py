"""The memory of an arm, from its record."""

from __future__ import annotations

from jointbench.comparison.summary.costs import ArmMemory
from jointbench.records import Memory, Peak


def arm_memory(memory: Memory) -> ArmMemory:
    """The record with the memory used beyond the imported framework."""
    training_peak, training_increase, training_device = _parts(memory.training)
    serving_peak, serving_increase, serving_device = _parts(memory.serving)
    return ArmMemory(
        arm=memory.arm,
        artifact_bytes=memory.artifact_bytes,
        training_peak=training_peak,
        training_increase=training_increase,
        training_device=training_device,
        serving_peak=serving_peak,
        serving_increase=serving_increase,
        serving_device=serving_device,
        reason=memory.reason,
    )


def _parts(peak: Peak | None) -> tuple[int | None, int | None, int | None]:
    """(peak, increase over the peak after the import, device)."""
    return (None, None, None) if peak is None else (peak.peak, peak.peak - peak.baseline, peak.device)
