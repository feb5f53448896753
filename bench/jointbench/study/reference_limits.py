"""What the reference models may cost: a tenth of what training may take, counted in work, so that no clock decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jointbench.metrics.reference_models import TREE_ROUNDS, tree_columns
from jointbench.study.plan import Experiment

REFERENCE_SHARE = 0.1  # of the training's seconds
WORK_PER_SECOND = 8e7  # of one core: fitted to 48 outputs of the bundled tables, half of them within 30 %
CORES = 2  # that the share is meant for; the machine's own number would make records depend on the machine
SPLIT_ROWS, ROUND_WORK = 200, 10_000  # what the search for splits, and a round, cost beside the passes over the rows
FEWEST_ROUNDS = 40  # enough for skill to be within 0.01 of that of 200 rounds on the three most expensive tables
FEWEST_ROWS = 500
USUAL_ROUNDS = 80  # until early stopping, of the bundled tables
CHARGED_ROUNDS = 100  # at the most: of the rounds that are allowed, few tables take more


@dataclass(frozen=True)
class TreeLimit:
    """How the boosted trees of a dataset are cut. rows: of each fold's training rows, at the most; None: all of them.

    fitted: False where even the smallest trees would cost too much.
    """

    rounds: int = TREE_ROUNDS
    rows: int | None = None
    fitted: bool = True

    @property
    def sentence(self) -> str:
        """What is cut; "" for nothing."""
        if not self.fitted:
            return "none are fitted"
        rows = "" if self.rows is None else f" on at most {self.rows:,} of each fold's training rows"
        return f"at most {self.rounds} rounds{rows}" if self != TreeLimit() else ""


NO_LIMIT = TreeLimit()


def tree_limits(experiments: Sequence[Experiment], training_seconds: float) -> dict[str, TreeLimit]:
    """By dataset, the limit that keeps all references within their share. The most expensive datasets are cut first."""
    if math.isinf(training_seconds):
        return {experiment.dataset.slug: NO_LIMIT for experiment in experiments}
    allowed = REFERENCE_SHARE * training_seconds * CORES * WORK_PER_SECOND
    most = _most_each([tree_work(experiment) for experiment in experiments], allowed)
    return {experiment.dataset.slug: _limit(experiment, most) for experiment in experiments}


def tree_work(experiment: Experiment, limit: TreeLimit = NO_LIMIT) -> float:
    """What the trees of all folds and outputs are charged: a visit of one number in one round is 1."""
    columns = tree_columns(experiment.input_shape)
    trees = sum(output.units for output in experiment.dataset.outputs)
    rows = [min(len(split.train), limit.rows or len(split.train)) for split in experiment.splits]
    visits = sum(columns * (count + SPLIT_ROWS) + ROUND_WORK for count in rows)
    return float(min(limit.rounds, CHARGED_ROUNDS) * trees * visits) if limit.fitted else 0.0


def usual_seconds(experiments: Sequence[Experiment], limits: Mapping[str, TreeLimit]) -> float:
    """About what the references of these datasets take one core."""
    work = 0.0
    for experiment in experiments:
        limit = limits[experiment.dataset.slug]
        work += tree_work(experiment, limit) * min(USUAL_ROUNDS / min(limit.rounds, CHARGED_ROUNDS), 1.0)
    return work / WORK_PER_SECOND


def limit_note(limits: Mapping[str, TreeLimit]) -> str | None:
    """A sentence on what is cut, for whoever reads the run; None where nothing is."""
    by_sentence: dict[str, list[str]] = {}
    for slug, limit in limits.items():
        if limit.sentence:
            by_sentence.setdefault(limit.sentence, []).append(slug)
    if not by_sentence:
        return None
    cuts = "; ".join(f"{sentence} for {', '.join(slugs)}" for sentence, slugs in by_sentence.items())
    return (
        f"Reference models: boosted trees are cut ({cuts}; otherwise {TREE_ROUNDS} rounds), so that all of them cost at "
        f"most about {100 * REFERENCE_SHARE:.0f} % of the seconds for training."
    )


def _most_each(needs: Sequence[float], total: float) -> float:
    """What each may have at the most, so that their sum is within the total; what small ones leave goes to the rest."""
    left = total
    for count, need in zip(range(len(needs), 0, -1), sorted(needs), strict=True):
        if need * count > left:
            return left / count
        left -= need
    return math.inf


def _limit(experiment: Experiment, most: float) -> TreeLimit:
    """Fewer rounds, then fewer rows as well, then nothing."""
    if (share := most / tree_work(experiment)) >= 1:
        return NO_LIMIT
    if (rounds := int(CHARGED_ROUNDS * share)) >= FEWEST_ROUNDS:
        return TreeLimit(rounds)
    rows = max(len(split.train) for split in experiment.splits)
    trees = FEWEST_ROUNDS * sum(output.units for output in experiment.dataset.outputs) * len(experiment.splits)
    cut = int((most / trees - ROUND_WORK) / tree_columns(experiment.input_shape)) - SPLIT_ROWS
    if cut >= FEWEST_ROWS:
        return TreeLimit(FEWEST_ROUNDS, cut)
    smallest = TreeLimit(FEWEST_ROUNDS, FEWEST_ROWS if rows > FEWEST_ROWS else None)
    return smallest if tree_work(experiment, smallest) <= most else TreeLimit(fitted=False)
