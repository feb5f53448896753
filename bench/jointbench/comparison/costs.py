"""Costs of the arms of a cell, from its fits and timings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy.stats import binom

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.summary.costs import (
    ArmCost,
    Latency,
    ProjectionCheck,
    Throughput,
    TrainingClock,
)
from jointbench.records import (
    COPIES,
    CUDA_GRAPH,
    SEQUENTIAL,
    SINGLE_OUTPUT,
    STOCK_LOOP,
    ExecutionMode,
    Fit,
    PlannedArm,
    Projection,
    Timing,
    Variant,
)
from jointbench.types import FloatArray

P90_SAMPLES, P99_SAMPLES = 64, 662  # fewer samples cannot bound that percentile
COPIED_ALIKE: tuple[ExecutionMode, ...] = (SEQUENTIAL, CUDA_GRAPH)  # one copy of rows, one of each network's answers
NO_ANSWERS: tuple[ExecutionMode, ...] = (SINGLE_OUTPUT, COPIES)  # or fewer than the others give
AGREEMENT = 0.1  # relative, of a training's measured time with the one projected from its steps


def arm_cost(cell: BenchmarkCell, planned: PlannedArm) -> ArmCost:
    """What one arm costs, from everything that ran; time is None where none was measured."""
    fits = [cell.fits[i] for i in planned.network_ids if i in cell.fits]
    good = [fit for fit in fits if fit.failure is None]
    steps = _per_run(planned, cell, lambda fit: float(fit.steps))
    clocks = training_clocks(cell, planned)
    stock = next((clock for clock in clocks if clock.path == STOCK_LOOP), None)
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
        train_flops=float(np.mean(_per_run(planned, cell, lambda fit: float(fit.train_flops)))),
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
        own_trunk=shape.own_trunk,
        residual=shape.residual,
        checkpoint=planned.arm.checkpoint,
        served_parameters=planned.served_parameters,
    )


def _failure(fit: Fit) -> str:
    network = fit.network
    return f"{', '.join(network.group)} (repeat {network.repeat}, fold {network.fold}): {fit.failure}"


def _per_run(planned: PlannedArm, cell: BenchmarkCell, value: Callable[[Fit], float]) -> FloatArray:
    """(runs,): the sum of a fit's value over the arm's networks, for each split and seed without a failure."""
    sums = []
    for ids in planned.runs:
        fits = [cell.fits[i] for i in ids if i in cell.fits and cell.fits[i].failure is None]
        if len(fits) == len(ids):
            sums.append(sum(value(fit) for fit in fits))
    return np.array(sums) if sums else np.zeros(1)


def _longest(planned: PlannedArm, cell: BenchmarkCell) -> float:
    """Mean over runs of the steps of the arm's longest network: the bound with as many workers as networks."""
    return float(np.mean([max((cell.fits[i].steps for i in ids if i in cell.fits), default=0) for ids in planned.runs]))


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
    """The arm's training time by every path and at every thread count that was timed, the stock loop first."""
    groups, steps = len(planned.arm.groups), float(np.mean(_per_run(planned, cell, lambda fit: float(fit.steps))))
    clocks = []
    for timing in best_takes(cell.timings):
        for variant in timing.variants:
            if timing.scenario == "training" and variant.arm == planned.arm.name:
                step_seconds = float(np.median(timing.of(variant)))
                clocks.append(
                    TrainingClock(
                        path=variant.path,
                        threads=timing.threads,
                        step_seconds=step_seconds,
                        train_seconds=step_seconds / groups * steps,
                        longest_seconds=step_seconds / groups * _longest(planned, cell),
                    )
                )
    return tuple(clocks)


def latencies(cell: BenchmarkCell, arm: str) -> tuple[Latency, ...]:
    """The arm's request latency on every path, at every batch size and thread count that was timed."""
    by_key: dict[tuple[ExecutionMode, int, int], tuple[Timing, Variant]] = {}
    for timing in best_takes(cell.timings):
        for variant in timing.variants:
            if timing.scenario == "request" and variant.arm == arm:  # of two rounds, the first one counts
                by_key.setdefault((variant.path, timing.threads, timing.batch_size), (timing, variant))
    return tuple(_latency(*measured) for measured in by_key.values())


def _latency(timing: Timing, variant: Variant) -> Latency:
    seconds = timing.of(variant)
    count = len(seconds)
    p90, p99 = count >= P90_SAMPLES, count >= P99_SAMPLES
    copied = timing.copied[timing.variants.index(variant)] if timing.copied else None
    return Latency(
        batch_size=timing.batch_size,
        samples=count,
        median_seconds=float(np.median(seconds)),
        p90_seconds=float(np.quantile(seconds, 0.9)) if p90 else None,
        p99_seconds=float(np.quantile(seconds, 0.99)) if p99 else None,
        rows_per_second=timing.batch_size * count / float(seconds.sum()),
        path=variant.path,
        threads=timing.threads,
        p90_bounds=quantile_bounds(seconds, 0.9) if p90 else None,
        p99_bounds=quantile_bounds(seconds, 0.99) if p99 else None,
        copy_seconds=_copy_seconds(timing, variant),
        bytes_to_device=copied.to_device if copied else None,
        bytes_to_host=copied.to_host if copied else None,
    )


def _copy_seconds(timing: Timing, variant: Variant) -> float | None:
    """The median of the copies alone, where they took turns with this variant and are the ones that it makes."""
    alone = Variant(variant.arm, COPIES)
    if variant.path not in COPIED_ALIKE or alone not in timing.variants:
        return None
    return float(np.median(timing.of(alone)))


def quantile_bounds(values: FloatArray, quantile: float) -> tuple[float, float]:
    """A 95 % interval of a quantile by order statistics (David & Nagaraja 2003).

    The number of samples below the quantile is binomial.
    """
    ordered = np.sort(values)
    low, high = binom.ppf((0.025, 0.975), len(values), quantile).astype(int)
    return float(ordered[max(low - 1, 0)]), float(ordered[min(high, len(values) - 1)])


def throughput(latency: Sequence[Latency]) -> tuple[Throughput, ...]:
    """Per path and thread count, the rows a second at the best batch size.

    A request for a single output answers less than the others, and copies alone nothing, so these are left out.
    """
    best: dict[tuple[ExecutionMode, int], Latency] = {}
    for measured in latency:
        key = measured.path, measured.threads or 0
        if measured.path not in NO_ANSWERS and (
            key not in best or measured.rows_per_second > best[key].rows_per_second
        ):
            best[key] = measured
    return tuple(Throughput(*key, fastest.batch_size, fastest.rows_per_second) for key, fastest in best.items())


def projection_check(projection: Projection) -> ProjectionCheck:
    """Whether the training took as long as projected from its steady steps, to AGREEMENT."""
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
