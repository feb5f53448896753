"""The tables of a search for the best partition: affinities, the best under each budget, what was chosen, what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.comparison.summary.grouping import Grouping, GroupingBudget, PairScreen
from jointbench.comparison.summary.run import CellSummary
from jointbench.networks.arms import MOST_UNSCREENED
from jointbench.networks.partitions import PARTNERS
from jointbench.report import format as show
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Table, columns, interval, name, number
from jointbench.types import Partition

MOST_CHOSEN = 12  # partitions in a table
MOST_SCREENED = 20  # pairs in a table
SCREENED_OUT = " Blank: no run trained the pair, which the screen left out."


def affinity_table(cell: CellSummary, grouping: Grouping) -> Table:
    """A line for each output, with what each other one does to it."""
    return Table(
        f"Affinity in {cell_name(cell)}: the share of an output's validation loss alone that training it together with "
        f"the other output removes, mean over {grouping.runs:,} runs. Positive: the output of the column helps that of "
        f"the row.{SCREENED_OUT if grouping.screen is not None else ''}",
        columns(("Output",), [f"With {show.shorten(output, 30)}" for output in grouping.outputs]),
        tuple(
            (
                name(output),
                *(
                    Cell("—", tone="absent") if across == down else _share(value, grouping)
                    for across, value in enumerate(row)
                ),
            )
            for down, (output, row) in enumerate(zip(grouping.outputs, grouping.affinity, strict=True))
        ),
    )


def _share(value: float | None, grouping: Grouping) -> Cell:
    return Cell("", tone="absent") if value is None and grouping.screen is not None else number(value, percent)


def percent(value: float) -> str:
    """A signed share."""
    return f"{show.fixed(100 * value, 0, sign=True)} %"


def grouping_tables(cell: CellSummary, grouping: Grouping) -> tuple[Table, ...]:
    """What is best under each budget, how often each partition was chosen without one, and what the search cost."""
    screen = () if grouping.screen is None else (_screen(cell, grouping, grouping.screen),)
    return (_budgets(cell, grouping), _chosen(cell, grouping), *screen, _cost(cell, grouping))


def _budgets(cell: CellSummary, grouping: Grouping) -> Table:
    how = (
        f"all {grouping.partitions:,} partitions were compared"
        if grouping.exhaustive
        else f"{grouping.partitions:,} partitions in a run were compared, which its pairs predict to be the best"
    )
    others = [difference.other for difference in grouping.budgets[0].differences]
    return Table(
        f"The best partition in {cell_name(cell)}, by the loss on validation rows, within a multiple of joint's parameters "
        f"and of its FLOPs of a request; {how}. Differences in skill are the means over the outputs on test rows, which "
        "chose nothing.",
        columns(
            ("At most", "Partition chosen most often"),
            (
                ("Runs", "that chose it"),
                ("Partitions", "that any run chose"),
                ("Parameters", "over joint's, mean over the runs"),
                ("Request FLOPs", "over joint's, mean over the runs"),
                *((f"− {show.shorten(other, 30)}", "positive: the partition is better") for other in others),
            ),
        ),
        tuple(_budget(budget) for budget in grouping.budgets),
        heads=2,
    )


def _budget(budget: GroupingBudget) -> tuple[Cell, ...]:
    first = budget.chosen[0]
    return (
        Cell("no limit" if budget.times is None else f"{budget.times:g}x joint"),
        partition_cell(first.partition),
        number(len(first.runs), show.count),
        number(len(budget.chosen), show.count),
        number(budget.parameters, show.times),
        number(budget.request_flops, show.times),
        *(interval(difference.mean, show.difference) for difference in budget.differences),
    )


def _chosen(cell: CellSummary, grouping: Grouping) -> Table:
    chosen = grouping.budgets[-1].chosen
    left_out = len(chosen) - MOST_CHOSEN
    more = f" {left_out:,} more were chosen by a run or two each." if left_out > 0 else ""
    return Table(
        f"The partitions that {show.plain(grouping.arm)} has in {cell_name(cell)}: each of {grouping.runs:,} runs (a fold "
        f"with a seed) chose by its own validation rows.{more} Elsewhere its sizes, costs per row and times are those of the "
        "first run.",
        columns(("Partition",), (("Runs", "that chose it"), ("Loss", "on validation rows, 1 is no skill"))),
        tuple(
            (
                partition_cell(item.partition),
                number(len(item.runs), show.count),
                number(item.loss, show.significant),
            )
            for item in chosen[:MOST_CHOSEN]
        ),
    )


def partition_cell(partition: Partition) -> Cell:
    """Its groups, each the outputs of one network."""
    return Cell(" | ".join(", ".join(show.shorten(output, 20) for output in group) for group in partition))


def _screen(cell: CellSummary, grouping: Grouping, screen: PairScreen) -> Table:
    """The pairs that were trained, those of the largest overlap first."""
    names, count = grouping.outputs, len(grouping.outputs)
    places = [(i, j) for i in range(count) for j in range(i + 1, count)]
    trained = sorted(
        (place for place in places if screen.trained[place[0]][place[1]]), key=lambda place: -_overlap(screen, place)
    )
    rest = [place for place in places if not screen.trained[place[0]][place[1]]]
    mean = sum(screen.trained[i][j] for i, j in places) / grouping.runs
    shown = f" Here the {MOST_SCREENED} of the largest overlap." if len(trained) > MOST_SCREENED else ""
    return Table(
        f"The pairs that were trained in {cell_name(cell)}, mean {show.count(round(mean))} of {screen.pairs:,} in a run, in "
        f"which either output has the other among the {PARTNERS} of the largest overlap: the mean size of the cosine of "
        "their gradients in the shared layers, at the best epoch of the run's joint network. Of a pair "
        f"that was not trained no gain is expected{_largest_left(screen, rest)}.{_failed(screen, grouping.runs, count)}{shown}",
        columns(
            ("Output", "Other output"),
            (
                ("Overlap", "1: the same units and directions, 0: nothing in common"),
                ("Runs", "that trained the pair"),
                ("First helped", "share of its loss alone that the pair removes"),
                ("Second helped", "share of its loss alone that the pair removes"),
            ),
        ),
        tuple(
            (
                name(names[i]),
                name(names[j]),
                number(screen.overlap[i][j], show.significant),
                number(screen.trained[i][j], show.count),
                number(grouping.affinity[i][j], percent),
                number(grouping.affinity[j][i], percent),
            )
            for i, j in trained[:MOST_SCREENED]
        ),
        heads=2,
    )


def _overlap(screen: PairScreen, place: tuple[int, int]) -> float:
    value = screen.overlap[place[0]][place[1]]
    return -1.0 if value is None else value


def _largest_left(screen: PairScreen, rest: Sequence[tuple[int, int]]) -> str:
    largest = max((_overlap(screen, place) for place in rest), default=-1.0)
    return "" if largest < 0 else f"; the largest overlap that no run trained is {show.significant(largest)}"


def _failed(screen: PairScreen, runs: int, outputs: int) -> str:
    if not screen.failed:
        return ""
    then = "all pairs are trained" if outputs <= MOST_UNSCREENED else "no pairs are trained"
    return f" In {screen.failed} of {runs} runs there is no screen ({show.plain(screen.failure)}), and {then}."


def _of_screen(grouping: Grouping) -> str:
    if (screen := grouping.screen) is None:
        return ""
    return (
        f"; and the screen of the pairs, {show.flops(screen.train_flops)} and {show.seconds(screen.seconds)} for "
        f"{grouping.runs:,} joint networks"
    )


def _cost(cell: CellSummary, grouping: Grouping) -> Table:
    cost = grouping.cost
    return Table(
        f"What the search cost in {cell_name(cell)}: the networks of {grouping.groups:,} groups of outputs, those that other "
        f"arms have too among them{_of_screen(grouping)}.",
        columns(
            ("Arm",),
            (
                ("Training FLOPs", "of all groups"),
                ("Of the chosen", "the training FLOPs of the fits that are served, alone"),
                ("Times", "all over chosen"),
                ("Seconds", "of all groups, on one worker"),
                ("Failed", "fits, whose groups are not chosen"),
            ),
        ),
        (
            (
                name(cost.arm),
                number(cost.train_flops, show.flops),
                number(cost.chosen_train_flops, show.flops),
                number(cost.train_flops / cost.chosen_train_flops if cost.chosen_train_flops else None, show.times),
                number(cost.seconds, show.seconds),
                number(grouping.failed, show.count),
            ),
        ),
    )
