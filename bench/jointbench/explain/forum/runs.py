"""Runs the forum's network: every setting over seeds, ways to reach the posted errors, the printed losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from jointbench.backends.base import Job, TrainingHistory
from jointbench.backends.protocols import DiagnosedBackend, TrainingBackend, diagnostics_of
from jointbench.explain.forum.network import (
    AS_POSTED,
    FIXED_SPLIT,
    OUTPUTS,
    SETTINGS,
    VARIANTS,
    EnergyTable,
    ForumRun,
    Setting,
    forum_job,
    forum_split,
)
from jointbench.runtime.workers import Workers
from jointbench.types import FloatArray

REPORTED = {"[2, 1]": (0.435, 0.607), "[1, 4]": (0.463, 0.595)}
SplitKind = Literal["fixed", "own"]
SPLITS: Mapping[SplitKind, str] = {"fixed": "one split for all seeds", "own": "each seed its own split"}
DECIMALS = 4  # of the losses in the forum's printouts


@dataclass(frozen=True)
class Effort:
    """Seeds a setting, epochs as posted, and epochs at most to reach the reported errors."""

    seeds: int = 20
    epochs: int = 500
    long_epochs: int = 2000


@dataclass(frozen=True, eq=False)
class Runs:
    """rmse: on the test rows after every epoch, (seeds, epochs, outputs), kWh/m2; NaN in a run that broke off.

    failures: one a seed, why the run broke off.
    """

    rmse: FloatArray
    failures: tuple[str | None, ...]


@dataclass(frozen=True)
class Identity:
    """Printed totals against the weighted sums of the printed losses, over one run's epochs.

    validation, training: the largest relative difference. printed: share of epochs where the two agree to the last
    digit of a printout of DECIMALS decimals.
    """

    setting: str
    epochs: int
    validation: float
    training: float
    printed: float


@dataclass(frozen=True)
class Reach:
    """How a way of training reaches the reported errors.

    epochs: the first after which the median over seeds of both RMSEs is at most as reported; None if never. share: of
    runs whose RMSEs are both at most as reported after ``at`` epochs. rmse: their medians then.
    """

    variant: str
    epochs: int | None
    at: int
    share: float
    rmse: tuple[float, float]


@dataclass(frozen=True, eq=False)
class ForumResult:
    """runs: as posted, by (setting, split). no_skill: RMSE of predicting the training mean, by output."""

    effort: Effort
    runs: Mapping[tuple[str, SplitKind], Runs]
    no_skill: tuple[float, float]
    reach: tuple[Reach, ...]
    identities: tuple[Identity, ...]


def measure(workers: Workers, table: EnergyTable, effort: Effort) -> ForumResult:
    """Trains every setting over the seeds, on one split and on each seed's own; every way of training, for longer; and
    the loop as posted, once a setting, for its printed losses."""
    posted = {
        (setting.name, split): _submit(workers, table, ForumRun(setting, AS_POSTED, effort.epochs), split, effort.seeds)
        for split in SPLITS
        for setting in SETTINGS
        if (setting, split) != (SETTINGS[0], "fixed")
    }
    longest = max(effort.epochs, effort.long_epochs)
    by_variant = {
        variant: _submit(workers, table, ForumRun(SETTINGS[0], variant, longest), "fixed", effort.seeds)
        for variant in VARIANTS
    }
    histories = {
        setting: workers.submit(_printed, forum_job(table, OUTPUTS, ForumRun(setting, AS_POSTED, effort.epochs)).job)
        for setting in SETTINGS
        if len(setting.groups) == 1
    }
    long_runs = {variant: _collect(pending) for variant, pending in by_variant.items()}
    # The run as posted is the first epochs of the long one: same seeds, same batches.
    as_posted = long_runs[AS_POSTED]
    runs: dict[tuple[str, SplitKind], Runs] = {}
    runs[SETTINGS[0].name, "fixed"] = Runs(as_posted.rmse[:, : effort.epochs], as_posted.failures)
    runs |= {key: _collect(pending) for key, pending in posted.items()}
    return ForumResult(
        effort,
        runs,
        _no_skill_rmse(table),
        tuple(reach(variant.name, of_variant, REPORTED[SETTINGS[0].name]) for variant, of_variant in long_runs.items()),
        tuple(identity(setting, future.result()) for setting, future in histories.items()),
    )


def _no_skill_rmse(table: EnergyTable) -> tuple[float, float]:
    """Of predicting the training mean on the fixed split's test rows, as a network that learnt nothing does."""
    train, test = forum_split(len(table.features), FIXED_SPLIT)
    y1, y2 = np.sqrt(((table.targets[test] - table.targets[train].mean(axis=0)) ** 2).mean(axis=0))
    return float(y1), float(y2)


@dataclass(frozen=True, eq=False)
class _PendingStack:
    """Curves of one network of a setting, all seeds at once: (losses, failure) a seed. scales: of each seed's job."""

    curves: Future[list[tuple[FloatArray, str | None]]]
    scales: list[FloatArray]
    epochs: int


def _submit(workers: Workers, table: EnergyTable, run: ForumRun, split: SplitKind, seeds: int) -> list[_PendingStack]:
    """One stack of all seeds for each of the setting's networks. The run's own seeds are replaced."""
    pending = []
    for group in run.setting.groups:
        jobs = [
            forum_job(table, group, replace(run, seed=seed, split_seed=FIXED_SPLIT if split == "fixed" else seed + 1))
            for seed in range(seeds)
        ]
        future = workers.submit(_curves, [stacked.job for stacked in jobs])
        pending.append(_PendingStack(future, [stacked.scale for stacked in jobs], run.epochs))
    return pending


def _collect(pending: Sequence[_PendingStack]) -> Runs:
    """The setting's networks side by side; a run is broken off when one of its networks is."""
    columns: list[FloatArray] = []
    failures: list[str | None] = [None] * len(pending[0].scales)
    for stack in pending:
        padded = []
        curves = stack.curves.result()
        for (losses, _), scale in zip(curves, stack.scales, strict=True):
            rmse = np.full((stack.epochs, losses.shape[1]), np.nan)
            with np.errstate(invalid="ignore"):
                rmse[: len(losses)] = np.sqrt(losses) * scale
            padded.append(rmse)
        columns.append(np.stack(padded))
        failures = [earlier or failure for earlier, (_, failure) in zip(failures, curves, strict=True)]
    rmse = np.concatenate(columns, axis=2)
    rmse[np.array([failure is not None for failure in failures])] = np.nan
    return Runs(rmse, tuple(failures))


def _curves(backend: TrainingBackend, jobs: Sequence[Job]) -> list[tuple[FloatArray, str | None]]:
    """(test losses by epoch and output, failure) of each job. A worker's task."""
    return [(trained.validation_loss, trained.failure) for trained in backend.fit_stacked(jobs).trained]


def _printed(backend: DiagnosedBackend, job: Job) -> TrainingHistory:
    """``Diagnostics.tutorial``, as a worker's task."""
    return diagnostics_of(backend).tutorial(job, "branched")


def identity(setting: Setting, printed: TrainingHistory) -> Identity:
    """Whether total = sum of weight x loss, at every epoch of one run."""
    weights = np.array(setting.loss_weights)

    def residual(total: FloatArray, losses: FloatArray) -> float:
        return float(np.max(np.abs(total - losses @ weights) / np.abs(total)))

    # Each number in a printout is off by at most half its last digit.
    rounding = 0.5 * 10.0**-DECIMALS * (1 + weights.sum())
    errors = np.abs(printed.validation_total - printed.validation_losses @ weights)
    return Identity(
        setting.name,
        len(printed.total),
        validation=residual(printed.validation_total, printed.validation_losses),
        training=residual(printed.total, printed.losses),
        printed=float((errors <= rounding).mean()),
    )


def reach(variant: str, runs: Runs, reported: tuple[float, float]) -> Reach:
    """When the median run is as good as reported, (Y1, Y2). A run that broke off never is."""
    rmse = np.nan_to_num(runs.rmse, nan=np.inf)
    reached = (np.median(rmse, axis=0) <= reported).all(axis=1)
    last = np.median(rmse[:, -1], axis=0)
    return Reach(
        variant,
        epochs=int(np.argmax(reached)) + 1 if reached.any() else None,
        at=rmse.shape[1],
        share=float((rmse[:, -1] <= reported).all(axis=1).mean()),
        rmse=(float(last[0]), float(last[1])),
    )
