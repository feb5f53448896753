"""What the search for the best partition of the outputs came to, for the summary."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.comparison.summary.tuning import TuningCost
from jointbench.stats.estimate import Estimate, Uncertain
from jointbench.types import Natural, Partition, Positive


@dataclass(frozen=True, kw_only=True)
class ChosenPartition:
    """A partition that at least one run chose. runs: that did, by repeat, fold and seed. loss: mean over these runs of the
    validation loss that chose it, over the no-skill loss; infinite where every network failed."""

    partition: Partition
    runs: tuple[tuple[Natural, Natural, Natural], ...]
    loss: Uncertain


@dataclass(frozen=True, kw_only=True)
class GroupingDifference:
    """The partitions of a budget - another arm in skill, mean over the outputs. 0 where they are the same networks."""

    other: str
    mean: Estimate


@dataclass(frozen=True, kw_only=True)
class GroupingBudget:
    """The best partitions whose networks have at most so many times the joint network's parameters and FLOPs of a request.

    times: None without a limit. chosen: the commonest first. parameters, request_flops: over the joint network's, mean
    over the runs.
    """

    times: float | None
    chosen: tuple[ChosenPartition, ...]
    parameters: float
    request_flops: float
    differences: tuple[GroupingDifference, ...]


@dataclass(frozen=True, kw_only=True)
class PairScreen:
    """How the pairs were chosen that are trained, of too many to train all (``networks.gradient_overlap``).

    pairs: that there are. overlap: (outputs, outputs), the mean over the runs, None where no run knows it; trained: the
    same shape, how many runs trained the pair. train_flops, seconds: of all runs' screens. failed: runs without one, for
    this reason.
    """

    pairs: Positive
    overlap: tuple[tuple[float | None, ...], ...]
    trained: tuple[tuple[Natural, ...], ...]
    train_flops: Natural
    seconds: float
    failed: Natural = 0
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A searched arm. partitions, groups: the most that were compared in a run, and the groups whose networks were
    trained. exhaustive: every partition was. affinity: (outputs, outputs), the share of the loss of the output in the row
    that training beside that of the column removes, mean over the runs; None where a network failed, or no run trained the
    pair, as the screen may say. budgets: the one without a limit is the arm. best: over all runs together, which is what
    an export has. cost: with the screen's."""

    arm: str
    outputs: tuple[str, ...]
    runs: Positive
    partitions: Positive
    groups: Positive
    exhaustive: bool
    affinity: tuple[tuple[float | None, ...], ...]
    budgets: tuple[GroupingBudget, ...]
    cost: TuningCost
    best: Partition
    failed: Natural = 0
    screen: PairScreen | None = None
