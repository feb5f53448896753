"""What a run found, in numbers: the content of summary.json, and all that a report may print.

Differences are joint - other in skill, so positive means joint is better; cost ratios are joint / other, so below 1
means joint is cheaper. "Joint" is the arm with the fewest networks; every other arm is compared with it.

The file's schema is summary.schema.json, made from these classes; it is checked in tests, and a field that changes its
meaning raises SUMMARY_SCHEMA_VERSION.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from jointbench.comparison.summary.costs import ArmCost, ArmFlops, ArmMemory, PredictedSaving, ProjectionCheck
from jointbench.comparison.summary.decisions import Decision, Difference, Standing
from jointbench.comparison.summary.energy import CellEnergy
from jointbench.comparison.summary.grouping import Grouping
from jointbench.comparison.summary.recipe import RecipeSummary
from jointbench.comparison.summary.stored import StoredRatio
from jointbench.comparison.summary.table_sizes import TableSizes
from jointbench.comparison.summary.tuning import Tuning
from jointbench.stats.estimate import Uncertain
from jointbench.types import ClassWeight, ColumnReading, Natural, Positive

SUMMARY_SCHEMA_VERSION = 3


@dataclass(frozen=True, kw_only=True)
class Quality:
    """One output under one arm (or reference model): skill over folds, and the means of the usual metrics.

    per_fold: skill of each fold (seeds averaged). sd: over folds. metrics: fold means, None where undefined in all.
    metric_folds: over how many folds of all repeats such a mean is, of those metrics that some fold lacks (ROC AUC
    where all test rows are of one class, all metrics where a fit failed). planned_folds: of all repeats, on which it
    was to be measured.
    """

    output: str
    kind: str
    model: str
    skill: Uncertain
    sd: Uncertain
    per_fold: tuple[float, ...]
    metrics: dict[str, float | None]
    metric_folds: dict[str, int] = field(default_factory=dict)
    planned_folds: int = 0


@dataclass(frozen=True, kw_only=True)
class CellSummary:
    """One dataset on one backend and device.

    load: the most cores that other processes kept busy while it was timed; retaken: timings that they disturbed and
    that were repeated; still_disturbed: those whose repetition was disturbed too. pareto_criteria: the criteria of the
    arms' Pareto set, all measured on every arm. failed: one sentence for each arm with outputs that have no result.
    repeats, seeds: of the cross-validation, after all rounds. table_sizes: of a table on growing numbers of rows, of
    which these are the most. tuning: of arms that were tuned, which are compared in the configurations chosen.
    grouping: of an arm whose partition was searched, which is compared in those chosen. energy: None where no counter
    could be read, or nobody read it.
    """

    dataset: str
    backend: str
    device: str
    joint: str
    threads: int | None
    load: float | None
    import_seconds: float | None
    quality: tuple[Quality, ...]
    costs: tuple[ArmCost, ...]
    ratios: tuple[StoredRatio, ...]
    differences: tuple[Difference, ...]
    decisions: tuple[Decision, ...]
    absences: tuple[str, ...]
    flops: tuple[ArmFlops, ...] = ()
    memory: tuple[ArmMemory, ...] = ()
    explained: tuple[PredictedSaving, ...] = ()
    standings: tuple[Standing, ...] = ()
    pareto_criteria: tuple[str, ...] = ()
    retaken: int = 0
    still_disturbed: int = 0
    projections: tuple[ProjectionCheck, ...] = ()
    failed: tuple[str, ...] = ()
    repeats: int = 0
    seeds: int = 0
    table_sizes: TableSizes | None = None
    tuning: Tuning | None = None
    grouping: Grouping | None = None
    energy: CellEnergy | None = None


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """A dataset as it was used, and the reference models on its folds.

    command: what runs it alone as it was run, but for folds, repeats and seeds; "" where that is not known.
    repeatable: a split forward in time has no repeats. reading: how each column was read; () in an older run's folder.
    recipe: None in an older run's folder. metrics: of the error that each output's skill is made of
    (``metrics.row_losses``); () in an older run's folder, where it was squared errors and log loss. weight: the column
    of the rows' weights, class_weight: "balanced" where classes weigh the same; "" without. reference_skill: by reference model, mean over the outputs, NaN where one has none.
    cut_from: rows of the table, where a part of them was used; else 0. size_of: of a table that was studied at growing
    numbers of rows, its name on the fewest, where this is it on more. test_file: that holds the rows to test on, "" with folds;
    test_rows: in it, as far as they are used. trials: configurations of each network, where they are tuned.
    """

    slug: str
    title: str
    rows: Positive
    features: Natural
    outputs: tuple[str, ...]
    kinds: tuple[str, ...]
    folds: Positive
    repeats: Positive
    seeds: Positive
    notes: tuple[str, ...]
    source: str
    licence: str
    citation: str
    sha256: str
    references: tuple[Quality, ...]
    command: str = ""
    repeatable: bool = True
    reading: tuple[ColumnReading, ...] = ()
    recipe: RecipeSummary | None = None
    metrics: tuple[str, ...] = ()
    weight: str = ""
    class_weight: ClassWeight = ""
    reference_skill: tuple[tuple[str, Uncertain], ...] = ()
    cut_from: Natural = 0
    size_of: str = ""
    test_file: str = ""
    test_rows: Natural = 0
    trials: Positive = 1


@dataclass(frozen=True, kw_only=True)
class Across:
    """Joint against one other arm over all datasets of a backend and device, with one mean difference per dataset.

    win, equivalent, lose, open: datasets by the verdict on that difference, quality alone. ``probability_*``:
    that on a further dataset joint is most likely better, equivalent or worse, by the Bayesian signed-rank test over
    the ``ranked`` datasets, those without too many failures; None with fewer than five, which are too few for it.
    """

    backend: str
    device: str
    other: str
    win: int
    equivalent: int
    lose: int
    open: int
    ranked: int
    probability_joint_better: float | None
    probability_equivalent: float | None
    probability_other_better: float | None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A run in numbers. command: what reruns it. headline: one sentence over all datasets.

    rope: half the width of the region of practical equivalence, in skill, ropes: of outputs that have their own;
    probability: what a verdict needs; worth: the skill that a halved cost is worth. cut_off:
    what a run that was stopped did not come to, in sentences; none for one that finished.
    """

    schema_version: int
    profile: str
    engine: str
    command: str
    headline: str
    datasets: tuple[DatasetSummary, ...]
    cells: tuple[CellSummary, ...]
    notes: tuple[str, ...]
    rope: float
    probability: float
    ropes: tuple[tuple[str, float], ...] = ()
    worth: float = 0.01
    across: tuple[Across, ...] = ()
    cut_off: tuple[str, ...] = ()
