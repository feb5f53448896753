"""The forum's run over seeds: errors, rankings, ways to the reported errors, and the printed losses."""

from __future__ import annotations

from jointbench.explain.answer import Value
from jointbench.explain.forum.errors import ForumErrors
from jointbench.explain.forum.network import OUTPUTS
from jointbench.explain.forum.runs import DECIMALS, SPLITS
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def energy_forum_tables(data: ForumErrors, backend: str) -> tuple[Table, ...]:
    return (
        _settings(data, backend),
        _rankings(data, backend),
        _reach(data, backend),
        _identities(data, backend),
        _runs(data, backend),
    )


def _settings(data: ForumErrors, backend: str) -> Table:
    """RMSE over seeds of every setting, beside the reported one."""
    rows = (
        (
            setting.setting,
            SPLITS[setting.split],
            setting.output,
            setting.errors.mean,
            setting.errors.sd,
            setting.errors.median,
            setting.errors.least,
            setting.errors.most,
            setting.reported,
            setting.failed,
            setting.without_skill,
        )
        for setting in data.settings
    )
    headings = (
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
    title = f"Test RMSE (kWh/m²) after {data.epochs} epochs, over {data.seeds} seeds."
    return answer_table(title, headings, rows, backend)


def _rankings(data: ForumErrors, backend: str) -> Table:
    rows = (
        (
            ranking.output,
            SPLITS[ranking.split],
            ", ".join(ranking.settings),
            ranking.agreement.best,
            ranking.agreement.order,
            ranking.agreement.chance_best,
            ranking.agreement.chance_order,
            ranking.agreement.repeated_order,
        )
        for ranking in data.rankings
    )
    headings = (
        "Output",
        "Split",
        "Settings, least mean RMSE first",
        "One run finds the best",
        "One run finds the order",
        "Chance: best",
        "Chance: order",
        "As many new seeds give this order",
    )
    title = "How often one run of each setting ranks the settings as their means over seeds do."
    return answer_table(title, headings, rows, backend)


def _reach(data: ForumErrors, backend: str) -> Table:
    rows = ((reach.variant, reach.epochs, reach.at, reach.share, *reach.rmse) for reach in data.reach)
    headings = (
        "Way of training",
        "Epochs until the median run is there",
        "Epochs at most",
        "Share of runs there at the end",
        *(f"Median RMSE {output} at the end" for output in OUTPUTS),
    )
    y1, y2 = data.reached
    title = f"What it takes to reach the reported {y1} / {y2}, weights {data.reach_setting}, one split."
    return answer_table(title, headings, rows, backend)


def _identities(data: ForumErrors, backend: str) -> Table:
    rows = (
        (identity.setting, identity.epochs, identity.validation, identity.training, identity.printed)
        for identity in data.identities
    )
    headings = (
        "Weights",
        "Epochs",
        "Validation: largest relative residual",
        "Training: largest relative residual",
        f"Epochs equal to {DECIMALS} decimals",
    )
    title = "Printed total against the weighted sum of the printed losses, at every epoch of the loop as posted."
    return answer_table(title, headings, rows, backend)


def _runs(data: ForumErrors, backend: str) -> Table:
    """Every run's last epoch: the raw samples."""
    rows: list[tuple[Value, ...]] = [
        (runs.setting, SPLITS[runs.split], seed, *rmse, failure)
        for runs in data.runs
        for seed, (rmse, failure) in enumerate(zip(runs.rmse, runs.failures, strict=True))
    ]
    headings = ("Setting", "Split", "Seed", *(f"RMSE {output}" for output in OUTPUTS), "Failure")
    return answer_table("Every run.", headings, rows, backend)
