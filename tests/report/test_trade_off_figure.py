"""The plane of skill gained and cost saved."""

from __future__ import annotations

from dataclasses import replace

from jointbench.compare.summary.quantity import TRAINING_STEP
from jointbench.report.figures.trade_off import FLOPS, LATENCY, SECONDS, trade_off_figure
from jointbench.report.overview import overview_table
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


def test_each_saving_is_drawn_from_its_own_ratio(small: SummaryMaker) -> None:
    summary, _, _, colours = figure_inputs(small)
    titles = [column.title for column in overview_table(summary).columns]
    for saving, title in ((FLOPS, "Training FLOPs"), (SECONDS, "Training step"), (LATENCY, "Latency")):
        table = trade_off_figure(summary, colours, "f", saving).table
        assert [row[-1] for row in table.rows] == [row[titles.index(title)] for row in overview_table(summary).rows]
    cheap = replace(
        summary,
        cells=tuple(
            replace(
                c,
                ratios=tuple(
                    replace(r, ratio=Estimate(0.25, 0.2, 0.3)) if r.quantity.scenario == TRAINING_STEP else r
                    for r in c.ratios
                ),
            )
            for c in summary.cells
        ),
    )
    colour = colours.style("separate").colour
    left, middle = (marks(trade_off_figure(s, colours, "f", SECONDS).svg, colour)[0][0] for s in (cheap, summary))
    assert left < middle
