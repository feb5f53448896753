"""The forum's own run, `energy-forum`: what it gives over seeds, and what it takes to reach the figures that were posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.forum.network import AS_POSTED, DATASET, OUTPUTS, SETTINGS
from jointbench.explain.forum.ranking import Agreement, agreement
from jointbench.explain.forum.runs import DECIMALS, REPORTED, SPLITS, Effort, ForumResult, Identity
from jointbench.types import FloatArray

KEY = "energy-forum"
QUESTION = "What does the forum's own run give, and how much of it is the seed?"
IDENTICAL = 1e-5  # relative: float32 sums of a few terms


def forum_answer(backend: str, result: ForumResult) -> Answer:
    """The sentence and its tables."""
    setting = SETTINGS[0].name
    posted = [_spread(column) for column in result.runs[setting, "fixed"].rmse[:, -1].T]
    final = np.nan_to_num(result.runs[setting, "fixed"].rmse[:, -1], nan=np.inf)
    there = int((final <= REPORTED[setting]).all(axis=1).sum())
    ranks = {(output, split): _agreement(result, k, split) for split in SPLITS for k, output in enumerate(OUTPUTS)}
    numbers: dict[str, Value] = {
        "seeds": result.effort.seeds,
        "epochs": result.effort.epochs,
        "runs_as_good_as_reported": there,
    }
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
        _spread_sentence(result.effort, posted, there, setting),
        _ranking_sentence(ranks),
        _reach_sentence(result),
        identity_sentence(result.identities),
    )
    tables = (
        _settings_table(result),
        _ranking_table(ranks),
        _reach_table(result),
        _identity_table(result),
        _runs_table(result),
    )
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=DATASET,
        backend=backend,
        sentence=" ".join(said),
        numbers=numbers,
        tables=tables,
    )


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
        return (
            f"No way of training tried reaches the reported figures in its median run within {as_posted.at:,} epochs."
        )
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
                    name,
                    SPLITS[split],
                    output,
                    found.mean,
                    found.sd,
                    found.median,
                    found.least,
                    found.most,
                    reported[k] if reported else None,
                    sum(failure is not None for failure in runs.failures),
                    int((final > 0.9 * result.no_skill[k]).sum()),
                )
            )
    columns = (
        "Setting",
        "Split",
        "Output",
        "Mean RMSE",
        "SD over seeds",
        "Median",
        "Least",
        "Most",
        "Reported",
        "Failed runs",
        "Runs without skill",
    )
    return Table(
        f"Test RMSE (kWh/m²) after {result.effort.epochs} epochs, over {result.effort.seeds} seeds.",
        columns,
        tuple(rows),
    )


def _ranking_table(ranks: Mapping[tuple[str, str], Agreement]) -> Table:
    rows = tuple(
        (
            output,
            SPLITS[split],
            ", ".join(SETTINGS[i].name for i in found.truth),
            found.best,
            found.order,
            found.chance_best,
            found.chance_order,
            found.repeated_order,
        )
        for (output, split), found in ranks.items()
    )
    columns = (
        "Output",
        "Split",
        "Settings, least mean RMSE first",
        "One run finds the best",
        "One run finds the order",
        "Chance: best",
        "Chance: order",
        "As many new seeds give this order",
    )
    return Table("How often one run of each setting ranks the settings as their means over seeds do.", columns, rows)


def _reach_table(result: ForumResult) -> Table:
    rows = tuple((way.variant, way.epochs, way.at, way.share, *way.rmse) for way in result.reach)
    columns = (
        "Way of training",
        "Epochs until the median run is there",
        "Epochs at most",
        "Share of runs there at the end",
        "Median RMSE Y1 at the end",
        "Median RMSE Y2 at the end",
    )
    one, two = REPORTED[SETTINGS[0].name]
    return Table(
        f"What it takes to reach the reported {one} / {two}, weights {SETTINGS[0].name}, one split.", columns, rows
    )


def _identity_table(result: ForumResult) -> Table:
    rows = tuple((one.setting, one.epochs, one.validation, one.training, one.printed) for one in result.identities)
    columns = (
        "Weights",
        "Epochs",
        "Validation: largest relative residual",
        "Training: largest relative residual",
        f"Epochs equal to {DECIMALS} decimals",
    )
    return Table(
        "Printed total against the weighted sum of the printed losses, at every epoch of the loop as posted.",
        columns,
        rows,
    )


def _runs_table(result: ForumResult) -> Table:
    """Every run's last epoch: the raw samples."""
    rows: list[tuple[Value, ...]] = []
    for (name, split), runs in result.runs.items():
        for seed, (curve, failure) in enumerate(zip(runs.rmse, runs.failures, strict=True)):
            final = (None, None) if failure else (float(curve[-1, 0]), float(curve[-1, 1]))
            rows.append((name, SPLITS[split], seed, *final, failure))
    return Table("Every run.", ("Setting", "Split", "Seed", "RMSE Y1", "RMSE Y2", "Failure"), tuple(rows))
