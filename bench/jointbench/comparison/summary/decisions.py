"""Differences in skill, the decisions made from them and what would close open ones, as in the summary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from jointbench.stats.estimate import Estimate, Uncertain

Lean = Literal["joint", "separate"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Joint - other in one output's skill, with the probabilities of what is believed and the verdict.

    pairs: folds of all repeats that have a difference, seeds averaged in each; pairs_lost: pairs of fits (one for each
    fold and seed) removed together because one of them failed or is missing. probability_no_loss: that joint does not
    lose more than the region. scale, df: of the Student t around the value. expected_loss: mean of max(0, -difference).
    p_value: two-sided, of "no difference at all"; p_value_holm: the same with Holm's correction over the outputs of the
    dataset. With fewer than two pairs nothing but the counts is known.
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
    scale: Uncertain = math.nan
    df: Uncertain = math.nan
    expected_loss: Uncertain = math.nan
    p_value: Uncertain = math.nan
    p_value_holm: Uncertain = math.nan


@dataclass(frozen=True, kw_only=True)
class OpenVerdict:
    """What to do now where nothing is decided, and what would decide it.

    lean: the choice with the smaller expected loss, "separate" for the other arm; "" where too little ran to say.
    output: the one that joint is likeliest to cost skill. expected_loss: of that output's skill where joint is chosen,
    or of the skill that its saving is worth where it is not. growth: times as much training that would decide,
    undecidable: no training can at this number of rows, rows: about how many would; None where not known or beyond
    reach. sentence: what would decide it, in words; command: runs it.
    """

    lean: Lean | Literal[""] = ""
    output: str = ""
    expected_loss: Uncertain = math.nan
    growth: int | None = None
    undecidable: bool = False
    rows: int | None = None
    sentence: str = ""
    command: str | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Joint against one other arm on one dataset: the verdict and its reason in one sentence.

    mean_difference: of the mean skill over outputs; mean_verdict: the verdict on it. paying_output, paid: where the
    verdict is separate, the output that loses most and its difference. between: where it is separate, the arm between
    the two partitions that keeps the other arm's skill on every output and saves, if one ran. failures: the share of
    pairs of fits that are lost, on the output that lost most. open: where the verdict is.
    """

    other: str
    verdict: str
    reason: str
    mean_difference: Estimate
    worst_output: str
    worst_difference: Uncertain
    mean_verdict: str = "open"
    paying_output: str | None = None
    paid: Estimate | None = None
    between: str | None = None
    failures: float = 0.0
    open: OpenVerdict | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An arm among the others of a dataset, over all its outputs.

    skill: mean over outputs and folds. arrmse_*: relative error over the outputs of squared error, the mean of the
    folds' and pooled over all test rows (they are not interchangeable); None without such an output. train_flops to the
    stop, train_seconds, latency_seconds (median, smallest batch, in turn): None where not measured. in_pareto_set: no other arm
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
