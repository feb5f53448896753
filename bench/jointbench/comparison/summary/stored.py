"""A cost ratio as summary.json holds it: the name of its quantity, and the parts of it among the ratio's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer

from jointbench.comparison.summary.costs import Ratio, TimedUntil
from jointbench.comparison.summary.quantity import quantity_name
from jointbench.records import ExecutionMode
from jointbench.stats.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class RatioOnDisk:
    """A cost of joint over another arm's. floor: the A/A pair's interval, the noise that a ratio must exceed.

    measured_difference: the interval excludes 1 and reaches beyond the floor. state: why timing ended: "settled" (the
    interval is narrow enough), "budget spent", or "too few blocks" for an interval; "" where no clock was read. path,
    threads, batch_size: of what was timed, None where they mean nothing. disturbed: other processes kept the machine
    too busy meanwhile; load: the mean number of cores that they did, None where no clock was read.
    """

    quantity: str
    other: str
    ratio: Estimate
    floor: Estimate | None
    blocks: int
    measured_difference: bool
    state: TimedUntil = ""
    path: ExecutionMode | None = None
    threads: int | None = None
    batch_size: int | None = None
    disturbed: bool = False
    load: float | None = None


def ratio_on_disk(ratio: Ratio) -> RatioOnDisk:
    return RatioOnDisk(
        quantity=quantity_name(ratio.quantity),
        other=ratio.other,
        ratio=ratio.ratio,
        floor=ratio.floor,
        blocks=ratio.blocks,
        measured_difference=ratio.measured_difference,
        state=ratio.state,
        path=ratio.quantity.mode,
        threads=ratio.threads,
        batch_size=ratio.quantity.batch_size,
        disturbed=ratio.disturbed,
        load=ratio.load,
    )


StoredRatio = Annotated[Ratio, PlainSerializer(ratio_on_disk, return_type=RatioOnDisk)]
"""A Ratio that summary.json holds as a RatioOnDisk."""
