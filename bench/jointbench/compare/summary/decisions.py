"""Differences in skill, the decisions made from them and what would settle these, as in the summary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from jointbench.stats.estimate import Estimate, Uncertain
from jointbench.stats.variance_components import CVDesign

Factor = Literal["repeats", "seeds", "folds"]
Reason = Literal["settles", "floor too wide", "beyond the grid", "one seed: its spread is unknown"]
SETTLES: Final = "settles"
FLOOR_TOO_WIDE: Final = "floor too wide"
BEYOND_THE_GRID: Final = "beyond the grid"
ONE_SEED: Final = "one seed: its spread is unknown"


@dataclass(frozen=True, kw_only=True)
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
class FactorAdvice:
    """One of repeats, seeds and folds (``lever``), the other two left as they are.

    ``setting`` and ``half_width`` (of the weakest output's 95 % interval, in skill) are the smallest that settles it,
    None where none does. ``floor``: the half-width that it approaches without limit, None where that is not known;
    "floor too wide" means that no number of repeats (seeds, folds) would settle it.
    """

    lever: Factor
    reason: Reason
    setting: CVDesign | None
    half_width: float | None
    floor: float | None


@dataclass(frozen=True)
class SampleSizeAdvice:
    """What would settle an inconclusive decision, if the differences stay where they are.

    output: the weakest one, whose interval and floor are those in ``levers``. setting: the one with the fewest fits
    that settles it, None where none does. command: runs it (or, where only one seed ran, what would show the spread
    over seeds). levers: repeats, seeds and folds, each on its own.
    """

    output: str
    sentence: str
    setting: CVDesign | None
    command: str | None
    levers: tuple[FactorAdvice, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Joint against one other arm on one dataset: the verdict and its reason in one sentence.

    mean_difference: of the mean skill over outputs; mean_verdict: the verdict on it. paying_output, paid: where the
    verdict is separate, the output that loses most and its difference. between: where it is separate, the arm between
    the two partitions that keeps the other arm's skill on every output and saves, if one ran. failures: the share of
    pairs of fits that are lost, on the output that lost most.
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
    settle: SampleSizeAdvice | None = None


@dataclass(frozen=True, kw_only=True)
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
