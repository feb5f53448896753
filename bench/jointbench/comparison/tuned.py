"""Which configuration each network of a tuned arm is served in: the one with the least loss on its validation rows.

The loss is that of early stopping, the mean over the network's outputs of each one's validation loss over its no-skill
loss, without loss weights: with them, a configuration would be chosen for weighing little. No test row is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.records import Fit, FlopsPerRow, PlannedArm, TunedArm


@dataclass(frozen=True)
class Choice:
    """The configuration of one network: its group's place, its run's, the trial's, and the loss that chose it."""

    group: int
    run: int
    trial: int
    loss: float


def validation_loss(fit: Fit | None) -> float:
    """At the best epoch, of each output at its own; infinite where it failed or is missing."""
    if fit is None or fit.failure is not None or not len(fit.validation_loss):
        return math.inf
    if fit.best_epochs:
        return float(np.mean([fit.validation_loss[epoch, i] for i, epoch in enumerate(fit.best_epochs)]))
    return float(np.mean(fit.validation_loss[fit.best_epoch]))


def choices(tuned: TunedArm, fits: Mapping[str, Fit], trials: int) -> list[Choice]:
    """By run, then by group, among the first so many trials; the first one where all failed."""
    tried = tuned.trials[:trials]
    runs, groups = len(tried[0][0].network_ids), len(tried[0])
    chosen = []
    for run in range(runs):
        for group in range(groups):
            losses = [validation_loss(fits.get(trial[group].network_ids[run])) for trial in tried]
            best = int(np.argmin(losses))
            chosen.append(Choice(group, run, best, losses[best]))
    return chosen


def tuned_arm(planned: PlannedArm, tuned: TunedArm, fits: Mapping[str, Fit], trials: int) -> PlannedArm:
    """The arm in the chosen configurations. Its shapes and costs per row are those of its first run's networks, which
    are the ones that are timed."""
    chosen = choices(tuned, fits, trials)
    of_run = [tuned.trials[choice.trial][choice.group] for choice in chosen if choice.run == 0]
    return replace(
        planned,
        network_ids=tuple(tuned.trials[c.trial][c.group].network_ids[c.run] for c in chosen),
        shapes=tuple(of_group.shapes[0] for of_group in of_run),
        parameters=sum(of_group.parameters for of_group in of_run),
        train_flops_per_row=sum(of_group.train_flops_per_row for of_group in of_run),
        inference_flops_per_row=sum(of_group.inference_flops_per_row for of_group in of_run),
        flops=summed_flops([of_group.flops for of_group in of_run]),
        weighting_flops=sum(of_group.weighting_flops for of_group in of_run),
        served_parameters=_served_parameters(planned, of_run),
    )


def _served_parameters(planned: PlannedArm, of_run: Sequence[PlannedArm]) -> int | None:
    if planned.served_parameters is None:
        return None
    return sum(
        of_group.parameters if of_group.served_parameters is None else of_group.served_parameters for of_group in of_run
    )


def best_on_average(tuned: TunedArm, fits: Mapping[str, Fit]) -> set[str]:
    """Ids of each group's networks in the one configuration with the least mean validation loss over all runs."""
    ids: set[str] = set()
    for group in range(len(tuned.trials[0])):
        tried = [trial[group].network_ids for trial in tuned.trials]
        ids.update(min(tried, key=lambda runs: float(np.mean([validation_loss(fits.get(i)) for i in runs]))))
    return ids


def with_choices(arms: Sequence[PlannedArm], tuned: Sequence[TunedArm], fits: Mapping[str, Fit]) -> list[PlannedArm]:
    """The arms, those that are tuned in the configurations chosen among all."""
    by_name = {arm.arm: arm for arm in tuned}
    return [
        planned if (arm := by_name.get(planned.arm.name)) is None else tuned_arm(planned, arm, fits, len(arm.trials))
        for planned in arms
    ]


def summed_flops(parts: Sequence[FlopsPerRow | None]) -> FlopsPerRow | None:
    """Of networks together; None where those of one are not broken down."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return FlopsPerRow(*(sum(getattr(part, name) for part in known) for name in FlopsPerRow.__dataclass_fields__))
