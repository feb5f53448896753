"""What the page shows of a search for the best partition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jointbench.comparison.grouping import with_partition
from jointbench.comparison.summary.grouping import (
    ChosenPartition,
    Grouping,
    GroupingBudget,
    GroupingDifference,
    PairScreen,
)
from jointbench.comparison.summary.tuning import TuningCost
from jointbench.report.figures.affinity import affinity_figure
from jointbench.report.figures.learning_curves import curves_of
from jointbench.report.tables.grouping import grouping_tables
from jointbench.stats.estimate import Estimate
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import labels

APART, TOGETHER = (("a", "c"), ("b",)), (("a", "b", "c"),)
RUNS = tuple((0, fold, 7) for fold in range(5))
AFFINITY = ((0.0, -0.52, 0.31), (-0.47, 0.0, 0.02), (0.28, -0.04, 0.0))


def grouping(affinity: tuple[tuple[float | None, ...], ...] = AFFINITY) -> Grouping:
    whole = ChosenPartition(partition=TOGETHER, runs=RUNS, loss=0.5)
    best = (
        ChosenPartition(partition=APART, runs=RUNS[:4], loss=0.4),
        ChosenPartition(partition=TOGETHER, runs=RUNS[4:], loss=0.45),
    )
    difference = GroupingDifference(other="joint", mean=Estimate(0.0123, -0.01, 0.0346))
    budgets = [
        GroupingBudget(times=times, chosen=chosen, parameters=1.75, request_flops=1.5, differences=(difference,))
        for times, chosen in ((1.0, (whole,)), (1.5, (whole,)), (2.0, best), (None, best))
    ]
    return Grouping(
        arm="searched",
        outputs=("a", "b", "c"),
        runs=5,
        partitions=5,
        groups=7,
        exhaustive=True,
        affinity=affinity,
        budgets=tuple(budgets),
        cost=TuningCost(arm="searched", train_flops=6000, chosen_train_flops=2000, seconds=12.0),
        best=APART,
    )


def test_the_matrix_has_every_number_once_and_its_outputs_in_the_order_of_the_tree(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    figure = affinity_figure(cell, grouping(), "f")
    assert figure is not None
    drawn = [label.text for label in labels(figure.svg)]
    assert sorted(text for text in drawn if text[0] in "−+") == sorted(["−52", "+31", "−47", "+2", "+28", "−4"])
    order = [text for text in drawn if text in ("a", "b", "c")]
    assert len(order) == 6
    assert abs(order.index("a") - order.index("c")) == 1  # which help each other most
    assert [cell.text for cell in figure.table.rows[0]] == ["a", "—", "−52 %", "+31 %"]


def test_a_pair_that_never_trained_leaves_no_matrix(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    assert affinity_figure(cell, grouping(((0.0, None), (0.1, 0.0))), "f") is None


def test_the_tables_name_the_partition_of_each_budget_and_the_cost(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    budgets, chosen, cost = grouping_tables(cell, grouping())
    assert [[c.text for c in row[:3]] for row in budgets.rows] == [
        ["1x joint", "a, b, c", "5"],
        ["1.5x joint", "a, b, c", "5"],
        ["2x joint", "a, c | b", "4"],
        ["no limit", "a, c | b", "4"],
    ]
    assert budgets.rows[-1][-1].values[0] == pytest.approx(0.0123)
    assert [row[0].text for row in chosen.rows] == ["a, c | b", "a, b, c"]
    assert cost.rows[0][3].values[0] == pytest.approx(3.0)


def test_the_decision_says_what_the_search_chose(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    searched = replace(cell, grouping=replace(grouping(), arm=cell.decisions[0].other))
    reason = with_partition(searched).decisions[0].reason
    assert "is a,c|b in 4 of 5 runs, 1 other in the rest; alone stands b in 4" in reason
    assert with_partition(searched).decisions[1:] == cell.decisions[1:]


def test_learning_curves_are_of_the_partition_that_each_run_chose(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    fits = small.fits(10)
    arm = cell.costs[1].arm
    first = next(fit.network for fit in fits if fit.network.group == cell.costs[1].groups[0])
    run = (first.repeat, first.fold, first.seed)
    chosen = ChosenPartition(partition=cell.costs[1].groups, runs=(run,), loss=0.4)
    found = grouping()
    budget = replace(found.budgets[-1], chosen=(chosen,))
    searched = replace(cell, grouping=replace(found, arm=arm, budgets=(budget,)))
    curves = [curve for curve in curves_of(searched, "b", fits) if curve.arm == arm]
    assert [(c.fit.network.repeat, c.fit.network.fold, c.fit.network.seed) for c in curves] == [run]


def screened() -> Grouping:
    """Of three outputs the pair of a and b was left out."""
    screen = PairScreen(
        pairs=3,
        overlap=((None, 0.0625, 0.5), (0.0625, None, 0.25), (0.5, 0.25, None)),
        trained=((0, 0, 5), (0, 0, 3), (5, 3, 0)),
        train_flops=1000,
        seconds=2.0,
        failed=1,
        failure="it broke",
    )
    return replace(grouping(((0.0, None, 0.31), (None, 0.0, 0.02), (0.28, -0.04, 0.0))), screen=screen)


def test_what_the_screen_left_out_is_blank_and_said_to_be_so(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    figure = affinity_figure(cell, screened(), "f")
    assert figure is not None
    drawn = [label.text for label in labels(figure.svg)]
    assert sorted(text for text in drawn if text[0] in "−+") == sorted(["+31", "+2", "+28", "−4"])
    assert "Blank: no run trained the pair" in figure.sentence
    assert "a with b" not in figure.alternative
    assert [cell.text for cell in figure.table.rows[0]] == ["a", "—", "", "+31 %"]


def test_the_pairs_that_were_trained_stand_by_their_overlap(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    _, _, pairs, cost = grouping_tables(cell, screened())
    assert [[c.text for c in row] for row in pairs.rows] == [
        ["a", "c", "0.500", "5", "+31 %", "+28 %"],
        ["b", "c", "0.250", "3", "+2 %", "−4 %"],
    ]
    assert "mean 2 of 3 in a run" in pairs.caption
    assert "the largest overlap that no run trained is 0.0625" in pairs.caption
    assert "In 1 of 5 runs there is no screen (it broke), and all pairs are trained." in pairs.caption
    assert "the screen of the pairs" in cost.caption


def test_many_outputs_are_shades_without_numbers(small: SummaryMaker) -> None:
    _, cell, _, _ = figure_inputs(small)
    count = 24
    affinity = tuple(tuple(0.01 * (i - j) for j in range(count)) for i in range(count))
    names = tuple(f"y{i}" for i in range(count))
    figure = affinity_figure(cell, replace(grouping(affinity), outputs=names), "f")
    assert figure is not None
    drawn = [label.text for label in labels(figure.svg)]
    assert not [text for text in drawn if text[0] in "−+"]
    assert all(drawn.count(name) == 1 for name in names)
