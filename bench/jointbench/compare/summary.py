"""What a run found, in numbers: the content of summary.json, and all that a report may print.

Differences are joint - other in skill, so positive means joint is better; cost ratios are joint / other, so below 1
means joint is cheaper. "Joint" is the arm with the fewest networks; every other arm is compared with it.

The file's schema is summary.schema.json, made from these classes; it is checked in tests, and a field that changes its
meaning raises SUMMARY_SCHEMA_VERSION.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import WithJsonSchema

from jointbench.compare.spread import Setting

SUMMARY_SCHEMA_VERSION = 2
Lever = Literal["repeats", "seeds", "folds"]
Reason = Literal["settles", "floor too wide", "beyond the grid", "one seed: its spread is unknown"]
# Not-a-number where it is undefined (a spread over one fold), which is null in JSON.
Uncertain = Annotated[float, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})]


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: Uncertain
    low: Uncertain
    high: Uncertain


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Quality:
    """One output under one arm (or reference model): skill over folds, and the mean of what people read.

    per_fold: skill of each fold (seeds averaged). sd: over folds. metrics: fold means, None where undefined in all.
    """

    output: str
    kind: str
    model: str
    skill: Uncertain
    sd: Uncertain
    per_fold: tuple[float, ...]
    metrics: dict[str, float | None]


@dataclass(frozen=True)
class Latency:
    """Request latency in seconds at one batch size: median, and p90 and p99 only where the samples bound them.

    path: how the arm's networks answered. bounds: a 95 % interval of the percentile, from the order of the samples.
    """

    batch_size: int
    samples: int
    median_seconds: float
    p90_seconds: float | None
    p99_seconds: float | None
    rows_per_second: float
    path: str = "in turn"
    threads: int | None = None
    p90_bounds: tuple[float, float] | None = None
    p99_bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class Throughput:
    """Rows a second when only throughput counts: at the batch size that is best for it."""

    path: str
    threads: int
    batch_size: int
    rows_per_second: float


@dataclass(frozen=True)
class TrainingClock:
    """What training an arm takes by one path (the stock loop, the engine) at so many threads; as in ArmCost."""

    path: str
    threads: int
    step_seconds: float
    train_seconds: float
    longest_seconds: float


@dataclass(frozen=True)
class ProjectionCheck:
    """An arm's training really timed, beside its steady steps carried on: measured / projected, near 1 or not."""

    arm: str
    threads: int
    steps: int
    projected_seconds: float
    measured_seconds: float
    ratio: float
    agrees: bool


@dataclass(frozen=True)
class ArmCost:
    """What one arm costs. train_flops, steps: means over folds and seeds of the sum over its networks, to the stop.

    step_seconds: one optimisation step of every network of the arm, one after the other, by the stock loop on all cores.
    train_seconds: step seconds carried on over the steps really taken; longest_seconds: the same for its longest network
    alone. training: these by every path and at every thread count.
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


@dataclass(frozen=True)
class Ratio:
    """A cost of joint over another arm's. floor: the A/A pair's interval, the noise that a ratio must exceed.

    measured_difference: the interval excludes 1 and reaches beyond the floor. state: why timing ended: "settled" (the
    interval is narrow enough), "budget spent", or "too few blocks" for an interval; "" where no clock was read. path,
    threads, batch_size: of what was timed, None where they mean nothing.
    """

    quantity: str
    other: str
    ratio: Estimate
    floor: Estimate | None
    blocks: int
    measured_difference: bool
    state: str = ""
    path: str | None = None
    threads: int | None = None
    batch_size: int | None = None


@dataclass(frozen=True)
class ArmFlops:
    """An arm's FLOPs of dense and convolution layers, summed over its networks.

    The parts are per row, trunks and heads, forward and backward. per_step: a full batch through every network.
    per_epoch: mean over folds of one pass of every network. to_stop: mean over folds of what training really took, with
    its correlated 95 % interval over folds; None with fewer than two folds. update_*: the optimiser's elementwise work,
    an estimate by its formula (update_flops_per_parameter for each parameter and step), in none of the others.
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


@dataclass(frozen=True)
class ArmMemory:
    """What an arm takes, in bytes. peak: the most resident in a fresh process, framework included; increase: of that,
    what came after the framework was imported; device: the framework's own counter. None: not measured, see reason."""

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
class Explained:
    """A saving as FLOPs predict it and as the clock saw it; both are joint / other.

    share: log(achieved) / log(predicted), with the achieved ratio's interval. 1: the clock follows the FLOPs; below 1:
    part of the predicted saving is lost; above 1: more is saved than FLOPs predict, since N programs have N overheads;
    below 0: the clock went the other way. None, and reason says why, where one of the two logarithms is not clear of 0.
    """

    quantity: str
    other: str
    predicted: float
    achieved: Estimate
    share: Estimate | None
    reason: str


@dataclass(frozen=True)
class Difference:
    """Joint - other in one output's skill, with the correlated posterior's probabilities and the verdict.

    pairs: folds of all repeats that have a difference, seeds averaged in each; pairs_lost: pairs of fits (one for each
    fold and seed) removed together because one of them failed or is missing. probability_no_loss: that joint does not
    lose more than the region. p_value: Nadeau and Bengio's corrected t-test, two-sided, of "no difference at all";
    p_value_holm: the same with Holm's correction over the outputs of the dataset. With fewer than two pairs nothing
    but the counts is known.
    """

    output: str
    other: str
    difference: Estimate
    pairs: int
    pairs_lost: int
    probability_joint_better: Uncertain
    probability_equivalent: Uncertain
    probability_other_better: Uncertain
    probability_no_loss: Uncertain
    verdict: str
    p_value: Uncertain = math.nan
    p_value_holm: Uncertain = math.nan


@dataclass(frozen=True)
class LeverAdvice:
    """One lever, the other two left as they are.

    ``setting`` and ``half_width`` (of the weakest output's 95 % interval, in skill) are the smallest that settles it,
    None where none does. ``floor``: the half-width that this lever approaches and cannot pass; "floor too wide" means
    that no number of repeats (seeds, folds) would do; None where it is not known.
    """

    lever: Lever
    reason: Reason
    setting: Setting | None
    half_width: float | None
    floor: float | None


@dataclass(frozen=True)
class Settle:
    """What would settle an inconclusive decision, if the differences stay where they are.

    output: the weakest one, whose interval and floor the levers speak of. setting: the one with the fewest fits that
    settles it, None where none does; command runs it (or, where only one seed ran, what would show the seeds' spread).
    levers: repeats, seeds and folds, each on its own.
    """

    output: str
    sentence: str
    setting: Setting | None
    command: str | None
    levers: tuple[LeverAdvice, ...]


@dataclass(frozen=True)
class Decision:
    """Joint against one other arm on one dataset: the verdict and its reason in one sentence.

    mean_difference: of the mean skill over outputs; mean_verdict: of that difference, as an output's is. paying_output:
    where the verdict is separate, the output that loses most, which ``paid`` says. between: where it is separate, the
    arm between the two partitions that keeps the other arm's skill on every output and saves, if one ran. failures: the
    share of pairs of fits that are lost, on the output that lost most.
    """

    other: str
    verdict: str
    reason: str
    mean_difference: Estimate
    worst_output: str
    worst_difference: Uncertain
    mean_verdict: str = "inconclusive"
    paying_output: str | None = None
    paid: Estimate | None = None
    between: str | None = None
    failures: float = 0.0
    settle: Settle | None = None


@dataclass(frozen=True)
class Standing:
    """An arm among the others of a dataset, over all its outputs.

    skill: mean over outputs and folds. arrmse_*: relative error over the regression outputs, the mean of the folds' and
    pooled over all test rows (they are not interchangeable); None without a regression output. train_flops to the
    stop, train_seconds, latency_seconds (median, smallest batch): None where not measured. in_pareto_set: no other arm
    is at least as good on every criterion that all arms have and better on one; None where the arm has no skill.
    """

    arm: str
    skill: float | None
    arrmse_fold_mean: float | None
    arrmse_pooled: float | None
    train_flops: float | None
    train_seconds: float | None
    latency_seconds: float | None
    parameters: int
    in_pareto_set: bool | None


@dataclass(frozen=True)
class CellSummary:
    """One dataset on one backend and device.

    load: cores that other processes kept busy while it was timed, at the most; retaken: timings that were disturbed by
    them and taken again; still_disturbed: those whose second take was disturbed too. pareto_criteria: what the arms'
    Pareto set is over: all of it measured.
    """

    dataset: str
    backend: str
    device: str
    joint: str
    threads: int | None
    load: float | None
    import_seconds: float | None
    quality: tuple[Quality, ...]
    costs: tuple[ArmCost, ...]
    ratios: tuple[Ratio, ...]
    differences: tuple[Difference, ...]
    decisions: tuple[Decision, ...]
    absences: tuple[str, ...]
    flops: tuple[ArmFlops, ...] = ()
    memory: tuple[ArmMemory, ...] = ()
    explained: tuple[Explained, ...] = ()
    standings: tuple[Standing, ...] = ()
    pareto_criteria: tuple[str, ...] = ()
    retaken: int = 0
    still_disturbed: int = 0
    projections: tuple[ProjectionCheck, ...] = ()


@dataclass(frozen=True)
class DatasetSummary:
    """A dataset as it was used, and the reference models on its folds.

    command: what runs it alone as it was run, but for folds, repeats and seeds; "" where that is not known.
    repeatable: a split forward in time has no repeats.
    """

    slug: str
    title: str
    rows: int
    features: int
    outputs: tuple[str, ...]
    kinds: tuple[str, ...]
    folds: int
    repeats: int
    seeds: int
    notes: tuple[str, ...]
    source: str
    licence: str
    citation: str
    sha256: str
    references: tuple[Quality, ...]
    command: str = ""
    repeatable: bool = True


@dataclass(frozen=True)
class Across:
    """Joint against one other arm over all datasets of a backend and device; one value per dataset, its mean difference.

    win, equivalent, lose, inconclusive: datasets by the verdict on that difference, quality alone. ``probability_*``:
    Bayesian signed-rank, that on a further dataset joint is likeliest better, equivalent or worse, over the ``ranked``
    datasets, those without too many failures; None with fewer than five, which cannot say.
    """

    backend: str
    device: str
    other: str
    win: int
    equivalent: int
    lose: int
    inconclusive: int
    ranked: int
    probability_joint_better: float | None
    probability_equivalent: float | None
    probability_other_better: float | None


@dataclass(frozen=True)
class Summary:
    """A run in numbers. command: what reruns it. headline: one sentence over all datasets.

    rope: half the width of the region of practical equivalence, in skill; probability: what a verdict needs.
    """

    schema_version: int
    profile: str
    engine: str
    command: str
    headline: str
    datasets: tuple[DatasetSummary, ...]
    cells: tuple[CellSummary, ...]
    notes: tuple[str, ...]
    rope: float
    probability: float
    across: tuple[Across, ...] = ()
