"""Running the forum's own network over seeds: every setting, the ways to reach what was posted, and what its loop prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Backend, Job, TrainingHistory
from jointbench.explain.forum.network import (
    AS_POSTED,
    FIXED_SPLIT,
    OUTPUTS,
    SETTINGS,
    VARIANTS,
    EnergyTable,
    Setting,
    Variant,
    forum_job,
)
from jointbench.runtime.workers import Workers
from jointbench.types import FloatArray

REPORTED = {"[2, 1]": (0.435, 0.607), "[1, 4]": (0.463, 0.595)}
SPLITS = {"fixed": "one split for all seeds", "own": "each seed its own split"}
DECIMALS = 4  # of the losses in the forum's printouts


@dataclass(frozen=True)
class Effort:
    """How much is run: seeds a setting, epochs as posted, epochs at most to reach what was reported."""

    seeds: int = 20
    epochs: int = 500
    long_epochs: int = 2000


@dataclass(frozen=True, eq=False)
class Runs:
    """Test RMSE after every epoch, (seeds, epochs, outputs), kWh/m2; NaN in a run that broke off, whose reason stands in
    ``failures``, one a seed."""

    rmse: FloatArray
    failures: tuple[str | None, ...]


@dataclass(frozen=True)
class Identity:
    """The largest relative difference, over epochs, between a printed total and the weighted sum of the printed losses.

    printed: share of epochs where they agree to the last digit that a printout of DECIMALS decimals can hold.
    """

    setting: str
    epochs: int
    validation: float
    training: float
    printed: float


@dataclass(frozen=True)
class Reach:
    """What a way of training takes to get where the post was. epochs: the first at which the median over seeds of both
    RMSEs is at most as reported, None if never; share: of runs that are there, both at once, after ``at`` epochs."""

    variant: str
    epochs: int | None
    at: int
    share: float
    rmse: tuple[float, float]


@dataclass(frozen=True, eq=False)
class ForumResult:
    """Everything that was measured. runs: by (setting, split), as posted."""

    effort: Effort
    runs: Mapping[tuple[str, str], Runs]
    no_skill: tuple[float, float]
    reach: tuple[Reach, ...]
    identities: tuple[Identity, ...]


def measured(workers: Workers, table: EnergyTable, effort: Effort) -> ForumResult:
    """Trains every setting over the seeds, on one split and on each seed's own; the ways to reach what was reported; and
    the loop as posted, once a setting, for what it prints."""
    posted = {
        (setting.name, split): _submitted(workers, table, setting, AS_POSTED, split, effort.epochs, effort.seeds)
        for split in SPLITS
        for setting in SETTINGS
        if (setting, split) != (SETTINGS[0], "fixed")
    }
    ways = {
        variant: _submitted(
            workers, table, SETTINGS[0], variant, "fixed", max(effort.epochs, effort.long_epochs), effort.seeds
        )
        for variant in VARIANTS
    }
    prints = {
        setting: workers.submit(
            _printed, forum_job(table, OUTPUTS, setting, AS_POSTED, 0, FIXED_SPLIT, effort.epochs).job
        )
        for setting in SETTINGS
        if len(setting.groups) == 1
    }
    reached = {variant: _collected(pending) for variant, pending in ways.items()}
    # The run as posted is the first epochs of the long one: same seeds, same batches.
    first = reached[AS_POSTED]
    runs = {(SETTINGS[0].name, "fixed"): Runs(first.rmse[:, : effort.epochs], first.failures)}
    runs |= {key: _collected(pending) for key, pending in posted.items()}
    # The engine's own test rows: predicting the training mean is what a network that learnt nothing does.
    job = forum_job(table, OUTPUTS, SETTINGS[0], AS_POSTED, 0, FIXED_SPLIT, 1).job
    mean = table.targets[job.train].mean(axis=0)
    no_skill = np.sqrt(((table.targets[job.test] - mean) ** 2).mean(axis=0))
    return ForumResult(
        effort,
        runs,
        (float(no_skill[0]), float(no_skill[1])),
        tuple(reach(variant.name, runs_of, REPORTED[SETTINGS[0].name]) for variant, runs_of in reached.items()),
        tuple(identity(setting, future.result()) for setting, future in prints.items()),
    )


Pending = list[tuple[Future[list[tuple[FloatArray, str | None]]], list[FloatArray], int]]


def _submitted(
    workers: Workers, table: EnergyTable, setting: Setting, variant: Variant, split: str, epochs: int, seeds: int
) -> Pending:
    """One stack of all seeds for each of the setting's networks."""
    pending = []
    for group in setting.groups:
        made = [
            forum_job(table, group, setting, variant, seed, FIXED_SPLIT if split == "fixed" else seed + 1, epochs)
            for seed in range(seeds)
        ]
        future = workers.submit(_curves, [one.job for one in made])
        pending.append((future, [one.scale for one in made], epochs))
    return pending


def _collected(pending: Pending) -> Runs:
    """The setting's networks side by side; a run is broken off when one of its networks is."""
    columns: list[FloatArray] = []
    failures: list[str | None] = []
    for future, scales, epochs in pending:
        padded = []
        found = future.result()
        for (losses, _), scale in zip(found, scales, strict=True):
            rmse = np.full((epochs, losses.shape[1]), np.nan)
            with np.errstate(invalid="ignore"):
                rmse[: len(losses)] = np.sqrt(losses) * scale
            padded.append(rmse)
        columns.append(np.stack(padded))
        failures = [one or other for one, (_, other) in zip(failures or [None] * len(found), found, strict=True)]
    rmse = np.concatenate(columns, axis=2)
    rmse[np.array([failure is not None for failure in failures])] = np.nan
    return Runs(rmse, tuple(failures))


def _curves(backend: Backend, jobs: Sequence[Job]) -> list[tuple[FloatArray, str | None]]:
    return [(trained.validation_loss, trained.failure) for trained in backend.fit_stacked(jobs).trained]


def _printed(backend: Backend, job: Job) -> TrainingHistory:
    return backend.tutorial(job, "branched")


def identity(setting: Setting, printed: TrainingHistory) -> Identity:
    """total = sum of weight x loss, at every epoch of one run."""
    weights = np.array(setting.loss_weights)

    def residual(total: FloatArray, losses: FloatArray) -> float:
        return float(np.max(np.abs(total - losses @ weights) / np.abs(total)))

    # Each of the numbers in a printout is off by half its last digit at most.
    slack = 0.5 * 10.0**-DECIMALS * (1 + weights.sum())
    off = np.abs(printed.validation_total - printed.validation_losses @ weights)
    return Identity(
        setting.name,
        len(printed.total),
        residual(printed.validation_total, printed.validation_losses),
        residual(printed.total, printed.losses),
        float((off <= slack).mean()),
    )


def reach(variant: str, runs: Runs, reported: tuple[float, float]) -> Reach:
    """When the median run is as good as what was reported. A broken run is never there."""
    rmse = np.nan_to_num(runs.rmse, nan=np.inf)
    there = (np.median(rmse, axis=0) <= reported).all(axis=1)
    last = np.median(rmse[:, -1], axis=0)
    return Reach(
        variant,
        int(np.argmax(there)) + 1 if there.any() else None,
        rmse.shape[1],
        float((rmse[:, -1] <= reported).all(axis=1).mean()),
        (float(last[0]), float(last[1])),
    )
