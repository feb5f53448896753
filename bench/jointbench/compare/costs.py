"""Costs of the arms of a cell, from its fits and timings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy.stats import binom

from jointbench.compare.cells import BenchmarkCell
from jointbench.compare.summary.costs import ArmCost, Latency, ProjectionCheck, Ratio, Throughput, TrainingClock
from jointbench.measure.paired_timing import MIN_BLOCKS, TARGET_HALF_WIDTH, Paired, log_ratios, settled
from jointbench.records import AA_CONTROL, SINGLE_OUTPUT, Fit, PlannedArm, Projection, Timing, Variant
from jointbench.stats.correlated_t_test import correlated_t_test
from jointbench.stats.estimate import Estimate
from jointbench.stats.time_ratio import time_ratio
from jointbench.types import FloatArray

P90_SAMPLES, P99_SAMPLES = 64, 662  # fewer samples cannot bound that percentile
AGREEMENT = 0.1  # of a training really timed with what its steps foretold


def arm_cost(cell: BenchmarkCell, planned: PlannedArm) -> ArmCost:
    """What one arm costs, from everything that ran; time is None where none was measured."""
    fits = [cell.fits[i] for i in planned.network_ids if i in cell.fits]
    good = [fit for fit in fits if fit.failure is None]
    groups = len(planned.arm.groups)
    runs = len(planned.network_ids) / groups
    steps = _per_run(planned, cell, lambda fit: float(fit.steps))
    clocks = training_clocks(cell, planned)
    stock = next((clock for clock in clocks if clock.path == "stock loop"), None)
    latency = latencies(cell, planned.arm.name)
    cold = next((c for c in cell.cold_starts if c.arm == planned.arm.name), None)
    shape = planned.shapes[0]
    return ArmCost(
        arm=planned.arm.name,
        groups=planned.arm.groups,
        trunk=shape.trunk,
        channels=shape.channels,
        head=shape.head,
        sizing=planned.arm.sizing,
        parameters=planned.parameters,
        reference_parameters=planned.reference_parameters,
        train_flops_per_row=planned.train_flops_per_row,
        inference_flops_per_row=planned.inference_flops_per_row,
        train_flops=float(np.mean(_per_run(planned, cell, lambda fit: float(fit.train_flops)))) if runs else 0.0,
        steps=float(np.mean(steps)),
        epochs=float(np.mean([fit.epochs for fit in good])) if good else 0.0,
        patience_share=float(np.mean([fit.stopped_by == "patience" for fit in good])) if good else 0.0,
        step_seconds=stock.step_seconds if stock else None,
        train_seconds=stock.train_seconds if stock else None,
        longest_seconds=stock.longest_seconds if stock else None,
        build_seconds=cold.build_seconds if cold else None,
        first_call_seconds=cold.first_call_seconds if cold else None,
        latency=latency,
        fits=len(fits),
        failures=tuple(_failure(fit) for fit in fits if fit.failure is not None),
        training=clocks,
        throughput=throughput(latency),
    )


def _failure(fit: Fit) -> str:
    network = fit.network
    return f"{', '.join(network.group)} (repeat {network.repeat}, fold {network.fold}): {fit.failure}"


def _per_run(planned: PlannedArm, cell: BenchmarkCell, value: Callable[[Fit], float]) -> FloatArray:
    """(runs,): the sum of a fit's value over the arm's networks, for each split and seed without a failure."""
    runs = np.array(planned.network_ids).reshape(-1, len(planned.arm.groups))
    sums = []
    for ids in runs:
        fits = [cell.fits[i] for i in ids if i in cell.fits and cell.fits[i].failure is None]
        if len(fits) == len(ids):
            sums.append(sum(value(fit) for fit in fits))
    return np.array(sums) if sums else np.zeros(1)


def _longest(planned: PlannedArm, cell: BenchmarkCell) -> float:
    """Mean over runs of the steps of the arm's longest network: the bound with as many workers as networks."""
    runs = np.array(planned.network_ids).reshape(-1, len(planned.arm.groups))
    return float(np.mean([max((cell.fits[i].steps for i in ids if i in cell.fits), default=0) for ids in runs]))


def best_takes(timings: Iterable[Timing]) -> list[Timing]:
    """One timing for each thing that was timed: of two takes the undisturbed one, else the less disturbed."""
    best: dict[tuple[object, ...], Timing] = {}
    for timing in timings:
        key = (timing.scenario, timing.batch_size, timing.threads, timing.variants)
        if key not in best or _disturbance(timing) < _disturbance(best[key]):
            best[key] = timing
    return list(best.values())


def _disturbance(timing: Timing) -> tuple[bool, float]:
    return timing.disturbed, float(timing.load.mean())


def training_clocks(cell: BenchmarkCell, planned: PlannedArm) -> tuple[TrainingClock, ...]:
    """What the arm's training takes by every path and at every thread count that was timed, the stock loop first."""
    groups, steps = len(planned.arm.groups), float(np.mean(_per_run(planned, cell, lambda fit: float(fit.steps))))
    made = []
    for timing in best_takes(cell.timings):
        for who in timing.variants:
            if timing.scenario == "training" and who.arm == planned.arm.name:
                each = float(np.median(timing.of(who)))
                made.append(
                    TrainingClock(
                        who.path, timing.threads, each, each / groups * steps, each / groups * _longest(planned, cell)
                    )
                )
    return tuple(made)


def latencies(cell: BenchmarkCell, arm: str) -> tuple[Latency, ...]:
    """The arm's request latency on every path, at every batch size and thread count that was timed."""
    found = {
        (who.path, timing.threads, timing.batch_size): _latency(timing, who)
        for timing in best_takes(cell.timings)[::-1]  # what was timed twice counts by its first round
        for who in timing.variants
        if timing.scenario == "request" and who.arm == arm
    }
    return tuple(found.values())[::-1]


def _latency(timing: Timing, who: Variant) -> Latency:
    seconds = timing.of(who)
    count = len(seconds)
    p90, p99 = count >= P90_SAMPLES, count >= P99_SAMPLES
    return Latency(
        batch_size=timing.batch_size,
        samples=count,
        median_seconds=float(np.median(seconds)),
        p90_seconds=float(np.quantile(seconds, 0.9)) if p90 else None,
        p99_seconds=float(np.quantile(seconds, 0.99)) if p99 else None,
        rows_per_second=timing.batch_size * count / float(seconds.sum()),
        path=who.path,
        threads=timing.threads,
        p90_bounds=quantile_bounds(seconds, 0.9) if p90 else None,
        p99_bounds=quantile_bounds(seconds, 0.99) if p99 else None,
    )


def quantile_bounds(values: FloatArray, quantile: float) -> tuple[float, float]:
    """A 95 % interval of a quantile by order statistics: how many samples lie below it is binomial (David & Nagaraja 2003)."""
    ordered = np.sort(values)
    low, high = binom.ppf((0.025, 0.975), len(values), quantile).astype(int)
    return float(ordered[max(low - 1, 0)]), float(ordered[min(high, len(values) - 1)])


def throughput(found: Sequence[Latency]) -> tuple[Throughput, ...]:
    """Per path and thread count, the rows a second at the best batch size; `one of N` answers less, so it is left out."""
    best: dict[tuple[str, int], Latency] = {}
    for one in found:
        key = one.path, one.threads or 0
        if one.path != SINGLE_OUTPUT and (key not in best or one.rows_per_second > best[key].rows_per_second):
            best[key] = one
    return tuple(Throughput(*key, one.batch_size, one.rows_per_second) for key, one in best.items())


def paired_ratios(timing: Timing, joint: str) -> list[Ratio]:
    """Joint over every other arm on each path, each with its interval over blocks and the A/A floor beside it."""
    samples = Paired(tuple(timing.variants[i] for i in timing.order), timing.seconds, timing.block, timing.load)
    training = timing.scenario == "training"
    quantity = "training step" if training else f"request, batch {timing.batch_size}"
    made = []
    for path in dict.fromkeys(who.path for who in timing.variants):
        here = [who.arm for who in timing.variants if who.path == path]
        if joint not in here:
            continue
        mine, twin = Variant(joint, path), Variant(AA_CONTROL, path)
        # The twin is one of the first arm, whose ratio to it says what noise gives.
        floor = time_ratio(log_ratios(samples, mine, twin)) if AA_CONTROL in here and here[0] == joint else None
        for other in here:
            if other in (joint, AA_CONTROL):
                continue
            values = log_ratios(samples, mine, Variant(other, path))
            ratio, enough = time_ratio(values), len(values) >= MIN_BLOCKS
            state = "too few blocks" if not enough else "settled" if settled(values) else "budget spent"
            made.append(
                Ratio(
                    quantity=quantity,
                    other=other,
                    ratio=ratio,
                    floor=floor,
                    blocks=len(values),
                    measured_difference=enough and _beyond(ratio, _noise(floor)),
                    state=state,
                    path=path,
                    threads=timing.threads,
                    batch_size=None if training else timing.batch_size,
                )
            )
    return made


def projection_check(projection: Projection) -> ProjectionCheck:
    """Whether the training really took what its steady steps foretold, to AGREEMENT."""
    ratio = projection.measured_seconds / projection.projected_seconds if projection.projected_seconds else float("nan")
    return ProjectionCheck(
        arm=projection.arm,
        threads=projection.threads,
        steps=projection.steps,
        projected_seconds=projection.projected_seconds,
        measured_seconds=projection.measured_seconds,
        ratio=ratio,
        agrees=abs(ratio - 1) <= AGREEMENT,
    )


def _noise(floor: Estimate | None) -> float:
    """The farthest from 1 that the A/A interval reaches, as a log; where no copy was timed, the precision aimed at."""
    return TARGET_HALF_WIDTH if floor is None else float(max(abs(np.log(floor.low)), abs(np.log(floor.high))))


def _beyond(ratio: Estimate, noise: float) -> bool:
    """The interval excludes 1, and the ratio is farther from 1 than the noise."""
    return not ratio.low <= 1 <= ratio.high and abs(math.log(ratio.value)) > noise


def flops_ratio(cell: BenchmarkCell, joint: PlannedArm, other: PlannedArm) -> Ratio | None:
    """Training FLOPs to the stop, joint / other, with the correlated interval over folds of the log ratio."""
    rows = []
    for mine, theirs in zip(
        np.array(joint.network_ids).reshape(-1, len(joint.arm.groups)),
        np.array(other.network_ids).reshape(-1, len(other.arm.groups)),
        strict=True,
    ):
        fits = [[cell.fits.get(i) for i in ids] for ids in (mine, theirs)]
        if any(fit is None or fit.failure for side in fits for fit in side):
            continue
        sums = [sum(fit.train_flops for fit in side if fit is not None) for side in fits]
        network = cell.fits[mine[0]].network
        rows.append(((network.repeat, network.fold), float(np.log(sums[0] / sums[1]))))
    by_fold: dict[tuple[int, int], list[float]] = {}
    for key, value in rows:
        by_fold.setdefault(key, []).append(value)
    if len(by_fold) < 2:
        return None
    belief = correlated_t_test([float(np.mean(v)) for v in by_fold.values()], folds=cell.folds[0].folds)
    estimate = Estimate(*(float(np.exp(x)) for x in (belief.mean, belief.low, belief.high)))
    return Ratio(
        quantity="training FLOPs to the stop",
        other=other.arm.name,
        ratio=estimate,
        floor=None,
        blocks=len(by_fold),
        measured_difference=_beyond(estimate, 0.0),
    )
