"""A summary small enough to publish: one thread count, and the requests that the figures over all datasets show."""

from __future__ import annotations

from dataclasses import replace

from jointbench.comparison.summary.costs import ArmCost, Ratio
from jointbench.comparison.summary.quantity import REQUEST
from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.records import FUSED, SEQUENTIAL

BATCH_SIZES = (1, 64)  # of requests
MODES = (SEQUENTIAL, FUSED)


def brief(summary: Summary) -> Summary:
    """The summary without single folds, requests of other batch sizes and ways to answer, and further thread counts."""
    return replace(
        summary,
        datasets=tuple(_brief_dataset(about) for about in summary.datasets),
        cells=tuple(_brief_cell(cell) for cell in summary.cells),
    )


def _brief_dataset(about: DatasetSummary) -> DatasetSummary:
    return replace(about, references=tuple(replace(reference, per_fold=()) for reference in about.references))


def _brief_cell(cell: CellSummary) -> CellSummary:
    return replace(
        cell,
        quality=tuple(replace(quality, per_fold=()) for quality in cell.quality),
        costs=tuple(_brief_cost(cost, cell.threads) for cost in cell.costs),
        ratios=tuple(ratio for ratio in cell.ratios if _is_brief(ratio, cell.threads)),
    )


def _brief_cost(cost: ArmCost, threads: int | None) -> ArmCost:
    return replace(
        cost,
        latency=tuple(
            latency
            for latency in cost.latency
            if latency.threads == threads and latency.path in MODES and latency.batch_size in BATCH_SIZES
        ),
    )


def _is_brief(ratio: Ratio, threads: int | None) -> bool:
    quantity = ratio.quantity
    if quantity.scenario != REQUEST:
        return ratio.threads in (None, threads)
    return ratio.threads == threads and quantity.mode in MODES and quantity.batch_size in BATCH_SIZES
