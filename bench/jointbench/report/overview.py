"""The first screen: the answer for every dataset and the table of all comparisons."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.comparison.deciding import difference_of
from jointbench.comparison.summary.costs import ArmCost, Ratio
from jointbench.comparison.summary.decisions import Decision, Difference
from jointbench.comparison.summary.quantity import (
    REQUEST,
    REQUEST_COST,
    TRAINING_COST,
    TRAINING_FLOPS,
    TRAINING_STEP,
    Quantity,
)
from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.records import SEQUENTIAL, STOCK_LOOP, WHOLE_FIT
from jointbench.report import format as show
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, interval, name, number

FEW_FOLDS = 3
MOST_CUT = 3  # tables whose sizes are named
STOCK, IN_TURN = STOCK_LOOP, SEQUENTIAL  # the execution modes that are shown where there is room for one
NOTHING_COMPARED = "nothing to compare"

COLUMNS = (
    Column("Dataset"),
    Column("Backend"),
    Column("Device"),
    Column("Against"),
    Column("Verdict"),
    Column("Mean skill difference", True, "joint − other"),
    Column("Worst output", True, "joint − other"),
    Column("Training FLOPs", True, "joint / other"),
    Column("Training step", True, "seconds, joint / other"),
    Column("Latency", True, "smallest batch, joint / other"),
    Column("Parameters", True, "joint / other"),
    Column("Rows", True),
    Column("Outputs", True),
)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One backend's answer for a dataset. verdict "": it was not compared, and ``reason`` says why.

    advice: what would close it, command: the run that would; "" where neither is needed or known.
    """

    backend: str
    device: str
    other: str
    verdict: str
    reason: str
    advice: str = ""
    command: str = ""


@dataclass(frozen=True)
class Answer:
    """A dataset's answers, one for each backend and device, against the first other arm."""

    number: int
    slug: str
    sentences: tuple[Sentence, ...]


def answers(summary: Summary) -> tuple[Answer, ...]:
    """The answer for each dataset, in the order of the summary."""
    return tuple(
        Answer(position, dataset.slug, tuple(answer_of(cell) for cell in cells_of(summary, dataset.slug)))
        for position, dataset in enumerate(summary.datasets, 1)
    )


def cells_of(summary: Summary, slug: str) -> tuple[CellSummary, ...]:
    """The cells of one dataset."""
    return tuple(cell for cell in summary.cells if cell.dataset == slug)


def answer_of(cell: CellSummary) -> Sentence:
    """A cell's answer against the first other arm, or why it has none."""
    backend, device = show.plain(cell.backend), show.plain(cell.device)
    for decision in cell.decisions:
        return sentence(backend, device, decision)
    return Sentence(backend=backend, device=device, other="", verdict="", reason=unavailable_reason(cell))


def sentence(backend: str, device: str, decision: Decision) -> Sentence:
    """A decision and what would close it, in words."""
    open_verdict = decision.open
    return Sentence(
        backend=backend,
        device=device,
        other=show.plain(decision.other),
        verdict=decision.verdict,
        reason=show.plain(decision.reason),
        advice=show.plain(open_verdict.sentence) if open_verdict and open_verdict.sentence else "",
        command=show.plain(open_verdict.command) if open_verdict and open_verdict.command else "",
    )


def lean_words(decision: Decision) -> str:
    """The verdict, or what an open one leans to."""
    if decision.open is None or not decision.open.lean:
        return decision.verdict
    return f"leans {decision.open.lean}"


def unavailable_reason(cell: CellSummary) -> str:
    """Why a cell has no comparison."""
    return "; ".join(show.plain(absence) for absence in cell.absences) or NOTHING_COMPARED


def cautions(summary: Summary) -> tuple[str, ...]:
    """Warnings that belong above the first screen."""
    cut_off = tuple(show.plain(sentence) for sentence in summary.cut_off)
    failed = tuple(
        f"{show.plain(cell.dataset)}, {backend_name(cell)}: {show.plain(text)}."
        for cell in summary.cells
        for text in cell.failed
    )
    few = [show.plain(dataset.slug) for dataset in summary.datasets if has_few_folds(dataset)]
    which = "every dataset" if len(few) == len(summary.datasets) else ", ".join(few)
    folds = (f"Fewer than {FEW_FOLDS} folds on {which}: intervals and probabilities rest on almost nothing.",)
    return (*cut_off, *failed, *_sizes(summary), *(folds if few else ()))


def has_few_folds(dataset: DatasetSummary) -> bool:
    """Too few for intervals, where the rows to test on are folds."""
    return dataset.folds < FEW_FOLDS and not dataset.test_file


def _sizes(summary: Summary) -> tuple[str, ...]:
    """What a verdict on a part of a table is worth for all of it."""
    cut = [dataset for dataset in summary.datasets if dataset.cut_from]
    if not cut:
        return ()
    parts = [f"{show.plain(d.slug)} {d.rows:,} of {d.cut_from:,}" for d in cut[:MOST_CUT]]
    more = f" and {len(cut) - MOST_CUT} more" if len(cut) > MOST_CUT else ""
    return (
        f"Studied on a part of the rows: {', '.join(parts)}{more}. What sharing costs changes with the number of rows; "
        "--rows sets it.",
    )


def overview_table(summary: Summary) -> Table:
    """Every comparison of joint with another arm: first all against the first other arm, then the next."""
    ordered = [(dataset, cell) for dataset in summary.datasets for cell in cells_of(summary, dataset.slug)]
    most_decisions = max((len(cell.decisions) for cell in summary.cells), default=0)
    rows = []
    for rank in range(max(most_decisions, 1)):
        for dataset, cell in ordered:
            if rank < len(cell.decisions):
                rows.append(_row(cell, cell.decisions[rank], dataset))
            elif rank == 0:
                rows.append(_absent_row(cell, dataset))
    return Table(
        "Joint against the other arms. Differences are joint − other in skill, averaged over the outputs and on the "
        "worst one (positive: joint is better); costs are joint / other (below 1: joint is cheaper); in brackets 95 % "
        "intervals; ≈ marks a ratio that noise could explain.",
        COLUMNS,
        tuple(rows),
    )


def select_columns(table: Table, caption: str, titles: tuple[str, ...]) -> Table:
    """Some columns of a table under another caption: what a figure over all datasets is drawn from."""
    positions = [i for i, column in enumerate(table.columns) if column.title in titles]
    rows = tuple(tuple(row[i] for i in positions) for row in table.rows)
    return Table(caption, tuple(table.columns[i] for i in positions), rows, table.heads, table.source)


def backend_name(cell: CellSummary) -> str:
    """A cell's backend and device, as a row label."""
    return f"{show.plain(cell.backend)}, {show.plain(cell.device)}"


def _row(cell: CellSummary, decision: Decision, dataset: DatasetSummary) -> tuple[Cell, ...]:
    worst = difference_of(cell, decision.worst_output, decision.other)
    return (
        name(cell.dataset),
        name(cell.backend),
        name(cell.device),
        name(decision.other),
        Cell(decision.verdict, tone=decision.verdict),
        interval(decision.mean_difference, show.difference),
        _worst_cell(decision, worst),
        *(ratio_cell(pick(cell, decision.other)) for pick in (flops_ratio, step_ratio, request_ratio)),
        _parameter_ratio(cell, decision.other),
        *_size_cells(dataset),
    )


def _absent_row(cell: CellSummary, dataset: DatasetSummary) -> tuple[Cell, ...]:
    return (
        name(cell.dataset),
        name(cell.backend),
        name(cell.device),
        Cell("—"),
        Cell(unavailable_reason(cell), tone="absent"),
        *[NOTHING] * 6,
        *_size_cells(dataset),
    )


def _size_cells(dataset: DatasetSummary) -> tuple[Cell, Cell]:
    return number(dataset.rows, show.count), number(len(dataset.outputs), show.count)


def _worst_cell(decision: Decision, worst: Difference | None) -> Cell:
    value = decision.worst_difference
    digits = show.digits_for(worst.difference.low, worst.difference.high) if worst else 3
    return Cell(f"{show.plain(decision.worst_output)} {show.fixed(value, digits, sign=True)}", (value,))


def _parameter_ratio(cell: CellSummary, other: str) -> Cell:
    """The only quotient that is computed here: joint's parameter count / the other's, both exact."""
    joint_cost, other_cost = cost_of(cell, cell.joint), cost_of(cell, other)
    if joint_cost is None or other_cost is None or not other_cost.parameters:
        return NOTHING
    return number(joint_cost.parameters / other_cost.parameters, show.times)


def cost_of(cell: CellSummary, arm: str) -> ArmCost | None:
    """What an arm cost in a cell."""
    return next((cost for cost in cell.costs if cost.arm == arm), None)


def flops_ratio(cell: CellSummary, other: str) -> Ratio | None:
    """Training FLOPs to the stop, joint / other; of models without a counter what training is said to cost."""
    return _ratio_of(cell, Quantity(TRAINING_FLOPS), other) or _ratio_of(cell, Quantity(TRAINING_COST), other)


def step_ratio(cell: CellSummary, other: str) -> Ratio | None:
    """A training step of the stock loop, joint / other; of models that are no networks a whole fit."""
    steps = (_ratio_of(cell, Quantity(TRAINING_STEP, mode), other) for mode in (STOCK_LOOP, WHOLE_FIT))
    return next((ratio for ratio in steps if ratio is not None), None)


def request_ratio(cell: CellSummary, other: str) -> Ratio | None:
    """A request of the smallest batch that was timed, networks called one after the other, joint / other."""
    quantities = (ratio.quantity for ratio in cell.ratios)
    requests = [quantity for quantity in quantities if (quantity.scenario, quantity.mode) == (REQUEST, SEQUENTIAL)]
    smallest = min(requests, key=lambda quantity: quantity.batch_size or 0, default=None)
    return _ratio_of(cell, smallest or Quantity(REQUEST_COST), other)


def _ratio_of(cell: CellSummary, quantity: Quantity, other: str) -> Ratio | None:
    """The first such ratio, which is the one timed on all cores."""
    return next((ratio for ratio in cell.ratios if (ratio.quantity, ratio.other) == (quantity, other)), None)


def ratio_cell(ratio: Ratio | None) -> Cell:
    """A ratio; one that noise could explain says so."""
    if ratio is None:
        return NOTHING
    if ratio.measured_difference:
        return interval(ratio.ratio, show.ratio)
    return interval(ratio.ratio, lambda estimate: f"≈ {show.ratio(estimate)}", tone="noise")
