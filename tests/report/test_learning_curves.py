from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jointbench.report.figures.learning_curves import BY_CLOCK, BY_FLOPS, POINTS, curves_of, learning_figure
from jointbench.report.palette import palette


@pytest.fixture(scope="module")
def one(maker: Callable[..., Any]) -> Any:
    return maker(datasets=(("d", ("a", "b", "c")),), backends=("torch",))


def parts(one: Any) -> tuple[Any, Any, Any]:
    summary = one.summary()
    return summary.cells[0], summary.datasets[0], palette(summary)


def test_fits_belong_to_the_arm_of_their_group_and_shape(one: Any) -> None:
    cell, about, colours = parts(one)
    fits = one.fits(30)
    curves = curves_of(cell, "b", fits)
    assert len(curves) == 3 * one.folds
    for arm, fit, column in curves:
        cost = next(cost for cost in cell.costs if cost.arm == arm)
        assert fit.network.group in cost.groups
        assert fit.network.shape.trunk == cost.trunk
        assert fit.network.group[column] == "b"
    broken = [replace(fit, failure="out of memory") for fit in fits]
    assert curves_of(cell, "b", broken) == []
    assert learning_figure(cell, about, broken, colours, "f", BY_FLOPS) is None


def test_the_table_of_learning_curves_has_the_loss_that_was_kept(one: Any) -> None:
    cell, about, colours = parts(one)
    fits = one.fits(30)
    figure = learning_figure(cell, about, fits, colours, "f", BY_FLOPS)
    assert figure is not None
    assert figure.table.source == "records"
    row = next(row for row in figure.table.rows if (row[0].text, row[1].text) == ("a", "separate"))
    mine = [f for f in fits if f.network.group == ("a",) and f.network.shape.trunk == cell.costs[1].trunk]
    assert [cell_.values[0] for cell_ in row[2:]] == [float(f.validation_loss[f.best_epoch, 0]) for f in mine]


def test_long_curves_are_thinned_and_keep_their_end(one: Any) -> None:
    cell, about, colours = parts(one)
    short, long = (learning_figure(cell, about, one.fits(n), colours, "f", BY_FLOPS) for n in (200, 20_000))
    assert short is not None
    assert long is not None
    assert len(long.svg) < 1.6 * len(short.svg)
    assert len(re.findall("[ml]", long.svg)) < 3 * POINTS


def test_by_the_clock_an_epoch_takes_its_steps_at_the_time_of_one_network_s_step(one: Any) -> None:
    cell, about, colours = parts(one)
    fits = one.fits(30)
    figure = learning_figure(cell, about, fits, colours, "f", BY_CLOCK)
    assert figure is not None
    row = next(row for row in figure.table.rows if (row[0].text, row[1].text) == ("a", "separate"))
    mine = [f for f in fits if f.network.group == ("a",) and f.network.shape.trunk == cell.costs[1].trunk]
    step = cell.costs[1].step_seconds / 3  # of three networks, one after the other; ten steps in an epoch
    assert [one_.values[0] for one_ in row[2:]] == pytest.approx([10 * step * (f.best_epoch + 1) for f in mine])
    untimed = replace(cell, costs=tuple(replace(cost, step_seconds=None) for cost in cell.costs))
    assert learning_figure(untimed, about, fits, colours, "f", BY_CLOCK) is None
