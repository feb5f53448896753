"""What tuning came to, for the summary: the comparison at each budget, what it cost, and what was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.comparison.summary.decisions import Difference
from jointbench.stats.estimate import Uncertain
from jointbench.types import Natural, Positive, Shape


@dataclass(frozen=True, kw_only=True)
class TuningStep:
    """Joint against the other arm, each network in the best of its first configurations.

    trials, other_trials: how many of them, of joint's networks and of the other arm's. train_flops, other_train_flops: of
    all these fits. verdict: with training FLOPs as the only cost. differences: joint - other, by output.
    """

    trials: Positive
    other_trials: Positive
    train_flops: Natural
    other_train_flops: Natural
    verdict: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class TuningCost:
    """Of one arm, over all runs. train_flops, seconds: of every configuration or candidate (seconds of one worker);
    chosen_train_flops: of the fits that are served, alone."""

    arm: str
    train_flops: Natural
    chosen_train_flops: Natural
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ChosenConfiguration:
    """What one network is served in. trial: 1 is the rules' own. loss, first_loss: mean validation loss of its outputs over
    their no-skill losses, in this configuration and in the first; not finite where its fit failed."""

    arm: str
    group: tuple[str, ...]
    repeat: Natural
    fold: Natural
    trial: Positive
    shape: Shape
    learning_rate: float
    batch_size: Positive
    weight_decay: float
    loss_weights: tuple[tuple[str, float], ...]
    loss: Uncertain
    first_loss: Uncertain


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """trials: of each network. other: the arm that joint is compared with. by_trials: both arms with equally many; by_flops:
    the other arm with as many as joint's training FLOPs pay for."""

    trials: Positive
    other: str
    by_trials: tuple[TuningStep, ...]
    by_flops: tuple[TuningStep, ...]
    costs: tuple[TuningCost, ...]
    chosen: tuple[ChosenConfiguration, ...]
