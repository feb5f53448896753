"""Large tables as populations: draws of a few rows are studied as a user's table, their networks scored on other rows.

The truth of a population at a number of rows is the mean, over draws, of the difference in skill on the other rows:
the expected difference between the two procedures, trained on data like this, which is what a verdict is about.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from jointbench.data.preprocess import in_units, prepare
from jointbench.data.units import row_units
from jointbench.errors import BadInput
from jointbench.metrics.row_losses import ClassLoss, no_skill_row_losses, row_losses
from jointbench.records import Fit
from jointbench.runtime.workers import Workers
from jointbench.stats.row_level import RowDifferences, VarianceEvidence, variance_evidence
from jointbench.study.plan import CrossValidation, Experiment, make_experiment, plan_arms, prepared_split
from jointbench.study.training import fit_all
from jointbench.types import Dataset, FloatArray, IntArray, Output

ARMS = ("joint", "separate")
MIN_OTHERS = 1_000  # rows beyond a draw, below which the truth is not known well enough


@dataclass(frozen=True)
class DrawnOutput:
    """One output of one draw under one loss.

    truth: the difference in skill on the other rows, mean over the fits. evidence: what the draw's own test rows know of
    it; None where too little is known.
    """

    output: str
    loss: str
    truth: float
    evidence: VarianceEvidence | None


@dataclass(frozen=True)
class Draw:
    """One draw from a population, studied. overlap: test rows over training rows, mean over the folds."""

    population: str
    rows: int
    seed: int
    seconds: float
    overlap: float
    outputs: tuple[DrawnOutput, ...]


def draw_rows(population: Dataset, rows: int, others: int, seed: int) -> tuple[IntArray, IntArray]:
    """Row numbers of a draw of at most ``rows`` rows, and of at most ``others`` further ones.

    Rows that stay together (equal features, a group of the table's) are drawn together, so that nothing of a draw stands
    among the other rows. Raises BadInput where fewer than MIN_OTHERS rows would be left.
    """
    units = row_units(population)
    order = np.random.default_rng([seed, rows]).permutation(int(units.max()) + 1)
    ends = np.cumsum(np.bincount(units)[order])
    inside, further = order[ends <= rows], order[(ends > rows) & (ends <= rows + others)]
    chosen = np.flatnonzero(np.isin(units, inside))
    other_rows = np.flatnonzero(np.isin(units, further))
    if len(other_rows) < MIN_OTHERS:
        raise BadInput(f"{population.slug} has {population.rows:,} rows, too few for draws of {rows:,}")
    return chosen, other_rows


def study_draw(
    population: Dataset, rows: int, others: int, seed: int, design: CrossValidation, workers: Workers, backend: str
) -> Draw:
    """Draws ``rows`` rows by ``seed``, studies them, and scores their networks on ``others`` further rows."""
    started = time.perf_counter()
    chosen, further = draw_rows(population, rows, others, seed)
    table = _rows_of(population, chosen)
    planned = make_experiment(table, ARMS, replace(design, seed=seed))
    experiment = _with_other_rows(planned, _rows_of(population, np.concatenate([chosen, further])))
    _, networks = plan_arms(experiment, backend, "cpu", "stacked")
    fits = list(fit_all(experiment, networks, workers))
    seconds = time.perf_counter() - started
    overlap = float(np.mean([len(split.test) / len(split.train) for split in planned.splits]))
    outputs = tuple(
        _drawn_output(experiment, planned, fits, output, loss)
        for output in table.outputs
        for loss in (("squared",) if output.kind == "regression" else ("log", "brier"))
    )
    return Draw(population.slug, rows, seed, seconds, overlap, outputs)


def _rows_of(population: Dataset, rows: IntArray) -> Dataset:
    assert isinstance(population.features, pd.DataFrame)
    return replace(
        population,
        features=population.features.iloc[rows].reset_index(drop=True),
        targets={name: values[rows] for name, values in population.targets.items()},
        groups=None if population.groups is None else np.unique(population.groups[rows], return_inverse=True)[1],
        time=None if population.time is None else population.time[rows],
    )


def _with_other_rows(experiment: Experiment, table: Dataset) -> Experiment:
    """The experiment on a longer table: every fold is also tested on the rows beyond the draw."""
    further = np.arange(experiment.dataset.rows, table.rows)
    splits = tuple(replace(split, test=np.concatenate([split.test, further])) for split in experiment.splits)
    return replace(experiment, dataset=table, splits=splits, input_shape=prepare(table, splits[0]).features.shape[1:])


def _drawn_output(
    experiment: Experiment, planned: Experiment, fits: Sequence[Fit], output: Output, loss: str
) -> DrawnOutput:
    """Row-level differences on the draw's own test rows, and the difference in skill on the other rows."""
    rows, index = planned.dataset.rows, planned.dataset.outputs.index(output)
    repeats, seeds = 1 + max(split.repeat for split in planned.splits), planned.seeds
    losses = {arm: np.full((rows, repeats, seeds), np.nan) for arm in ARMS}
    others: dict[str, list[float]] = {arm: [] for arm in ARMS}
    taken: dict[tuple[str, int, int], int] = {}
    for fit in fits:
        network = fit.network
        if output.name not in network.group or fit.failure is not None:
            continue
        arm = ARMS[len(network.group) == 1]
        seed = taken.setdefault((arm, network.repeat, network.fold), 0)
        taken[arm, network.repeat, network.fold] += 1
        own, other, test = _losses_of(experiment, planned, fit, index, loss)
        losses[arm][test, network.repeat, seed] = own
        others[arm].append(float(np.nanmean(other)))
    fold = np.zeros((rows, repeats), np.int64)
    scale = np.zeros((1, repeats, 1))
    no_skill_others = []
    class_loss: ClassLoss = "brier" if loss == "brier" else "log"
    for split, longer in zip(planned.splits, experiment.splits, strict=True):
        fold[split.test, split.repeat] = split.fold
        target = experiment.dataset.targets[output.name]
        train = target[split.train][~np.isnan(target[split.train])]
        baseline = no_skill_row_losses(output, train, target[longer.test], class_loss)
        scale[0, split.repeat, 0] += float(np.nanmean(baseline[: len(split.test)])) / split.folds
        no_skill_others.append(float(np.nanmean(baseline[len(split.test) :])))
    values = (losses["separate"] - losses["joint"]) / scale
    truth = (np.mean(others["separate"]) - np.mean(others["joint"])) / np.mean(no_skill_others)
    evidence = variance_evidence(RowDifferences(values, fold, row_units(planned.dataset)))
    return DrawnOutput(output.name, loss, float(truth), evidence)


def _losses_of(
    experiment: Experiment, planned: Experiment, fit: Fit, index: int, loss: str
) -> tuple[FloatArray, FloatArray, IntArray]:
    """(losses on the draw's test rows, losses on the other rows, the test rows)."""
    network, output = fit.network, planned.dataset.outputs[index]
    split = next(s for s in planned.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    longer = next(s for s in experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    prepared = prepared_split(experiment, network.repeat, network.fold)
    outputs, columns = experiment.outputs(network.group), experiment.columns(network.group)
    predicted = in_units(fit.predictions, outputs, columns, prepared)[columns.index(index)]
    observed = experiment.dataset.targets[output.name][longer.test]
    every = row_losses(output, observed, predicted, "brier" if loss == "brier" else "log")
    return every[: len(split.test)], every[len(split.test) :], split.test
