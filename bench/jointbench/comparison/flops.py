"""The FLOPs of an arm in parts, and how much of the saving that they predict was measured in seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jointbench.comparison.cells import BenchmarkCell, overlap_of
from jointbench.comparison.summary.costs import ArmFlops, PredictedSaving, Ratio
from jointbench.comparison.summary.quantity import REQUEST, TRAINING_STEP
from jointbench.networks.flops import elementwise_flops, update_flops
from jointbench.records import Fit, PlannedArm
from jointbench.stats.correlated_t_test import correlated_t_test
from jointbench.stats.estimate import Estimate

CLEAR = 1.2  # a predicted ratio nearer to 1 than this factor: its logarithm is too small to divide by
NOT_PREDICTED = "the shapes predict less than 20 % difference"
NOT_MEASURED = "no difference measured"


def arm_flops(cell: BenchmarkCell, planned: PlannedArm) -> ArmFlops | None:
    """An arm's FLOPs in parts; None where the record does not break them down or nothing was trained."""
    parts = planned.flops
    runs = [[fit for network_id in run if (fit := cell.fits.get(network_id))] for run in planned.runs]
    complete = [
        run
        for run, ids in zip(runs, planned.runs, strict=True)
        if len(run) == len(ids) and not any(fit.failure for fit in run)
    ]
    if parts is None or not complete:
        return None
    recipe = complete[0][0].network.recipe
    update = update_flops(recipe)
    trained = [fit for run in runs for fit in run if fit.failure is None]
    return ArmFlops(
        arm=planned.arm.name,
        trunk_forward=parts.trunk_forward,
        trunk_backward=parts.trunk_backward,
        heads_forward=parts.heads_forward,
        heads_backward=parts.heads_backward,
        per_step=_step_flops(planned, recipe.batch_size),
        per_epoch=float(np.mean([sum(fit.train_flops / fit.epochs for fit in run) for run in complete])),
        to_stop=_over_folds(complete, overlap_of(cell.folds)),
        patience_share=float(np.mean([fit.stopped_by == "patience" for fit in trained])),
        update_flops_per_parameter=update,
        update_per_step=update * planned.parameters,
        elementwise_per_row=sum(
            elementwise_flops(shape, len(group))
            for shape, group in zip(planned.shapes, planned.arm.groups, strict=True)
        ),
        update_to_stop=float(np.mean([sum(update * fit.parameters * fit.steps for fit in run) for run in complete])),
    )


def _step_flops(planned: PlannedArm, batch_size: int) -> int:
    return planned.train_flops_per_row * batch_size + planned.weighting_flops


def _over_folds(runs: Sequence[Sequence[Fit]], overlap: float) -> Estimate | None:
    """Mean training FLOPs to the stop with the correlated interval over folds, which cannot reach below 0."""
    by_fold: dict[tuple[int, int], list[int]] = {}
    for run in runs:
        by_fold.setdefault((run[0].network.repeat, run[0].network.fold), []).append(sum(fit.train_flops for fit in run))
    if len(by_fold) < 2:
        return None
    belief = correlated_t_test([float(np.mean(values)) for values in by_fold.values()], overlap=overlap)
    return Estimate(belief.mean, max(belief.low, 0.0), belief.high)


def predicted_saving(
    joint: PlannedArm, other: PlannedArm, ratios: Sequence[Ratio], batch_size: int = 1
) -> list[PredictedSaving]:
    """For each timed ratio of these two arms, what their FLOPs of a step, or of a row of a request, predict.

    Both arms take the same rows through every network; batch_size of them in a step, which matters only where a method
    that weighs losses has FLOPs of its own. A request for anything but all outputs of a batch (one output
    alone, say) is not predicted here.
    """
    savings: list[PredictedSaving] = []
    if not (joint.train_flops_per_row and other.train_flops_per_row):
        return savings  # models of others have no counter
    for ratio in ratios:
        if ratio.other != other.arm.name or not ratio.quantity.usual:
            continue
        if ratio.quantity.scenario == TRAINING_STEP:
            predicted = _step_flops(joint, batch_size) / _step_flops(other, batch_size)
        elif ratio.quantity.scenario == REQUEST:
            predicted = joint.inference_flops_per_row / other.inference_flops_per_row
        else:
            continue
        share, reason = _share(predicted, ratio)
        savings.append(
            PredictedSaving(
                quantity=ratio.quantity,
                other=ratio.other,
                predicted=predicted,
                achieved=ratio.ratio,
                share=share,
                reason=reason,
            )
        )
    return savings


def _share(predicted: float, ratio: Ratio) -> tuple[Estimate | None, str]:
    if abs(math.log(predicted)) < math.log(CLEAR):
        return None, NOT_PREDICTED
    achieved = ratio.ratio
    if not ratio.measured_difference or achieved.low <= 1 <= achieved.high:
        return None, NOT_MEASURED
    value, *ends = (math.log(x) / math.log(predicted) for x in (achieved.value, achieved.low, achieved.high))
    return Estimate(value, min(ends), max(ends)), ""
