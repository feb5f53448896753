"""Every arm beside the others of its dataset: mean skill, aRRMSE, costs, and the Pareto set of these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jointbench.comparison.cells import RunIndex, Skill, over_seeds
from jointbench.comparison.summary.costs import ArmCost
from jointbench.comparison.summary.decisions import Standing
from jointbench.records import SEQUENTIAL
from jointbench.stats.aggregate_error import AggregateError, aggregate_error
from jointbench.stats.pareto import Direction, pareto_set

CRITERIA: tuple[tuple[str, Direction], ...] = (
    ("skill", "larger"),
    ("train_flops", "smaller"),
    ("train_seconds", "smaller"),
    ("latency_seconds", "smaller"),
    ("parameters", "smaller"),
)


def standings(
    skill: Mapping[str, Skill], costs: Sequence[ArmCost], index: RunIndex, metrics: Sequence[str]
) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
    """The arms' standings and the criteria of their Pareto set. metrics: of the outputs' errors, in the index's order.

    A criterion on which some arm with a skill was not measured is left out for all: that arm could be neither kept nor
    dropped by it.
    """
    rows = [_row(cost, skill[cost.arm], index, metrics) for cost in costs]
    with_skill = [row for row in rows if row.skill is not None]
    criteria = [
        (name, direction)
        for name, direction in CRITERIA
        if with_skill and all(getattr(row, name) is not None for row in with_skill)
    ]
    if not criteria:
        return tuple(rows), ()
    values = [[getattr(row, name) for name, _ in criteria] for row in with_skill]
    in_set = pareto_set(values, [direction for _, direction in criteria]).tolist()
    inside = dict(zip((row.arm for row in with_skill), in_set, strict=True))
    ranked = tuple(replace(row, in_pareto_set=inside.get(row.arm)) for row in rows)
    return ranked, tuple(name for name, _ in criteria)


def _row(cost: ArmCost, skill: Skill, index: RunIndex, metrics: Sequence[str]) -> Standing:
    relative = relative_error(skill, index, metrics)
    trained = cost.fits > len(cost.failures)
    in_turn = (measured for measured in cost.latency if measured.path == SEQUENTIAL)
    latency = min(in_turn, key=lambda measured: measured.batch_size, default=None)
    return Standing(
        arm=cost.arm,
        skill=mean_skill(skill),
        arrmse_fold_mean=relative.average_fold_mean if relative else None,
        arrmse_pooled=relative.average_pooled if relative else None,
        train_flops=cost.train_flops or None if trained else None,
        train_seconds=cost.train_seconds,
        latency_seconds=latency.median_seconds if latency else None,
        parameters=cost.served_parameters or cost.parameters,
        in_pareto_set=None,
    )


def mean_skill(skill: Skill) -> float | None:
    """Mean over the outputs of their mean skill over folds (seeds averaged in each); None where an output has none."""
    folds = over_seeds(skill.value).reshape(len(skill.value), -1)
    means = over_seeds(folds)
    return None if np.isnan(means).any() else math.fsum(means) / len(means)


def relative_error(skill: Skill, index: RunIndex, metrics: Sequence[str]) -> AggregateError | None:
    """The relative errors of the outputs whose error is squared, from the runs of which all of these are known; or
    None. metrics: of the errors, by output."""
    chosen = [i for i, metric in enumerate(metrics) if metric == "squared"]
    if not chosen:
        return None
    error = skill.error[chosen]
    no_skill, rows = (np.broadcast_to(a[chosen][..., None], error.shape) for a in (index.no_skill, index.rows))
    complete = (~np.isnan(error) | (rows == 0)).all(axis=0)
    try:
        return aggregate_error(*(values[:, complete].T for values in (error, no_skill, rows)))
    except ValueError:
        return None
