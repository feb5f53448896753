"""The forum's own run, `energy-forum`: what it gives over seeds, and what it takes to reach the figures that were posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass

import numpy as np

from jointbench.backends.base import Backend, Job, Reported
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.forum_network import (
    AS_POSTED,
    DATASET,
    FIXED_SPLIT,
    OUTPUTS,
    SETTINGS,
    VARIANTS,
    EnergyTable,
    Setting,
    Variant,
    forum_job,
)
from jointbench.explain.ranking import Agreement, agreement
from jointbench.types import FloatArray
from jointbench.workers import Workers

KEY = "energy-forum"
QUESTION = "What does the forum's own run give, and how much of it is the seed?"
REPORTED = {"[2, 1]": (0.435, 0.607), "[1, 4]": (0.463, 0.595)}
SPLITS = {"fixed": "one split for all seeds", "own": "each seed its own split"}
DECIMALS = 4  # of the losses in the forum's printouts
IDENTICAL = 1e-5  # relative: float32 sums of a few terms


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
        variant: _submitted(workers, table, SETTINGS[0], variant, "fixed", max(effort.epochs, effort.long_epochs), effort.seeds)
        for variant in VARIANTS
    }
    prints = {
        setting: workers.submit(_printed, forum_job(table, OUTPUTS, setting, AS_POSTED, 0, FIXED_SPLIT, effort.epochs).job)
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
        effort, runs, (float(no_skill[0]), float(no_skill[1])),
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


def _printed(backend: Backend, job: Job) -> Reported:
    return backend.tutorial(job, "branched")


def identity(setting: Setting, printed: Reported) -> Identity:
    """total = sum of weight x loss, at every epoch of one run."""
    weights = np.array(setting.loss_weights)

    def residual(total: FloatArray, losses: FloatArray) -> float:
        return float(np.max(np.abs(total - losses @ weights) / np.abs(total)))

    # Each of the numbers in a printout is off by half its last digit at most.
    slack = 0.5 * 10.0**-DECIMALS * (1 + weights.sum())
    off = np.abs(printed.validation_total - printed.validation_losses @ weights)
    return Identity(
        setting.name, len(printed.total), residual(printed.validation_total, printed.validation_losses),
        residual(printed.total, printed.losses), float((off <= slack).mean()),
    )


def reach(variant: str, runs: Runs, reported: tuple[float, float]) -> Reach:
    """When the median run is as good as what was reported. A broken run is never there."""
    rmse = np.nan_to_num(runs.rmse, nan=np.inf)
    there = (np.median(rmse, axis=0) <= reported).all(axis=1)
    last = np.median(rmse[:, -1], axis=0)
    return Reach(
        variant, int(np.argmax(there)) + 1 if there.any() else None, rmse.shape[1],
        float((rmse[:, -1] <= reported).all(axis=1).mean()), (float(last[0]), float(last[1])),
    )


def forum_answer(backend: str, result: ForumResult) -> Answer:
    """The sentence and its tables."""
    setting = SETTINGS[0].name
    posted = [_spread(column) for column in result.runs[setting, "fixed"].rmse[:, -1].T]
    final = np.nan_to_num(result.runs[setting, "fixed"].rmse[:, -1], nan=np.inf)
    there = int((final <= REPORTED[setting]).all(axis=1).sum())
    ranks = {(output, split): _agreement(result, k, split) for split in SPLITS for k, output in enumerate(OUTPUTS)}
    numbers: dict[str, Value] = {"seeds": result.effort.seeds, "epochs": result.effort.epochs, "runs_as_good_as_reported": there}
    for k, output in enumerate(OUTPUTS):
        numbers |= {f"{output}_rmse_{name}": value for name, value in asdict(posted[k]).items()}
        numbers |= {
            f"{output}_rmse_reported": REPORTED[setting][k],
            f"{output}_ranking_of_one_run_is_true": ranks[output, "fixed"].order,
            f"{output}_best_of_one_run_is_true": ranks[output, "fixed"].best,
        }
    numbers["failed_runs"] = sum(failure is not None for runs in result.runs.values() for failure in runs.failures)
    numbers["identity_validation_residual"] = max(one.validation for one in result.identities)
    numbers["identity_training_residual"] = max(one.training for one in result.identities)
    numbers |= {f"epochs_to_reported ({way.variant})": way.epochs for way in result.reach}
    said = (
        _spread_sentence(result.effort, posted, there, setting), _ranking_sentence(ranks), _reach_sentence(result),
        identity_sentence(result.identities),
    )
    tables = (_settings_table(result), _ranking_table(ranks), _reach_table(result), _identity_table(result), _runs_table(result))
    return Answer(KEY, QUESTION, DATASET, backend, " ".join(said), numbers, tables)


@dataclass(frozen=True)
class Spread:
    """Of the runs that did not break off; None where there are too few."""

    mean: float | None
    sd: float | None
    median: float | None
    least: float | None
    most: float | None


def _spread(values: FloatArray) -> Spread:
    kept = values[~np.isnan(values)]
    if not len(kept):
        return Spread(None, None, None, None, None)
    sd = float(kept.std(ddof=1)) if len(kept) > 1 else None
    return Spread(float(kept.mean()), sd, float(np.median(kept)), float(kept.min()), float(kept.max()))


def _agreement(result: ForumResult, output: int, split: str) -> Agreement:
    return agreement(np.stack([result.runs[setting.name, split].rmse[:, -1, output] for setting in SETTINGS]))


def _spread_sentence(effort: Effort, posted: Sequence[Spread], there: int, setting: str) -> str:
    one, two = REPORTED[setting]
    as_posted = f"As posted ({effort.epochs} epochs, weights {setting}, one split),"
    said = [
        f"{spread.mean:.2f} ± {spread.sd:.2f} on {output} ({spread.least:.2f} to {spread.most:.2f})"
        for output, spread in zip(OUTPUTS, posted, strict=True)
        if spread.mean is not None and spread.sd is not None
    ]
    if len(said) < len(OUTPUTS):
        return f"{as_posted} fewer than two of {effort.seeds} runs finish: the others diverge."
    usual = "what this run usually gives" if there > effort.seeds / 2 else "not what this run usually gives"
    return (
        f"{as_posted} {effort.seeds} seeds give a test RMSE of {' and '.join(said)}; {there} of {effort.seeds} "
        f"{'is' if there == 1 else 'are'} as good as the {one} / {two} that was reported, which is {usual}."
    )


def _ranking_sentence(ranks: Mapping[tuple[str, str], Agreement]) -> str:
    one, two = (ranks[output, "fixed"] for output in OUTPUTS)
    best = min(one.best, two.best)
    tells = "one run of each tells which is best" if best >= 0.9 else "one run of each does not tell which is best"
    return (
        f"One run of each setting puts the five settings in the order of their means in {one.order:.0%} of draws on Y1 and "
        f"{two.order:.0%} on Y2, and finds the best one in {one.best:.0%} and {two.best:.0%} ({one.chance_best:.0%} by chance): {tells}."
    )


def _reach_sentence(result: ForumResult) -> str:
    found = sorted((way.epochs, way.variant) for way in result.reach if way.epochs is not None)
    as_posted = next(way for way in result.reach if way.variant == AS_POSTED.name)
    if not found:
        return f"No way of training tried reaches the reported figures in its median run within {as_posted.at:,} epochs."
    said = f"The median run reaches both reported figures soonest with {found[0][1]}, after {found[0][0]:,} epochs"
    if found[0][1] == AS_POSTED.name:
        return said + ", which is how it was posted."
    late = f"after {as_posted.epochs:,}" if as_posted.epochs is not None else f"not within {as_posted.at:,}"
    return f"{said}; as posted, {late}."


def identity_sentence(identities: Sequence[Identity]) -> str:
    """Whether total = sum of weight x loss in what the loop printed, and how far off it is."""
    held = max(one.validation for one in identities)
    trained = max(one.training for one in identities)
    epochs = sum(one.epochs for one in identities)
    if held > IDENTICAL:
        return f"The printed total is NOT the weighted sum of the printed losses: on the validation rows they differ by up to {held:.1e} of it."
    said = f"The printed total is the weighted sum of the printed losses in all {epochs:,} epochs: to {held:.0e} of it on the validation rows"
    if trained <= IDENTICAL:
        return f"{said} and to {trained:.0e} on the training rows."
    return (
        f"{said}; on the training rows the printout is off by up to {trained:.1%}, because `fit` averages the total over rows "
        f"and each loss over batches, of which the last is short."
    )


def _settings_table(result: ForumResult) -> Table:
    """RMSE over seeds of every setting, beside what was reported; a run without skill is hardly better than the mean."""
    rows: list[tuple[Value, ...]] = []
    for (name, split), runs in result.runs.items():
        for k, output in enumerate(OUTPUTS):
            final = runs.rmse[:, -1, k]
            found, reported = _spread(final), REPORTED.get(name)
            rows.append(
                (
                    name, SPLITS[split], output, found.mean, found.sd, found.median, found.least, found.most,
                    reported[k] if reported else None, sum(failure is not None for failure in runs.failures),
                    int((final > 0.9 * result.no_skill[k]).sum()),
                )
            )
    columns = ("Setting", "Split", "Output", "Mean RMSE", "SD over seeds", "Median", "Least", "Most", "Reported", "Failed runs", "Runs without skill")
    return Table(f"Test RMSE (kWh/m²) after {result.effort.epochs} epochs, over {result.effort.seeds} seeds.", columns, tuple(rows))


def _ranking_table(ranks: Mapping[tuple[str, str], Agreement]) -> Table:
    rows = tuple(
        (
            output, SPLITS[split], ", ".join(SETTINGS[i].name for i in found.truth), found.best, found.order, found.chance_best,
            found.chance_order, found.repeated_order,
        )
        for (output, split), found in ranks.items()
    )
    columns = ("Output", "Split", "Settings, least mean RMSE first", "One run finds the best", "One run finds the order", "Chance: best", "Chance: order", "As many new seeds give this order")
    return Table("How often one run of each setting ranks the settings as their means over seeds do.", columns, rows)


def _reach_table(result: ForumResult) -> Table:
    rows = tuple((way.variant, way.epochs, way.at, way.share, *way.rmse) for way in result.reach)
    columns = ("Way of training", "Epochs until the median run is there", "Epochs at most", "Share of runs there at the end", "Median RMSE Y1 at the end", "Median RMSE Y2 at the end")
    one, two = REPORTED[SETTINGS[0].name]
    return Table(f"What it takes to reach the reported {one} / {two}, weights {SETTINGS[0].name}, one split.", columns, rows)


def _identity_table(result: ForumResult) -> Table:
    rows = tuple((one.setting, one.epochs, one.validation, one.training, one.printed) for one in result.identities)
    columns = ("Weights", "Epochs", "Validation: largest relative residual", "Training: largest relative residual", f"Epochs equal to {DECIMALS} decimals")
    return Table("Printed total against the weighted sum of the printed losses, at every epoch of the loop as posted.", columns, rows)


def _runs_table(result: ForumResult) -> Table:
    """Every run's last epoch: the raw samples."""
    rows: list[tuple[Value, ...]] = []
    for (name, split), runs in result.runs.items():
        for seed, (curve, failure) in enumerate(zip(runs.rmse, runs.failures, strict=True)):
            final = (None, None) if failure else (float(curve[-1, 0]), float(curve[-1, 1]))
            rows.append((name, SPLITS[split], seed, *final, failure))
    return Table("Every run.", ("Setting", "Split", "Seed", "RMSE Y1", "RMSE Y2", "Failure"), tuple(rows))
