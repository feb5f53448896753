"""Learning curves: which fits they are drawn from, and what their table holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jointbench.report.figures.learning_curves import BY_CLOCK, BY_FLOPS, curves_of, learning_figure
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import lines, tick


def test_fits_belong_to_the_arm_of_their_group_and_shape(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    fits = small.fits(30)
    curves = curves_of(cell, "b", fits)
    assert len(curves) == 3 * small.folds
    for curve in curves:
        cost = next(cost for cost in cell.costs if cost.arm == curve.arm)
        assert curve.fit.network.group in cost.groups
        assert curve.fit.network.shape.trunk == cost.trunk
        assert curve.fit.network.group[curve.column] == "b"
    broken = [replace(fit, failure="out of memory") for fit in fits]
    assert curves_of(cell, "b", broken) == []
    assert learning_figure(cell, dataset, broken, colours, "f", BY_FLOPS) is None


def test_the_table_of_learning_curves_has_the_loss_that_was_kept(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    fits = small.fits(30)
    figure = learning_figure(cell, dataset, fits, colours, "f", BY_FLOPS)
    assert figure is not None
    assert figure.table.source == "records"
    row = next(row for row in figure.table.rows if (row[0].text, row[1].text) == ("a", "separate"))
    arm_fits = [f for f in fits if f.network.group == ("a",) and f.network.shape.trunk == cell.costs[1].trunk]
    assert [value.values[0] for value in row[2:]] == [float(f.validation_loss[f.best_epoch, 0]) for f in arm_fits]


def test_long_curves_are_thinned_and_keep_their_end(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    short, long = (learning_figure(cell, dataset, small.fits(n), colours, "f", BY_FLOPS) for n in (200, 20_000))
    assert short is not None
    assert long is not None
    assert len(long.svg) < 1.6 * len(short.svg), "a hundred times the epochs take little more room"
    for figure, flops, at_flops in ((short, 1.6e9, "1.6 G"), (long, 160e9, "160 G")):
        line = lines(figure.svg, colours.style("separate").colour)[0]
        zero, tick_x = tick(figure.svg, "0").x, tick(figure.svg, at_flops).x
        ends = [(stroke[-1][0] - zero) / (tick_x - zero) * flops for stroke in line.strokes]
        assert ends == pytest.approx([flops / 160 * 200] * len(ends), rel=0.005), "the last of 200 or 20,000 epochs"


def test_by_the_clock_an_epoch_takes_its_steps_at_the_time_of_one_network_s_step(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    fits = small.fits(30)
    figure = learning_figure(cell, dataset, fits, colours, "f", BY_CLOCK)
    assert figure is not None
    row = next(row for row in figure.table.rows if (row[0].text, row[1].text) == ("a", "separate"))
    arm_fits = [f for f in fits if f.network.group == ("a",) and f.network.shape.trunk == cell.costs[1].trunk]
    step = cell.costs[1].step_seconds / 3  # of three networks, one after the other; ten steps in an epoch
    assert [value.values[0] for value in row[2:]] == pytest.approx([10 * step * (f.best_epoch + 1) for f in arm_fits])
    untimed = replace(cell, costs=tuple(replace(cost, step_seconds=None) for cost in cell.costs))
    assert learning_figure(untimed, dataset, fits, colours, "f", BY_CLOCK) is None
