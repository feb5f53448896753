"""What one dataset on one backend and device has come to in its rounds of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jointbench.comparison.cells import BenchmarkCell, chosen_arms
from jointbench.comparison.outlook import Outlook
from jointbench.networks.arms import compared
from jointbench.records import Fit, FoldRecord, PlannedArm, Screen, Stack
from jointbench.study.plan import Experiment, Plan
from jointbench.study.searches import with_likely, with_pairs

FAR = 1_000.0  # in place of the growth that would decide, where none is foreseen


@dataclass
class CellRounds:
    """Its records so far and what they took.

    new: what the next round trains. seconds: of all training, on one worker. rounds: that are done. smaller: the same
    table on fewer rows, which was trained before.
    """

    plan: Plan
    new: Plan
    folds: tuple[FoldRecord, ...]
    smaller: CellRounds | None = None
    fits: dict[str, Fit] = field(default_factory=dict)
    seconds: float = 0.0
    rounds: int = 0
    ahead: Outlook | None = None

    @property
    def slug(self) -> str:
        return self.plan.experiment.dataset.slug

    @property
    def first_slug(self) -> str:
        """Of the table on its fewest rows."""
        return self.slug if self.smaller is None else self.smaller.first_slug

    @property
    def larger(self) -> tuple[Experiment, ...]:
        """The table's next sizes."""
        return self.plan.experiment.larger if self.smaller is None else self.smaller.larger[1:]

    @property
    def compared(self) -> tuple[PlannedArm, ...]:
        """Joint and the first other arm. Other arms are trained in the first round alone."""
        return compared(self.plan.arms, lambda planned: planned.arm)

    @property
    def chosen_arms(self) -> list[PlannedArm]:
        """In the configurations and partitions that are served."""
        return chosen_arms(self.plan.arms, self.plan.tuned, self.plan.searched, self.fits)

    def add_pairs(self, screens: Mapping[str, tuple[Screen, ...]]) -> None:
        """Plans the pairs of outputs that screens take to be worth training, by arm."""
        self.plan = self.new = with_pairs(self.plan, screens)
        self.seconds += sum(screen.seconds for of_runs in screens.values() for screen in of_runs)

    def searches_on(self) -> bool:
        """Plans the networks that a search wants by what its first ones came to; False where there are none."""
        wider = with_likely(self.plan, self.fits)
        if wider is None:
            return False
        more = [network for network in wider.networks if network.id not in self.plan.by_id]
        self.plan, self.new = wider, replace(wider, networks=more)
        return True

    def note(self, record: Fit | Stack) -> None:
        """Takes in a record of training."""
        if isinstance(record, Fit):
            self.fits[record.network.id] = record
            self.seconds += float(record.epoch_seconds.sum())  # of the stock loop, which has no stacks
        else:
            self.seconds += record.seconds

    def next_seconds(self, jobs: int) -> float:
        """What the next round is expected to take, from what the earlier ones took for each network."""
        if not self.fits and self.smaller is not None:
            return self.smaller.seconds * _work(self) / _work(self.smaller) / jobs
        return self.seconds / max(len(self.fits), 1) * len(self.new.networks) / jobs

    def grown_seconds(self, jobs: int) -> float:
        """The same of twice the repeats, before they are planned."""
        networks = sum(len(planned.network_ids) for planned in self.compared)
        return self.seconds / max(len(self.fits), 1) * networks / jobs

    def priority(self, jobs: int) -> float:
        """Seconds until it is decided, if the differences stay where they are; the smallest goes first."""
        if not self.fits:
            return self.next_seconds(jobs)
        growth = FAR if self.ahead is None or self.ahead.growth is None else float(self.ahead.growth)
        return growth * self.seconds

    def benchmark_cell(self) -> BenchmarkCell:
        """The records for ``comparison``."""
        first = self.plan.arms[0]
        return BenchmarkCell(
            dataset=self.slug,
            backend=first.backend,
            device=first.device,
            planned_arms=tuple(self.chosen_arms),
            fits=self.fits,
            timings=(),
            cold_starts=(),
            absences=(),
            folds=self.folds,
        )


def _work(cell: CellRounds) -> float:
    """Of its networks, in units of a network's epoch with a row: more rows have larger networks and need fewer epochs."""
    experiment, networks = cell.plan.experiment, cell.fits or cell.new.networks
    return float(len(networks) * experiment.dataset.rows * experiment.recipe.patience)
