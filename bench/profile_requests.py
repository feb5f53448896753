"""The requests that a profile times, each a test."""

from __future__ import annotations

from jointbench.records import COPIES, CUDA_GRAPH, FUSED, SEQUENTIAL, SINGLE_OUTPUT, ExecutionMode
from jointbench.study.profiles import Profile


def requests_of(profile: Profile, device: str) -> list[tuple[ExecutionMode, int, str]]:
    """The requests that the profile times on a device, with that device: in turn (away from the CPU also as a graph,
    and the copies alone) at every batch size, the other ways at fewer."""
    everywhere: tuple[ExecutionMode, ...] = (SEQUENTIAL,)
    others: tuple[ExecutionMode, ...] = (FUSED, SINGLE_OUTPUT)
    sizes, fewer = profile.batch_sizes, profile.extra_batch_sizes
    if device != "cpu":
        everywhere, sizes = (SEQUENTIAL, CUDA_GRAPH, COPIES), (*sizes, *profile.device_batch_sizes)
    return [
        *((path, size, device) for size in sizes for path in everywhere),
        *((path, size, device) for size in fewer for path in others),
    ]
