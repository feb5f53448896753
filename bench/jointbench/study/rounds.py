"""Training in rounds: after each, what is decided stops, and the rest trains as much again while that can decide it.

A round doubles the repeats of a cross-validation; where every repeat would be the same split (forward in time), the
seeds within each fold. A repeat costs what a seed costs and shrinks more: the choice of the training rows varies too.
The first round trains all arms, later ones joint and the first other arm. Of a table with more rows than its first
round took, the next round is the first at the next number of rows, as far as the time goes: a verdict on few rows need
not hold on many. What a round contains depends on the seed and its number alone; a budget only cuts rounds off.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.decision import output_probabilities
from jointbench.comparison.outlook import outlook
from jointbench.comparison.pair import first_pair
from jointbench.comparison.verdict_rule import dataset_verdict
from jointbench.data.label_checks import check_labels_of_parts
from jointbench.data.splits import splits
from jointbench.errors import BadInput
from jointbench.records import Fit, FoldRecord, Record, Stack
from jointbench.runtime.executor import Executor
from jointbench.study.cell_rounds import CellRounds
from jointbench.study.config import Listeners, ScoredModels, StudyConfig
from jointbench.study.kept import KeptRecords
from jointbench.study.plan import Experiment, Plan, plan_arms
from jointbench.study.references import folds
from jointbench.study.screens import screened
from jointbench.study.training import train
from jointbench.types import Split

GROWTH = 2


def train_in_rounds(
    plans: Sequence[Plan],
    workers: Executor,
    config: StudyConfig,
    scored: ScoredModels,
    seconds: float,
    told: ToldFolds,
    listeners: Listeners,
) -> Iterator[Record]:
    """The records of all rounds of these plans, all of one backend and device. seconds: no round is begun that is not
    expected to end by then; the first always is. told: the folds that have a record already."""
    progress, concluded = listeners
    began = time.monotonic()
    chosen = [CellRounds(plan, plan, told.of(plan.experiment)) for plan in plans]

    def trained(cells: Sequence[CellRounds]) -> Iterator[Record]:
        by_slug = {cell.slug: cell for cell in cells}
        for record in train([cell.new for cell in cells], workers, config, scored, told.kept, progress):
            # Those kept from before too, so that each round is what it would have been.
            if isinstance(record, Fit | Stack):
                by_slug[record.network.dataset if isinstance(record, Fit) else record.dataset].note(record)
            yield record

    yield from screened(chosen, workers, told.kept, progress)
    while chosen:
        yield from trained(chosen)
        if searching := [cell for cell in chosen if cell.searches_on()]:
            for cell in searching:
                yield from told.kept.new_searched(cell.plan.searched)
            yield from trained(searching)
        for cell in chosen:
            cell.rounds += 1
            if cell.rounds == 1:
                scored.plans[cell.first_slug] = replace(cell.plan, arms=cell.chosen_arms)
                concluded(cell.benchmark_cell())
        left = seconds - (time.monotonic() - began)
        chosen = _next_rounds(chosen, replace(config, jobs=workers.count), left, told.kept)
        for cell in chosen:
            experiment = cell.plan.experiment
            yield from told.new(folds(experiment, told.untold(experiment)))
            cell.folds = told.of(experiment)
            yield from told.kept.new_arms(cell.plan.arms)


class ToldFolds:
    """Which folds have a record: backends share the folds, and whichever comes to a round first tells of its folds.

    kept: the records of before, their folds among them.
    """

    def __init__(self, kept: KeptRecords) -> None:
        self.kept = kept
        self._records: dict[tuple[str, int, int], FoldRecord] = dict(kept.folds)

    def new(self, records: Iterable[FoldRecord]) -> Iterator[FoldRecord]:
        """Those that have no record yet; they have one from now on."""
        for fold in records:
            if (key := (fold.dataset, fold.repeat, fold.fold)) not in self._records:
                self._records[key] = fold
                yield fold

    def untold(self, experiment: Experiment) -> list[Split]:
        """The experiment's splits that have no record yet. Raises BadInput where a kept one is of other rows."""
        slug = experiment.dataset.slug
        for split in experiment.splits:
            self.kept.fold_of(slug, split)
        return [split for split in experiment.splits if (slug, split.repeat, split.fold) not in self._records]

    def of(self, experiment: Experiment) -> tuple[FoldRecord, ...]:
        """The records of all its splits, which have been told."""
        slug = experiment.dataset.slug
        return tuple(self._records[slug, split.repeat, split.fold] for split in experiment.splits)


def _next_rounds(
    cells: Sequence[CellRounds], config: StudyConfig, seconds: float, kept: KeptRecords
) -> list[CellRounds]:
    """The next rounds that fit into these seconds, of the cells nearest to their decision first: of each on more rows,
    or, where there are none or they take too long, with more repeats. A round that was begun before goes on."""
    spare = seconds if not kept.fits else math.inf  # a round that was begun before goes on, whatever it takes
    possible = [candidates for cell in cells if (candidates := _candidates(cell, config, spare))]
    chosen = []
    for candidates in sorted(possible, key=lambda candidates: candidates[0].priority(config.jobs)):
        begun = next((cell for cell in candidates if kept.has_arms(cell.plan.arms)), None)
        following = begun or next((cell for cell in candidates if cell.next_seconds(config.jobs) <= seconds), None)
        if following is not None:
            seconds -= following.next_seconds(config.jobs)
            chosen.append(following)
    return chosen


def _candidates(cell: CellRounds, config: StudyConfig, seconds: float) -> list[CellRounds]:
    """A first round at the table's next number of rows, and one of GROWTH times the repeats, as far as there are such
    and the second can decide what is open. seconds: a second that takes longer is not planned, which takes a while for a
    large table."""
    candidates = []
    if cell.larger and config.rounds > 1:
        planned, experiment = cell.plan.arms[0], cell.larger[0]
        plan = Plan(experiment, *plan_arms(experiment, planned.backend, planned.device, planned.engine))
        candidates.append(CellRounds(plan, plan, (), smaller=cell))
    fits = cell.grown_seconds(config.jobs) <= seconds
    if cell.rounds < config.rounds and fits and _goes_on(cell, config.criteria) and _grow(cell):
        candidates.append(cell)
    return candidates


def _goes_on(cell: CellRounds, criteria: VerdictCriteria) -> bool:
    """Is joint against the first other arm still open, and can more training decide it?"""
    if (first := first_pair(cell.benchmark_cell(), criteria)) is None:
        return False
    evidence, pair = first
    beliefs = [belief for belief in pair.beliefs if belief is not None]
    if pair.broken or len(beliefs) < len(pair.beliefs):
        return False
    saves = any(ratio.ratio.value < 1 for ratio in pair.ratios)  # nothing is timed yet: what may save is taken to save
    if dataset_verdict(output_probabilities(pair.differences), criteria, saves=saves) != "open":
        return False
    cell.ahead = outlook(evidence.index.outputs, beliefs, criteria, saves=saves)
    return not cell.ahead.undecidable


def _grow(cell: CellRounds) -> bool:
    """Plans the cell's next round; False where there is no further split to train on."""
    try:
        experiment = grown(cell.plan.experiment)
    except BadInput:
        return False
    first = cell.plan.arms[0]
    compared = {planned.arm.name for planned in cell.compared}
    if any(planned.arm.search for planned in cell.compared):  # which partition is best is searched once
        return False
    experiment = replace(experiment, arms=tuple(arm for arm in experiment.arms if arm.name in compared))
    arms, networks = plan_arms(experiment, first.backend, first.device, first.engine)
    new = [network for network in networks if network.id not in cell.fits]
    cell.plan, cell.new = Plan(experiment, arms, networks), Plan(experiment, arms, new)
    return True


def grown(experiment: Experiment) -> Experiment:
    """The same experiment with GROWTH times the repeats, or forward in time the seeds; those that there are stay.

    Raises BadInput where an output lacks the labels for a further split.
    """
    if experiment.dataset.time is not None:
        return replace(experiment, seeds=GROWTH * experiment.seeds)
    first, repeats = experiment.splits[0], 1 + max(split.repeat for split in experiment.splits)
    more = splits(experiment.dataset, first.folds, GROWTH * repeats, first.seed, split_repeats=experiment.split_repeats)
    check_labels_of_parts(experiment.dataset, more)
    return replace(experiment, splits=more)
