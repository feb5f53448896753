"""What arms cost, and joint's costs over another arm's, as in the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from jointbench.comparison.summary.quantity import Quantity, StoredQuantity
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.stats.estimate import Estimate
from jointbench.types import Checkpoint

TimedUntil = Literal["", "settled", "budget spent", "too few blocks"]
SETTLED: Final = "settled"
BUDGET_SPENT: Final = "budget spent"
TOO_FEW_BLOCKS: Final = "too few blocks"


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Request latency in seconds at one batch size: median, and p90 and p99 only where the samples bound them.

    path: how the arm's networks answered. bounds: a 95 % interval of the percentile, from the order of the samples.
    copy_seconds: the median of the request's copies alone, to the device and back, timed in turns with it; None where
    nothing is copied, and where other copies are made than those of networks in turn. bytes_*: what a request copies.
    """

    batch_size: int
    samples: int
    median_seconds: float
    p90_seconds: float | None
    p99_seconds: float | None
    rows_per_second: float
    path: ExecutionMode = SEQUENTIAL
    threads: int | None = None
    p90_bounds: tuple[float, float] | None = None
    p99_bounds: tuple[float, float] | None = None
    copy_seconds: float | None = None
    bytes_to_device: int | None = None
    bytes_to_host: int | None = None


@dataclass(frozen=True)
class Throughput:
    """Rows a second when only throughput counts: at the batch size that is best for it."""

    path: ExecutionMode
    threads: int
    batch_size: int
    rows_per_second: float


@dataclass(frozen=True)
class TrainingClock:
    """The training time of an arm by one path (the stock loop, the engine) at so many threads; as in ArmCost."""

    path: ExecutionMode
    threads: int
    step_seconds: float
    train_seconds: float
    longest_seconds: float


@dataclass(frozen=True, kw_only=True)
class ProjectionCheck:
    """An arm's whole training, measured and projected from its steady steps. ratio: measured / projected."""

    arm: str
    threads: int
    steps: int
    projected_seconds: float
    measured_seconds: float
    ratio: float
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class ArmCost:
    """What one arm costs. train_flops, steps: means over folds and seeds of the sum over its networks, to the stop.

    step_seconds: one optimisation step of every network of the arm, one after the other, by the stock loop on all
    cores. train_seconds: step seconds times the steps taken; longest_seconds: the same for its longest network alone.
    training: these by every path and at every thread count. checkpoint: "output" where each output is served from its
    own best epoch; served_parameters: then of the networks that answer requests, else None. own_trunk: the name of a user's trunk; its FLOPs are 0
    where they were not counted.
    """

    arm: str
    groups: tuple[tuple[str, ...], ...]
    trunk: tuple[int, ...]
    channels: tuple[int, ...]
    head: tuple[int, ...]
    sizing: str
    parameters: int
    reference_parameters: int
    train_flops_per_row: int
    inference_flops_per_row: int
    train_flops: float
    steps: float
    epochs: float
    patience_share: float
    step_seconds: float | None
    train_seconds: float | None
    longest_seconds: float | None
    build_seconds: float | None
    first_call_seconds: float | None
    latency: tuple[Latency, ...]
    fits: int
    failures: tuple[str, ...]
    training: tuple[TrainingClock, ...] = ()
    throughput: tuple[Throughput, ...] = ()
    own_trunk: str = ""
    residual: bool = False
    checkpoint: Checkpoint = "network"
    served_parameters: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A cost of joint over another arm's. floor: the A/A pair's interval, the noise that a ratio must exceed.

    measured_difference: the interval excludes 1 and reaches beyond the floor (of fewer blocks than give an
    interval: and beyond what builds of one network differ by, undisturbed). state: why timing ended: SETTLED (the
    interval is narrow enough), BUDGET_SPENT, or TOO_FEW_BLOCKS for an interval; "" where no clock was read. disturbed:
    other processes kept the machine too busy meanwhile; load: the mean number of cores that they did. threads, load:
    None where no clock was read. ``stored`` has its form on disk.
    """

    quantity: Quantity
    other: str
    ratio: Estimate
    floor: Estimate | None
    blocks: int
    measured_difference: bool
    state: TimedUntil = ""
    threads: int | None = None
    disturbed: bool = False
    load: float | None = None


@dataclass(frozen=True, kw_only=True)
class ArmFlops:
    """An arm's FLOPs of dense and convolution layers, summed over its networks.

    The parts are per row, trunks and heads, forward and backward. per_step: a full batch through every network.
    per_epoch: mean over folds of one pass of every network. to_stop: mean over folds of the whole training, with its
    correlated 95 % interval over folds; None with fewer than two folds. update_*: the optimiser's elementwise work, an
    estimate by its formula (update_flops_per_parameter for each parameter and step), not part of the others. elementwise_per_row: the same for
    normalisation, dropout and residual sums, forward and backward.
    """

    arm: str
    trunk_forward: int
    trunk_backward: int
    heads_forward: int
    heads_backward: int
    per_step: int
    per_epoch: float
    to_stop: Estimate | None
    patience_share: float
    update_flops_per_parameter: int
    update_per_step: int
    update_to_stop: float
    elementwise_per_row: int = 0


@dataclass(frozen=True, kw_only=True)
class ArmMemory:
    """The memory of an arm, in bytes. peak: the most resident in a fresh process, framework included; increase: the
    part of it after the framework was imported; device: the framework's own counter. None: not measured, see reason."""

    arm: str
    artifact_bytes: int | None
    training_peak: int | None
    training_increase: int | None
    training_device: int | None
    serving_peak: int | None
    serving_increase: int | None
    serving_device: int | None
    reason: str | None


@dataclass(frozen=True)
class PredictedSaving:
    """A saving as FLOPs predict it and as it was measured in seconds; both are joint / other.

    share: log(achieved) / log(predicted), with the achieved ratio's interval. 1: the time follows the FLOPs; below 1:
    part of the predicted saving is lost; above 1: more is saved than FLOPs predict, since N programs have N overheads;
    below 0: the time went the other way. None, with a reason, where one of the two logarithms is not clear of 0.
    """

    quantity: StoredQuantity
    other: str
    predicted: float
    achieved: Estimate
    share: Estimate | None
    reason: str
