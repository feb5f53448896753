"""Learning curves: which fits they are drawn from, and what their table holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jointbench.report.figures.learning_curves import POINTS, curves_of, learning_figure, over_folds
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import labels, lines


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
    assert learning_figure(cell, dataset, broken, colours, "f") is None


def test_a_network_with_a_best_epoch_of_each_output_belongs_to_its_own_arm(small: SummaryMaker) -> None:
    """Joint has the same outputs and widths. The curve of an output ends at its own best epoch."""
    _, cell, *_ = figure_inputs(small)
    apart = replace(cell.costs[0], arm="joint-checkpointed", checkpoint="output", served_parameters=9)
    fits = small.fits(30)
    (joint, *_) = [fit for fit in fits if fit.network.group == apart.groups[0]]
    network = replace(joint.network, recipe=replace(joint.network.recipe, checkpoint="output"))
    own = replace(joint, network=network, best_epochs=(3, 7), best_epoch=7)
    curves = curves_of(replace(cell, costs=(*cell.costs, apart)), "b", [joint, own])
    assert [(curve.arm, curve.fit) for curve in curves] == [("joint", joint), ("joint-checkpointed", own)]
    assert len(curves[1].losses) == 7 + 1


def test_the_table_of_learning_curves_has_the_loss_that_was_kept(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    fits = small.fits(30)
    figure = learning_figure(cell, dataset, fits, colours, "f")
    assert figure is not None
    assert figure.table.source == "records"
    row = next(row for row in figure.table.rows if (row[0].text, row[1].text) == ("a", "separate"))
    arm_fits = [f for f in fits if f.network.group == ("a",) and f.network.shape.trunk == cell.costs[1].trunk]
    assert [value.values[0] for value in row[2:]] == [float(f.validation_loss[f.best_epoch, 0]) for f in arm_fits]


def test_long_curves_are_thinned_and_keep_their_end(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    for epochs in (200, 20_000):
        figure = learning_figure(cell, dataset, small.fits(epochs), colours, "f")
        assert figure is not None
        line = lines(figure.svg, colours.style("separate").colour)[0].strokes[0]
        assert len(line) <= POINTS
        (ticks, right), (left, _) = ticks_and_ends(figure.svg, line)
        (first, first_x), (last, last_x) = ticks[0], ticks[-1]
        budget = first * (last / first) ** ((right - first_x) / (last_x - first_x))
        assert budget == pytest.approx(epochs * 10_000_000 / 1.0, rel=0.02), "the last epoch"
        assert left < right


def ticks_and_ends(
    svg: str, line: tuple[tuple[float, float], ...]
) -> tuple[tuple[list[tuple[float, float]], float], tuple[float, float]]:
    """FLOPs and places of the ticks under the first panel, and the line's ends."""
    units = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    ticks = {}
    for label in labels(svg):
        number, _, unit = label.text.partition(" ")
        if label.centred and unit in units and label.x < 180:
            ticks.setdefault(float(number) * units[unit], label.x)
    return (sorted(ticks.items()), line[-1][0]), line[0]


def test_after_its_best_epoch_a_fold_stays_at_the_loss_it_keeps(small: SummaryMaker) -> None:
    _, cell, *_ = figure_inputs(small)
    curves = [curve for curve in curves_of(cell, "a", small.fits(40)) if curve.arm == "joint"]
    early = replace(curves[0].fit, epochs=10, train_flops=curves[0].fit.train_flops // 4)
    early = replace(early, validation_loss=early.validation_loss[:10], best_epoch=4)
    frame = over_folds([replace(curves[0], fit=early)] * 3 + [curves[1]])
    kept = early.validation_loss[4, 0]
    assert frame.loss.iloc[-1] == pytest.approx(kept), "the median of three that stopped early and one"
    assert curves[1].kept == curves[1].fit.validation_loss[curves[1].fit.best_epoch, 0]
    assert frame.FLOPs.iloc[-1] == pytest.approx(curves[1].fit.train_flops)
