"""The planes of skill gained and cost saved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jointbench.report.figures.trade_off import trade_off_figure
from jointbench.report.overview import flops_ratio, overview_table, request_ratio, step_ratio
from jointbench.report.palette import COLOURS
from jointbench.stats.estimate import Estimate
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import marks, texts, tick


def test_gains_are_up_savings_left_and_only_what_matters_is_numbered(small: SummaryMaker) -> None:
    summary, cell, _, colours = figure_inputs(small)
    for x, y, numbered in ((0.5, 0.05, True), (2.0, -0.05, True), (0.5, 0.001, False)):
        decision = replace(cell.decisions[0], mean_difference=Estimate(y, y - 0.01, y + 0.01))
        ratio = replace(cell.ratios[0], ratio=Estimate(x, x, x))
        figure = trade_off_figure(
            replace(summary, cells=(replace(cell, decisions=(decision,), ratios=(ratio,)),)), colours, "f"
        )
        ((across, down),) = marks(figure.svg, COLOURS[1])
        assert (across < tick(figure.svg, "1").x) == (x < 1)
        assert (down < tick(figure.svg, "0.00", "0.000", horizontal=False).y) == (y > 0)
        assert (texts(figure.svg).count("1") == 2) == numbered  # the tick, and the mark of the first dataset


def test_each_cost_is_drawn_from_its_own_ratio_in_a_plane_of_its_own(small: SummaryMaker) -> None:
    summary, _, _, colours = figure_inputs(small)
    table = trade_off_figure(summary, colours, "f").table
    titles = [column.title for column in overview_table(summary).columns]
    for place, title in enumerate(("Training FLOPs", "Training step", "Latency"), -3):
        assert [row[place] for row in table.rows] == [row[titles.index(title)] for row in overview_table(summary).rows]
    others = [decision.other for c in summary.cells for decision in c.decisions]
    drawn = {other: marks(trade_off_figure(summary, colours, "f").svg, colours.style(other).colour) for other in others}
    svg = trade_off_figure(summary, colours, "f").svg
    at_half, at_one = tick(svg, "0.5").x, tick(svg, "1").x
    for other, places in drawn.items():
        ratios = [2 ** ((x - at_one) / (at_one - at_half)) for x, _ in places]
        expected = [
            ratio.ratio.value
            for pick in (flops_ratio, step_ratio, request_ratio)
            for c in summary.cells
            if (ratio := pick(c, other)) is not None
        ]
        assert ratios == pytest.approx(expected, rel=0.01)


def test_a_number_covers_no_other(small: SummaryMaker) -> None:
    summary, cell, _, colours = figure_inputs(small)
    decisions = (replace(cell.decisions[0], mean_difference=Estimate(0.05, 0.04, 0.06)),)
    once, twice = (
        trade_off_figure(replace(summary, cells=(replace(cell, decisions=decisions * n),)), colours, "f").svg
        for n in (1, 2)
    )
    assert texts(once) == texts(twice)
