"""The break-even study's values: lines of cells, what each cell measured, and what theory predicts.

Beside every measured ratio joint / other stand two predictions, in closed form from the shapes.

FLOPs: time is proportional to the FLOPs.
Fixed costs: time is proportional to calls. A step or request has costs that do not depend on how many numbers it works
on (kernel launches, Python, bookkeeping). They are paid per layer call or per network, so they predict a range, from
1 / networks to the ratio of layer calls.

Networks of joint's width do N times its FLOPs, so for them both predictions nearly agree. At equal parameters
(separate-matched) the FLOPs are about equal, and the predictions differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Interval, MinLen
from pydantic import Field

from jointbench.networks.architecture import Architecture
from jointbench.networks.arms import architectures, parse_arm, sized
from jointbench.networks.flops import inference_flops_per_row, train_flops_per_row
from jointbench.records import Scenario
from jointbench.stats.estimate import Estimate
from jointbench.stats.time_ratio import time_ratio
from jointbench.types import Output, Positive, Shape, Width

FEATURES = 16
JOINT = "joint"
SAME_WIDTH, SAME_PARAMETERS = "separate", "separate-matched"
OTHERS = (SAME_WIDTH, SAME_PARAMETERS)

SCALING_SCHEMA_VERSION = 1
Sizes = Annotated[tuple[Positive, ...], MinLen(1)]
PositiveRatio = Annotated[float, Interval(ge=1e-12, le=1e12)]
Seconds = Annotated[float, Interval(ge=0, le=1e9)]


@dataclass(frozen=True)
class SweepLine:
    """What cells that differ only in their number of outputs share. batch_size: rows of a step or of a request."""

    scenario: Scenario
    width: Width
    depth: Positive
    batch_size: Positive


@dataclass(frozen=True, kw_only=True)
class Point:
    """One cell: joint against one other arm.

    block_ratios: joint / other in each A B B A block, empty where nothing was measured; ``reason`` tells why.
    joint_seconds, other_seconds: medians of a step of each network, or of a request for all outputs.
    """

    backend: str
    device: str
    line: SweepLine
    outputs: Positive
    other: Annotated[str, Field(pattern="^(separate|separate-matched)$")]
    flops_ratio: PositiveRatio
    calls_ratio: PositiveRatio
    block_ratios: tuple[PositiveRatio, ...] = ()
    joint_seconds: Seconds | None = None
    other_seconds: Seconds | None = None
    reason: str = ""

    @property
    def networks_ratio(self) -> float:
        """One network over the other arm's number of them."""
        return 1 / self.outputs

    @property
    def measured(self) -> Estimate | None:
        """The ratio with its 95 % interval; None where it was not measured."""
        if not self.block_ratios:
            return None
        return time_ratio(np.log(self.block_ratios))


@dataclass(frozen=True, kw_only=True)
class Study:
    """A whole study. The first depth and the first batch sizes are those of the outputs x width grid."""

    schema_version: int
    widths: Sizes
    outputs: Sizes
    depths: Sizes
    batches: Sizes
    request_batches: Sizes
    threads: Positive
    budget_seconds: Seconds
    seconds: Seconds
    machine: dict[str, str]
    points: tuple[Point, ...]

    def in_grid(self, point: Point) -> bool:
        """Whether the point belongs to outputs x width at the first depth and batch size."""
        batches = self.batches if point.line.scenario == "training" else self.request_batches
        return (point.line.depth, point.line.batch_size) == (self.depths[0], batches[0])


def floor_of(points: Sequence[Point], point: Point) -> Estimate | None:
    """The A/A control of a point, its noise floor: with one output joint and separate are equal networks."""
    for candidate in points:
        key = candidate.backend, candidate.device, candidate.line, candidate.outputs
        if key == (point.backend, point.device, point.line, 1):
            return candidate.measured
    return None


def arms_of(line: SweepLine, outputs: int) -> dict[str, tuple[Architecture, ...]]:
    """Each arm's networks, joint first. With one output separate equals joint, and is the only other arm."""
    named = [Output(f"output_{i}", "regression") for i in range(outputs)]
    base = Shape((line.width,) * line.depth)
    arms = [parse_arm(name, named) for name in (JOINT, *(OTHERS if outputs > 1 else (SAME_WIDTH,)))]
    return {
        arm.name: architectures(arm.groups, sized(arm, base, (FEATURES,), named), (FEATURES,), named) for arm in arms
    }


def predicted(line: SweepLine, outputs: int) -> list[Point]:
    """The points of a cell with their predictions, without backend, device and measurement."""
    arms = arms_of(line, outputs)
    flops = train_flops_per_row if line.scenario == "training" else inference_flops_per_row
    joint = arms.pop(JOINT)
    return [
        Point(
            backend="",
            device="",
            line=line,
            outputs=outputs,
            other=other,
            flops_ratio=flops(joint) / flops(networks),
            calls_ratio=_calls(joint) / _calls(networks),
        )
        for other, networks in arms.items()
    ]


def _calls(networks: Sequence[Architecture]) -> int:
    return sum(len(list(network.layers)) for network in networks)
