"""What it cost to train networks of which some are chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.summary.tuning import TuningCost
from jointbench.records import Fit


def trial_cost(cell: BenchmarkCell, arm: str, ids: Collection[str], served: Collection[str]) -> TuningCost:
    """Of the networks with these ids, and of those that are served."""
    seconds = sum(float(cell.fits[network].epoch_seconds.sum()) for network in ids if network in cell.fits)
    for stack in cell.stacks:
        seconds += stack.seconds * _share(stack.network_ids, ids, cell.fits)
    return TuningCost(
        arm=arm,
        train_flops=total_flops(ids, cell.fits),
        chosen_train_flops=total_flops(served, cell.fits),
        seconds=seconds,
    )


def total_flops(ids: Collection[str], fits: Mapping[str, Fit]) -> int:
    """Of training these networks, as far as they were trained."""
    return sum(fits[network].train_flops for network in ids if network in fits)


def _share(stacked: Sequence[str], own: Collection[str], fits: Mapping[str, Fit]) -> float:
    """Of a stack's FLOPs."""
    total = total_flops(stacked, fits)
    return total_flops([network for network in stacked if network in own], fits) / total if total else 0.0
