"""The first screen: the answer for every dataset and the table of all comparisons."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.compare.summary.costs import ArmCost, Ratio
from jointbench.compare.summary.decisions import Decision, Difference
from jointbench.compare.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.records import SEQUENTIAL
from jointbench.report import format as show
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, interval, name, number

FEW_FOLDS = 3
FLOPS, STEP = "training FLOPs to the stop", "training step"  # as compare.costs says them
STOCK, IN_TURN = "stock loop", SEQUENTIAL  # the paths that stand for an arm where there is room for one
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

    settle: what would settle it, and the command; "" where it is settled or nobody knows.
    """

    backend: str
    device: str
    other: str
    verdict: str
    reason: str
    settle: str = ""
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
        Answer(number_, about.slug, tuple(_sentence(cell) for cell in cells_of(summary, about.slug)))
        for number_, about in enumerate(summary.datasets, 1)
    )


def cells_of(summary: Summary, slug: str) -> tuple[CellSummary, ...]:
    """The cells of one dataset."""
    return tuple(cell for cell in summary.cells if cell.dataset == slug)


def _sentence(cell: CellSummary) -> Sentence:
    backend, device = show.plain(cell.backend), show.plain(cell.device)
    for decision in cell.decisions:
        return sentence(backend, device, decision)
    return Sentence(backend=backend, device=device, other="", verdict="", reason=why_not(cell))


def sentence(backend: str, device: str, decision: Decision) -> Sentence:
    """A decision and what would settle it, in words."""
    settle = decision.settle
    return Sentence(
        backend=backend,
        device=device,
        other=show.plain(decision.other),
        verdict=decision.verdict,
        reason=show.plain(decision.reason),
        settle=show.plain(settle.sentence) if settle else "",
        command=show.plain(settle.command) if settle and settle.command else "",
    )


def why_not(cell: CellSummary) -> str:
    """Why a cell has no comparison."""
    return "; ".join(show.plain(absence) for absence in cell.absences) or NOTHING_COMPARED


def cautions(summary: Summary) -> tuple[str, ...]:
    """What a reader must know before believing the first screen."""
    few = [show.plain(about.slug) for about in summary.datasets if about.folds < FEW_FOLDS]
    if not few:
        return ()
    which = "every dataset" if len(few) == len(summary.datasets) else ", ".join(few)
    return (f"Fewer than {FEW_FOLDS} folds on {which}: intervals and probabilities rest on almost nothing.",)


def overview_table(summary: Summary) -> Table:
    """Every comparison of joint with another arm: first all against the first other arm, then the next."""
    ordered = [(about, cell) for about in summary.datasets for cell in cells_of(summary, about.slug)]
    deepest = max((len(cell.decisions) for cell in summary.cells), default=0)
    rows = []
    for place in range(max(deepest, 1)):
        for about, cell in ordered:
            if place < len(cell.decisions):
                rows.append(_row(cell, cell.decisions[place], about))
            elif place == 0:
                rows.append(_absent_row(cell, about))
    return Table(
        "Joint against the other arms. Differences are joint − other in skill, averaged over the outputs and on the "
        "worst one (positive: joint is better); costs are joint / other (below 1: joint is cheaper); in brackets 95 % "
        "intervals; ≈ marks a ratio that noise could explain.",
        COLUMNS,
        tuple(rows),
    )


def chosen(table: Table, caption: str, titles: tuple[str, ...]) -> Table:
    """Some columns of a table under another caption: what a figure over all datasets is drawn from."""
    places = [i for i, column in enumerate(table.columns) if column.title in titles]
    rows = tuple(tuple(row[i] for i in places) for row in table.rows)
    return Table(caption, tuple(table.columns[i] for i in places), rows, table.heads, table.source)


def where(cell: CellSummary) -> str:
    """A cell's backend and device, as a row label."""
    return f"{show.plain(cell.backend)}, {show.plain(cell.device)}"


def _row(cell: CellSummary, decision: Decision, about: DatasetSummary) -> tuple[Cell, ...]:
    worst = difference_of(cell, decision.worst_output, decision.other)
    return (
        name(cell.dataset),
        name(cell.backend),
        name(cell.device),
        name(decision.other),
        Cell(decision.verdict, tone=decision.verdict),
        interval(decision.mean_difference, show.difference),
        _worst(decision, worst),
        *(ratio_cell(pick(cell, decision.other)) for pick in (flops_ratio, step_ratio, request_ratio)),
        _parameters(cell, decision.other),
        *_size(about),
    )


def _absent_row(cell: CellSummary, about: DatasetSummary) -> tuple[Cell, ...]:
    return (
        name(cell.dataset),
        name(cell.backend),
        name(cell.device),
        Cell("—"),
        Cell(why_not(cell), tone="absent"),
        *[NOTHING] * 6,
        *_size(about),
    )


def _size(about: DatasetSummary) -> tuple[Cell, Cell]:
    return number(about.rows, show.count), number(len(about.outputs), show.count)


def _worst(decision: Decision, worst: Difference | None) -> Cell:
    value = decision.worst_difference
    digits = show.digits_for(worst.difference.low, worst.difference.high) if worst else 3
    return Cell(f"{show.plain(decision.worst_output)} {show.fixed(value, digits, sign=True)}", (value,))


def _parameters(cell: CellSummary, other: str) -> Cell:
    """The one quotient made here: two exact counts, so that 5,058 beside 9,986 reads as 0.51x."""
    mine, theirs = cost_of(cell, cell.joint), cost_of(cell, other)
    if mine is None or theirs is None or not theirs.parameters:
        return NOTHING
    return number(mine.parameters / theirs.parameters, show.times)


def cost_of(cell: CellSummary, arm: str) -> ArmCost | None:
    """What an arm cost in a cell."""
    return next((cost for cost in cell.costs if cost.arm == arm), None)


def flops_ratio(cell: CellSummary, other: str) -> Ratio | None:
    """Training FLOPs to the stop, joint / other."""
    return _ratio_of(cell, FLOPS, other, None)


def step_ratio(cell: CellSummary, other: str) -> Ratio | None:
    """A training step of the stock loop, joint / other."""
    return _ratio_of(cell, STEP, other, STOCK)


def request_ratio(cell: CellSummary, other: str) -> Ratio | None:
    """A request of the smallest batch that was timed, networks called in turn, joint / other."""
    asked = [ratio for ratio in cell.ratios if ratio.batch_size is not None and ratio.path == IN_TURN]
    smallest = min(asked, key=lambda ratio: ratio.batch_size or 0, default=None)
    return _ratio_of(cell, smallest.quantity, other, IN_TURN) if smallest else None


def _ratio_of(cell: CellSummary, quantity: str, other: str, path: str | None) -> Ratio | None:
    """On all cores, which is what comes first."""
    wanted = (quantity, other, path)
    return next((ratio for ratio in cell.ratios if (ratio.quantity, ratio.other, ratio.path) == wanted), None)


def difference_of(cell: CellSummary, output: str, other: str) -> Difference | None:
    """One output's difference from another arm."""
    return next((d for d in cell.differences if (d.output, d.other) == (output, other)), None)


def ratio_cell(ratio: Ratio | None) -> Cell:
    """A ratio; one that noise could explain says so."""
    if ratio is None:
        return NOTHING
    if ratio.measured_difference:
        return interval(ratio.ratio, show.ratio)
    return interval(ratio.ratio, lambda estimate: f"≈ {show.ratio(estimate)}", tone="noise")
