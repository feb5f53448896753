"""One draw from a population, studied by the code that studies a user's table, and scored on rows beyond the draw."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.protocols import TrainingBackend
from jointbench.calibration.populations import Population, draw_rows, rows_of
from jointbench.data.preprocess import in_units, prepare
from jointbench.data.units import row_units
from jointbench.metrics.row_losses import no_skill_row_losses, row_losses
from jointbench.records import Fit
from jointbench.runtime.workers import Workers
from jointbench.stats.row_level import RowDifferences, VarianceEvidence, minority, variance_evidence
from jointbench.stats.studentised_bootstrap import bootstrap_quantiles
from jointbench.study.plan import CrossValidation, Experiment, make_experiment, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.training import fit_all
from jointbench.types import Dataset, FloatArray, IntArray, Output

ARMS = ("joint", "separate")
BOOTSTRAP_SEED = 0


@dataclass(frozen=True)
class DrawnOutput:
    """One output of one draw under one loss.

    truth: the difference in skill on the rows beyond the draw, mean over the fits. evidence: what the draw's own test
    rows know of it after 1, 2, ... repeats (forward in time: seeds); None where too little is known. bootstrap: after
    all of them, the 2.5 % and 97.5 % quantiles of the studentised mean over resampled units.
    """

    output: str
    loss: str
    truth: float
    evidence: tuple[VarianceEvidence | None, ...]
    bootstrap: tuple[float, float]


@dataclass(frozen=True)
class Draw:
    """One draw from a population, studied. overlap: test rows over training rows, mean over the folds.

    seconds: of processor time, of the planning and of all fits.
    """

    population: str
    rows: int
    seed: int
    seconds: float
    overlap: float
    outputs: tuple[DrawnOutput, ...]


def study_draw(
    population: Population, rows: int, others: int, seed: int, design: CrossValidation, workers: Workers, backend: str
) -> Draw:
    """Draws ``rows`` rows by ``seed``, studies them, and scores their networks on ``others`` further rows.

    design: forward in time its repeats become seeds, because every repeat would be the same split.
    """
    started = time.thread_time() + workers.submit(_processor_seconds).result()
    chosen, further = draw_rows(population, rows, others, seed)
    table = rows_of(population.table, chosen)
    if population.forward:
        design = replace(design, repeats=1, seeds=design.repeats)
    planned = make_experiment(table, ARMS, replace(design, seed=seed))
    experiment = _with_other_rows(planned, rows_of(population.table, np.concatenate([chosen, further])))
    _, networks = plan_arms(experiment, backend, "cpu", "stacked")
    fits = list(fit_all(experiment, networks, workers))
    seconds = time.thread_time() + workers.submit(_processor_seconds).result() - started
    outputs = tuple(
        _drawn_output(experiment, planned, fits, replace(output, metric=metric))
        for output in table.outputs
        for metric in (("squared",) if output.kind == "regression" else ("log", "brier"))
    )
    return Draw(population.name, rows, seed, seconds, _overlap(planned), outputs)


def _processor_seconds(backend: TrainingBackend) -> float:
    """What the worker has taken so far."""
    return time.process_time()


def _with_other_rows(experiment: Experiment, table: Dataset) -> Experiment:
    """The experiment on a longer table: every fold is also tested on the rows beyond the draw."""
    further = np.arange(experiment.dataset.rows, table.rows)
    splits = tuple(replace(split, test=np.concatenate([split.test, further])) for split in experiment.splits)
    return replace(experiment, dataset=table, splits=splits, input_shape=prepare(table, splits[0]).features.shape[1:])


def _drawn_output(experiment: Experiment, planned: Experiment, fits: Sequence[Fit], output: Output) -> DrawnOutput:
    """Row-level differences on the draw's own test rows, and the difference in skill on the other rows."""
    rows, index = planned.dataset.rows, [o.name for o in planned.dataset.outputs].index(output.name)
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
        own, other, test = _losses_of(experiment, planned, fit, output, index)
        losses[arm][test, network.repeat, seed] = own
        others[arm].append(float(other.mean()))
    fold = np.zeros((rows, repeats), np.int64)
    scale = np.zeros((1, repeats, 1))
    no_skill_others = []
    for split, longer in zip(planned.splits, experiment.splits, strict=True):
        fold[split.test, split.repeat] = split.fold
        target = experiment.dataset.targets[output.name]
        baseline = no_skill_row_losses(output, target[split.train], target[longer.test])
        scale[0, split.repeat, 0] += float(baseline[: len(split.test)].mean()) / split.folds
        no_skill_others.append(float(baseline[len(split.test) :].mean()))
    values = (losses["separate"] - losses["joint"]) / scale
    truth = (np.mean(others["separate"]) - np.mean(others["joint"])) / np.mean(no_skill_others)
    known = planned.dataset.targets[output.name]
    rare = None if output.kind == "regression" else minority(known[~np.isnan(known)].astype(np.int64))
    differences = RowDifferences(values, fold, row_units(planned.dataset), _overlap(planned), rare)
    evidence = tuple(variance_evidence(part) for part in _growing(differences))
    last = next((float(e.mean) for e in reversed(evidence) if e is not None), np.nan)
    return DrawnOutput(
        output=output.name,
        loss=output.error_metric,
        truth=last if planned.dataset.time is not None else float(truth),
        evidence=evidence,
        bootstrap=bootstrap_quantiles(differences, BOOTSTRAP_SEED),
    )


def _overlap(experiment: Experiment) -> float:
    return float(np.mean([len(split.test) / (len(split.train) + len(split.validation)) for split in experiment.splits]))


def _growing(differences: RowDifferences) -> Iterator[RowDifferences]:
    """What is known after 1, 2, ... repeats; with one repeat, after 1, 2, ... seeds."""
    _, repeats, seeds = differences.values.shape
    if repeats == 1:
        for count in range(1, seeds + 1):
            yield replace(differences, values=differences.values[:, :, :count])
        return
    for count in range(1, repeats + 1):
        yield replace(differences, values=differences.values[:, :count], fold=differences.fold[:, :count])


def _losses_of(
    experiment: Experiment, planned: Experiment, fit: Fit, output: Output, index: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """(losses on the draw's test rows, losses on the other rows, the test rows)."""
    network = fit.network
    split = next(s for s in planned.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    longer = next(s for s in experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    prepared = prepared_split(experiment, network.repeat, network.fold)
    outputs, columns = experiment.outputs(network.group), experiment.columns(network.group)
    predicted = in_units(fit.predictions, outputs, columns, prepared)[columns.index(index)]
    observed = experiment.dataset.targets[output.name][longer.test]
    every = row_losses(output.error_metric, observed, predicted)
    return every[: len(split.test)], every[len(split.test) :], split.test
