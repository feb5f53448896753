"""Training in rounds: after each, what is decided stops, and the rest trains as much again while that can decide it.

A round doubles the repeats of a cross-validation; where every repeat would be the same split (forward in time), the
seeds within each fold. A repeat costs what a seed costs and shrinks more: the choice of the training rows varies too.
The first round trains all arms, later ones joint and the first other arm. What a round contains depends on the seed and
its number alone; a budget only cuts rounds off.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.decision import output_probabilities
from jointbench.comparison.outlook import Outlook, outlook
from jointbench.comparison.pair import cell_evidence, cell_ratios, compare_pair
from jointbench.comparison.verdict_rule import dataset_verdict
from jointbench.data.label_checks import check_labels_of_parts
from jointbench.data.splits import splits
from jointbench.errors import BadInput
from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Stack
from jointbench.runtime.workers import Workers
from jointbench.study.config import Progress, ScoredModels, StudyConfig
from jointbench.study.plan import Experiment, Plan, plan_arms
from jointbench.study.references import folds
from jointbench.study.training import train
from jointbench.types import Split

GROWTH = 2
FAR = 1_000.0  # in place of the growth that would decide, where none is foreseen


@dataclass
class CellRounds:
    """What one dataset on one backend and device has come to: its records so far and what they took.

    new: what the next round trains. seconds: of all training, on one worker.
    """

    plan: Plan
    new: Plan
    folds: tuple[FoldRecord, ...]
    fits: dict[str, Fit] = field(default_factory=dict)
    seconds: float = 0.0
    ahead: Outlook | None = None

    def note(self, record: Record) -> None:
        """Takes in a record of training."""
        if isinstance(record, Fit):
            self.fits[record.network.id] = record
            self.seconds += float(record.epoch_seconds.sum())  # of the stock loop, which has no stacks
        elif isinstance(record, Stack):
            self.seconds += record.seconds

    def next_seconds(self, jobs: int) -> float:
        """What the next round is expected to take, from what the earlier ones took for each network."""
        return self.seconds / max(len(self.fits), 1) * len(self.new.networks) / jobs

    @property
    def priority(self) -> float:
        """Seconds until it is decided, if the differences stay where they are; the smallest goes first."""
        growth = FAR if self.ahead is None or self.ahead.growth is None else float(self.ahead.growth)
        return growth * self.seconds


def train_in_rounds(
    plans: Sequence[Plan],
    workers: Workers,
    config: StudyConfig,
    scored: ScoredModels,
    seconds: float,
    told: ToldFolds,
    progress: Progress,
) -> Iterator[Record]:
    """The records of all rounds of these plans, all of one backend and device. seconds: no round is begun that is not
    expected to end by then; the first always is. told: the folds that have a record already."""
    began = time.monotonic()
    cells = {plan.experiment.dataset.slug: CellRounds(plan, plan, told.of(plan.experiment)) for plan in plans}
    chosen = list(cells.values())
    for number in range(1, config.rounds + 1):
        for record in train([cell.new for cell in chosen], workers, config, scored, progress):
            if isinstance(record, Fit | Stack):
                slug = record.network.dataset if isinstance(record, Fit) else record.dataset
                cells[slug].note(record)
            yield record
        if number == config.rounds:
            return
        chosen = [cell for cell in chosen if _goes_on(cell, config.criteria) and _grow(cell)]
        left = seconds - (time.monotonic() - began)
        chosen = _affordable(chosen, left, config.jobs)
        if not chosen:
            return
        for cell in chosen:
            experiment = cell.plan.experiment
            yield from told.new(folds(experiment, told.untold(experiment)))
            cell.folds = told.of(experiment)
            yield from cell.plan.arms


class ToldFolds:
    """Which folds have a record: backends share the folds, and whichever comes to a round first tells of its folds."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, int, int], FoldRecord] = {}

    def new(self, records: Iterable[FoldRecord]) -> Iterator[FoldRecord]:
        """Those that have no record yet; they have one from now on."""
        for fold in records:
            if (key := (fold.dataset, fold.repeat, fold.fold)) not in self._records:
                self._records[key] = fold
                yield fold

    def untold(self, experiment: Experiment) -> list[Split]:
        """The experiment's splits that have no record yet."""
        slug = experiment.dataset.slug
        return [split for split in experiment.splits if (slug, split.repeat, split.fold) not in self._records]

    def of(self, experiment: Experiment) -> tuple[FoldRecord, ...]:
        """The records of all its splits, which have been told."""
        slug = experiment.dataset.slug
        return tuple(self._records[slug, split.repeat, split.fold] for split in experiment.splits)


def _affordable(cells: Sequence[CellRounds], seconds: float, jobs: int) -> list[CellRounds]:
    """Those whose next round fits, the ones nearest to their decision first."""
    chosen = []
    for cell in sorted(cells, key=lambda cell: cell.priority):
        if (needed := cell.next_seconds(jobs)) <= seconds:
            seconds -= needed
            chosen.append(cell)
    return chosen


def _goes_on(cell: CellRounds, criteria: VerdictCriteria) -> bool:
    """Is joint against the first other arm still open, and can more training decide it?"""
    joint, *others = _compared(cell)
    if not others:
        return False
    (other,) = others
    evidence = cell_evidence(_benchmark_cell(cell), criteria)
    pair = compare_pair(evidence, joint, other, cell_ratios(evidence.cell, joint, [other]))
    beliefs = [belief for belief in pair.beliefs if belief is not None]
    if pair.broken or len(beliefs) < len(pair.beliefs):
        return False
    saves = any(ratio.ratio.value < 1 for ratio in pair.ratios)  # nothing is timed yet: what may save is taken to save
    if dataset_verdict(output_probabilities(pair.differences), criteria, saves=saves) != "open":
        return False
    cell.ahead = outlook(evidence.index.outputs, beliefs, criteria, saves=saves)
    return not cell.ahead.undecidable


def _compared(cell: CellRounds) -> list[PlannedArm]:
    """Joint and the first other arm: what the verdict is about. Other arms are trained in the first round alone."""
    joint = min(cell.plan.arms, key=lambda planned: len(planned.arm.groups))
    return [joint, *[planned for planned in cell.plan.arms if planned is not joint][:1]]


def _benchmark_cell(cell: CellRounds) -> BenchmarkCell:
    dataset = cell.plan.experiment.dataset.slug
    first: PlannedArm = cell.plan.arms[0]
    return BenchmarkCell(
        dataset=dataset,
        backend=first.backend,
        device=first.device,
        planned_arms=tuple(cell.plan.arms),
        fits=cell.fits,
        timings=(),
        cold_starts=(),
        absences=(),
        folds=cell.folds,
    )


def _grow(cell: CellRounds) -> bool:
    """Plans the cell's next round; False where there is no further split to train on."""
    try:
        experiment = grown(cell.plan.experiment)
    except BadInput:
        return False
    first = cell.plan.arms[0]
    compared = {planned.arm.name for planned in _compared(cell)}
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
