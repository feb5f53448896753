"""Costs of joint over the other arms': FLOPs, paired timings with the A/A floor, and what somebody states."""

from __future__ import annotations

import math

import numpy as np

from jointbench.comparison.cells import BenchmarkCell, overlap_of
from jointbench.comparison.summary.costs import (
    BUDGET_SPENT,
    SETTLED,
    TOO_FEW_BLOCKS,
    Ratio,
)
from jointbench.comparison.summary.quantity import (
    REQUEST,
    REQUEST_COST,
    TRAINING_COST,
    TRAINING_FLOPS,
    TRAINING_STEP,
    Quantity,
)
from jointbench.measure.paired_timing import (
    FEWEST_BLOCKS,
    MIN_BLOCKS,
    MOST_OF_A_BUILD,
    TARGET_HALF_WIDTH,
    Paired,
    log_ratios,
    settled,
)
from jointbench.records import (
    AA_CONTROL,
    COPIES,
    ExecutionMode,
    PlannedArm,
    Timing,
    Variant,
)
from jointbench.stats.correlated_t_test import correlated_t_test
from jointbench.stats.estimate import Estimate
from jointbench.stats.time_ratio import time_ratio
from jointbench.types import FloatArray

P90_SAMPLES, P99_SAMPLES = 64, 662  # fewer samples cannot bound that percentile


def paired_ratios(timing: Timing, joint: str) -> list[Ratio]:
    """Joint over every other arm on each path, each with its interval over blocks and the A/A floor beside it.

    Copies alone are no work of an arm's: they are a part of its requests, which have their ratio.
    """
    samples = Paired(tuple(timing.variants[i] for i in timing.order), timing.seconds, timing.block, timing.load)
    ratios = []
    for path in dict.fromkeys(variant.path for variant in timing.variants):
        arms = [variant.arm for variant in timing.variants if variant.path == path]
        if joint not in arms or path == COPIES:
            continue
        first, control = Variant(joint, path), Variant(AA_CONTROL, path)
        # The A/A control is a copy of the first arm, so the ratio of the two is noise.
        controlled = AA_CONTROL in arms and arms[0] == joint
        floor = time_ratio(log_ratios(samples, first, control)) if controlled else None
        ratios += [
            _timed_ratio(timing, log_ratios(samples, first, Variant(other, path)), other, path, floor)
            for other in arms
            if other not in (joint, AA_CONTROL)
        ]
    return ratios


def _timed_ratio(
    timing: Timing, log_ratio: FloatArray, other: str, path: ExecutionMode, floor: Estimate | None
) -> Ratio:
    """log_ratio: (blocks,), joint / other."""
    if timing.scenario == "training":
        quantity = Quantity(TRAINING_STEP, path)
    else:
        quantity = Quantity(REQUEST, path, timing.batch_size)
    ratio, enough = time_ratio(log_ratio), len(log_ratio) >= MIN_BLOCKS
    return Ratio(
        quantity=quantity,
        other=other,
        ratio=ratio,
        floor=floor,
        blocks=len(log_ratio),
        measured_difference=_measured(ratio, floor, len(log_ratio), disturbed=timing.disturbed),
        state=TOO_FEW_BLOCKS if not enough else SETTLED if settled(log_ratio) else BUDGET_SPENT,
        threads=timing.threads,
        disturbed=timing.disturbed,
        load=float(timing.load.mean()),
    )


def _measured(ratio: Estimate, floor: Estimate | None, blocks: int, *, disturbed: bool) -> bool:
    """Is it more than noise? Fewer blocks than give an interval show it only where no build explains it."""
    noise = _noise(floor)
    if blocks >= MIN_BLOCKS:
        return _beyond(ratio, noise)
    return blocks >= FEWEST_BLOCKS and not disturbed and _beyond(ratio, max(noise, MOST_OF_A_BUILD))


def stated_ratios(cell: BenchmarkCell, joint: str) -> list[Ratio]:
    """Joint over every other arm's costs, where somebody states both. Without an interval: they are taken at their word."""
    quantities = {"training": Quantity(TRAINING_COST), "request": Quantity(REQUEST_COST)}
    own = {cost.scenario: cost.value for cost in cell.stated if cost.arm == joint}
    return [
        Ratio(
            quantity=quantities[cost.scenario],
            other=cost.arm,
            ratio=Estimate(*[own[cost.scenario] / cost.value] * 3),
            floor=None,
            blocks=0,
            measured_difference=own[cost.scenario] != cost.value,
        )
        for cost in cell.stated
        if cost.arm != joint and cost.scenario in own
    ]


def _noise(floor: Estimate | None) -> float:
    """The farthest from 1 that the A/A interval reaches, as a log; where no copy was timed, the precision aimed at."""
    return TARGET_HALF_WIDTH if floor is None else float(max(abs(np.log(floor.low)), abs(np.log(floor.high))))


def _beyond(ratio: Estimate, noise: float) -> bool:
    """The interval excludes 1, and the ratio is farther from 1 than the noise."""
    return not ratio.low <= 1 <= ratio.high and abs(math.log(ratio.value)) > noise


def flops_ratio(cell: BenchmarkCell, joint: PlannedArm, other: PlannedArm) -> Ratio | None:
    """Training FLOPs to the stop, joint / other, with the correlated interval over folds of the log ratio."""
    by_fold: dict[tuple[int, int], list[float]] = {}
    for joint_ids, other_ids in zip(joint.runs, other.runs, strict=False):
        arms = [[cell.fits.get(i) for i in ids] for ids in (joint_ids, other_ids)]
        if any(fit is None or fit.failure for fits in arms for fit in fits):
            continue
        joint_flops, other_flops = (sum(fit.train_flops for fit in fits if fit is not None) for fits in arms)
        if not (joint_flops and other_flops):
            return None  # models of others have no counter
        network = cell.fits[joint_ids[0]].network
        log_ratio = float(np.log(joint_flops / other_flops))
        by_fold.setdefault((network.repeat, network.fold), []).append(log_ratio)
    if len(by_fold) < 2:
        return None
    belief = correlated_t_test([float(np.mean(values)) for values in by_fold.values()], overlap=overlap_of(cell.folds))
    estimate = Estimate(*(float(np.exp(x)) for x in (belief.mean, belief.low, belief.high)))
    return Ratio(
        quantity=Quantity(TRAINING_FLOPS),
        other=other.arm.name,
        ratio=estimate,
        floor=None,
        blocks=len(by_fold),
        measured_difference=_beyond(estimate, 0.0),
    )
