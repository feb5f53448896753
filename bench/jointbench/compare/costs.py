"""Costs of the arms of a cell, from its fits and timings."""

from __future__ import annotations

import numpy as np

from jointbench.compare.correlated import correlated_t_test
from jointbench.compare.evidence import Cell
from jointbench.compare.summary import ArmCost, Estimate, Latency, Ratio
from jointbench.measure.clock import Paired, bootstrap_interval, log_ratios
from jointbench.types import TWIN, Assembly, Fit, FloatArray, Timing

P90_SAMPLES, P99_SAMPLES = 64, 662  # fewer samples cannot bound that percentile


def arm_cost(cell: Cell, assembly: Assembly) -> ArmCost:
    """What one arm costs, from everything that ran; time is None where none was measured."""
    fits = [cell.fits[i] for i in assembly.network_ids if i in cell.fits]
    good = [fit for fit in fits if fit.failure is None]
    groups = len(assembly.arm.groups)
    runs = len(assembly.network_ids) / groups
    step_seconds = _median_step(cell, assembly.arm.name)
    steps = _per_run(assembly, cell, lambda fit: float(fit.steps))
    longest = _longest(assembly, cell)
    cold = next((c for c in cell.cold_starts if c.arm == assembly.arm.name), None)
    shape = assembly.shapes[0]
    return ArmCost(
        arm=assembly.arm.name,
        groups=assembly.arm.groups,
        trunk=shape.trunk,
        channels=shape.channels,
        head=shape.head,
        sizing=assembly.arm.sizing,
        parameters=assembly.parameters,
        reference_parameters=assembly.reference_parameters,
        train_flops_per_row=assembly.train_flops_per_row,
        inference_flops_per_row=assembly.inference_flops_per_row,
        train_flops=float(np.mean(_per_run(assembly, cell, lambda fit: float(fit.train_flops)))) if runs else 0.0,
        steps=float(np.mean(steps)),
        epochs=float(np.mean([fit.epochs for fit in good])) if good else 0.0,
        patience_share=float(np.mean([fit.stopped_by == "patience" for fit in good])) if good else 0.0,
        step_seconds=step_seconds,
        train_seconds=None if step_seconds is None else step_seconds / groups * float(np.mean(steps)),
        longest_seconds=None if step_seconds is None else step_seconds / groups * longest,
        build_seconds=cold.build_seconds if cold else None,
        first_call_seconds=cold.first_call_seconds if cold else None,
        latency=tuple(_latency(t, assembly.arm.name) for t in cell.timings if t.scenario == "request"),
        fits=len(fits),
        failures=tuple(_failure(fit) for fit in fits if fit.failure is not None),
    )


def _failure(fit: Fit) -> str:
    network = fit.network
    return f"{', '.join(network.group)} (repeat {network.repeat}, fold {network.fold}): {fit.failure}"


def _per_run(assembly: Assembly, cell: Cell, value: object) -> FloatArray:
    """(runs,): the sum of a fit's value over the arm's networks, for each split and seed without a failure."""
    assert callable(value)
    groups = len(assembly.arm.groups)
    runs = np.array(assembly.network_ids).reshape(-1, groups)
    sums = []
    for ids in runs:
        fits = [cell.fits.get(i) for i in ids]
        sums.append(np.nan if any(f is None or f.failure for f in fits) else sum(value(f) for f in fits))
    kept = np.array(sums)[~np.isnan(sums)]
    return kept if len(kept) else np.zeros(1)


def _longest(assembly: Assembly, cell: Cell) -> float:
    """Mean over runs of the steps of the arm's longest network: the bound with as many workers as networks."""
    runs = np.array(assembly.network_ids).reshape(-1, len(assembly.arm.groups))
    return float(np.mean([max((cell.fits[i].steps for i in ids if i in cell.fits), default=0) for ids in runs]))


def _seconds(timing: Timing, arm: str) -> FloatArray:
    return timing.seconds[[who == arm for who in timing.order]].ravel()


def _median_step(cell: Cell, arm: str) -> float | None:
    for timing in cell.timings:
        if timing.scenario == "training" and arm in timing.arms:
            return float(np.median(_seconds(timing, arm))) / timing.steps
    return None


def _latency(timing: Timing, arm: str) -> Latency:
    seconds = _seconds(timing, arm)
    count = len(seconds)
    return Latency(
        timing.batch_size,
        count,
        float(np.median(seconds)),
        float(np.quantile(seconds, 0.9)) if count >= P90_SAMPLES else None,
        float(np.quantile(seconds, 0.99)) if count >= P99_SAMPLES else None,
        timing.batch_size * count / float(seconds.sum()),
    )


def paired_ratios(timing: Timing, joint: str) -> list[Ratio]:
    """Joint over every other arm of a timing, each with its interval over blocks and the A/A floor beside it."""
    samples = Paired(timing.order, timing.seconds, timing.block)
    quantity = "training step" if timing.scenario == "training" else f"request, batch {timing.batch_size}"
    blocks = len(timing.order) // timing.block
    floor = _interval(log_ratios(samples, joint, TWIN)) if TWIN in timing.arms and joint == timing.arms[0] else None
    made = []
    for other in timing.arms:
        if other in (joint, TWIN):
            continue
        ratio = _interval(log_ratios(samples, joint, other))
        made.append(Ratio(quantity, other, ratio, floor, blocks, _beyond(ratio, floor)))
    return made


def _interval(values: FloatArray) -> Estimate:
    return Estimate(*(float(np.exp(x)) for x in bootstrap_interval(values)))


def _beyond(ratio: Estimate, floor: Estimate | None) -> bool:
    """The interval excludes 1, and the ratio is farther from 1 than anything in the floor's interval."""
    if ratio.low <= 1 <= ratio.high:
        return False
    noise = 0.0 if floor is None else max(abs(np.log(floor.low)), abs(np.log(floor.high)))
    return bool(abs(np.log(ratio.value)) > noise)


def flops_ratio(cell: Cell, joint: Assembly, other: Assembly) -> Ratio | None:
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
    return Ratio("training FLOPs to the stop", other.arm.name, estimate, None, len(by_fold), _beyond(estimate, None))
