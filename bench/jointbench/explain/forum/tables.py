"""The tables of the forum's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jointbench.explain.answer import Table, Value
from jointbench.explain.forum.network import OUTPUTS, SETTINGS
from jointbench.explain.forum.ranking import Agreement
from jointbench.explain.forum.runs import DECIMALS, REPORTED, SPLITS, ForumResult
from jointbench.types import FloatArray


@dataclass(frozen=True)
class RunStatistics:
    """Of the runs that did not break off; None where there are too few."""

    mean: float | None
    sd: float | None
    median: float | None
    least: float | None
    most: float | None


def run_statistics(values: FloatArray) -> RunStatistics:
    """values: (runs,), NaN for a run that broke off."""
    finished = values[~np.isnan(values)]
    if not len(finished):
        return RunStatistics(None, None, None, None, None)
    return RunStatistics(
        mean=float(finished.mean()),
        sd=float(finished.std(ddof=1)) if len(finished) > 1 else None,
        median=float(np.median(finished)),
        least=float(finished.min()),
        most=float(finished.max()),
    )


def settings_table(result: ForumResult) -> Table:
    """RMSE over seeds of every setting, beside the reported one. A run without skill is hardly better than no_skill."""
    rows: list[tuple[Value, ...]] = []
    for (name, split), runs in result.runs.items():
        for k, output in enumerate(OUTPUTS):
            final = runs.rmse[:, -1, k]
            errors, reported = run_statistics(final), REPORTED.get(name)
            rows.append(
                (
                    name,
                    SPLITS[split],
                    output,
                    errors.mean,
                    errors.sd,
                    errors.median,
                    errors.least,
                    errors.most,
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


def ranking_table(ranks: Mapping[tuple[str, str], Agreement]) -> Table:
    rows = tuple(
        (
            output,
            SPLITS[split],
            ", ".join(SETTINGS[i].name for i in ranking.truth),
            ranking.best,
            ranking.order,
            ranking.chance_best,
            ranking.chance_order,
            ranking.repeated_order,
        )
        for (output, split), ranking in ranks.items()
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


def reach_table(result: ForumResult) -> Table:
    rows = tuple((reach.variant, reach.epochs, reach.at, reach.share, *reach.rmse) for reach in result.reach)
    columns = (
        "Way of training",
        "Epochs until the median run is there",
        "Epochs at most",
        "Share of runs there at the end",
        "Median RMSE Y1 at the end",
        "Median RMSE Y2 at the end",
    )
    y1, y2 = REPORTED[SETTINGS[0].name]
    return Table(
        f"What it takes to reach the reported {y1} / {y2}, weights {SETTINGS[0].name}, one split.", columns, rows
    )


def identity_table(result: ForumResult) -> Table:
    rows = tuple(
        (identity.setting, identity.epochs, identity.validation, identity.training, identity.printed)
        for identity in result.identities
    )
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


def runs_table(result: ForumResult) -> Table:
    """Every run's last epoch: the raw samples."""
    rows: list[tuple[Value, ...]] = []
    for (name, split), runs in result.runs.items():
        for seed, (curve, failure) in enumerate(zip(runs.rmse, runs.failures, strict=True)):
            final = (None, None) if failure else (float(curve[-1, 0]), float(curve[-1, 1]))
            rows.append((name, SPLITS[split], seed, *final, failure))
    return Table("Every run.", ("Setting", "Split", "Seed", "RMSE Y1", "RMSE Y2", "Failure"), tuple(rows))
