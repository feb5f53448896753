"""Which of a run's tables are studied at growing numbers of rows, and how many are worth planning."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jointbench.networks.network_options import networks_of
from jointbench.runs.options import RunOptions, cross_validation, loss_weights
from jointbench.study.config import StudyConfig
from jointbench.study.estimate import estimate
from jointbench.study.plan import Experiment
from jointbench.study.table_sizes import with_larger
from jointbench.types import Dataset

MOST_TABLES = 3  # of a run; a benchmark of many tables compares them at the rows of its profile
HOPE = 2.0  # times the rows that the estimate says the time is enough for


def growing(
    experiments: Sequence[Experiment], datasets: Sequence[Dataset], options: RunOptions, config: StudyConfig
) -> list[Experiment]:
    """The experiments with those on more rows of their tables, as far as the time for training may go.

    Where the number of rows, folds, repeats or seeds is asked for, or there are many tables, as they are.
    """
    fixed = options.rows is not None or options.fixed_design or config.rounds == 1
    if fixed or len(experiments) > MOST_TABLES or not config.backends:
        return list(experiments)
    validation, weights = cross_validation(options), loss_weights(options)
    network = networks_of(options.models, options.network)
    return [
        with_larger(experiment, dataset, validation, weights, network, most_rows=_most_rows(experiment, config))
        for experiment, dataset in zip(experiments, datasets, strict=True)
    ]


def _most_rows(experiment: Experiment, config: StudyConfig) -> float:
    """Twice as many as can be trained in the time, if that grows with the rows."""
    if math.isinf(config.training_seconds):
        return math.inf
    return HOPE * experiment.dataset.rows * config.training_seconds / estimate([experiment], config).training_seconds
