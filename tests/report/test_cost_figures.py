"""Figures of costs: latency, cost ratios with their noise floors, FLOPs and predicted savings."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from jointbench.comparison.summary.quantity import TRAINING_STEP
from jointbench.report.figures.cost_ratios import ratio_figure
from jointbench.report.figures.flops_bars import flops_bars, flops_parts
from jointbench.report.figures.latency import latency_figure
from jointbench.report.figures.noise import noise_figure
from jointbench.report.figures.predicted_saving import predicted_saving_figure
from jointbench.report.palette import COLOURS
from jointbench.stats.estimate import Estimate
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import INK, areas, lines, marks, tick


def test_slower_is_higher_and_a_known_p90_is_a_line_upwards(small: SummaryMaker) -> None:
    _, cell, _, colours = figure_inputs(small)
    in_turn = tuple(latency for latency in cell.costs[0].latency if latency.path == "in turn")
    cell = replace(cell, costs=(replace(cell.costs[0], latency=in_turn), *cell.costs[1:]))
    svg = latency_figure(cell, colours, "f").svg
    places = marks(svg, COLOURS[0])
    heights = [y for _, y in places]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 5
    strokes = [stroke for line in lines(svg, COLOURS[0]) for stroke in line.strokes]
    upright = [(start, end) for start, end in (stroke for stroke in strokes if len(stroke) == 2) if start[0] == end[0]]
    known = [place for place, latency in zip(places, in_turn, strict=True) if latency.p90_seconds is not None]
    assert [start for start, _ in upright] == known
    assert len(known) == 3
    assert all(end[1] < start[1] for start, end in upright)


def test_halves_and_doubles_are_equally_far_from_one(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    values = (0.0625, 1.0, 16.0)
    ratios = tuple(replace(cell.ratios[i], ratio=Estimate(v, v, v), floor=None) for i, v in enumerate(values))
    svg = ratio_figure(replace(cell, ratios=ratios), dataset, colours, "f").svg
    half, same, double = (x for x, _ in marks(svg, COLOURS[1]))
    assert same - half == pytest.approx(double - same, abs=0.2)
    assert tick(svg, "1/16").x == pytest.approx(half, abs=0.2)
    assert tick(svg, "16").x == pytest.approx(double, abs=0.2)


def test_the_noise_floor_is_a_strip_at_its_place_only_where_it_was_measured(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    svg = ratio_figure(cell, dataset, colours, "f").svg
    strips = areas(svg, INK)
    floors = [ratio.floor for ratio in cell.ratios if ratio.floor is not None]
    assert len(strips) == len(floors) > 0
    at_one, at_two = tick(svg, "1").x, tick(svg, "2").x
    for strip, floor in zip(strips, floors, strict=True):
        (left, _), (right, _) = strip.box
        expected = [at_one + math.log2(end) * (at_two - at_one) for end in (floor.low, floor.high)]
        assert [left, right] == pytest.approx(expected, abs=0.2)
        assert strip.opacity < 0.5, "what lies on it can be seen"
    unmeasured = replace(cell, ratios=tuple(replace(ratio, floor=None) for ratio in cell.ratios))
    assert areas(ratio_figure(unmeasured, dataset, colours, "f").svg, INK) == []


def test_flops_bars_are_as_long_as_the_parts_are_many(small: SummaryMaker) -> None:
    _, cell, _, colours = figure_inputs(small)
    svg = flops_bars(cell, colours, "f").svg
    scales = []
    for flops in cell.flops:
        boxes = [bar.box for bar in areas(svg, colours.style(flops.arm).colour)]
        assert len(boxes) == 4
        widths = [right - left for (left, _), (right, _) in boxes]
        scales.extend(width / part for width, part in zip(widths, flops_parts(flops), strict=True) if width > 20)
    assert len(scales) > 2
    assert max(scales) / min(scales) < 1.02


def test_an_achieved_saving_beyond_the_predicted_stands_below_the_slanted_line(small: SummaryMaker) -> None:
    summary, cell, _, colours = figure_inputs(small)
    step = next(saving for saving in cell.explained if saving.quantity.scenario == TRAINING_STEP)
    for achieved, below in ((0.3, True), (0.9, False)):
        saving = replace(step, predicted=0.5, achieved=Estimate(achieved, achieved * 0.9, achieved * 1.1))
        figure = predicted_saving_figure(replace(summary, cells=(replace(cell, explained=(saving,)),)), colours, "f")
        assert figure is not None
        ((x, y),) = marks(figure.svg, colours.style(step.other).colour)
        assert x == pytest.approx(tick(figure.svg, "0.5").x, abs=0.2)
        assert (y > tick(figure.svg, "0.5", horizontal=False).y) is below
        rising = [line.strokes[0] for line in lines(figure.svg, INK) if _rises(line.strokes[0])]
        ((left, bottom), (right, top)) = rising[0]
        assert (y > bottom + (x - left) / (right - left) * (top - bottom)) is below
    assert predicted_saving_figure(replace(summary, cells=(replace(cell, explained=()),)), colours, "f") is None


def _rises(stroke: tuple[tuple[float, float], ...]) -> bool:
    (x, y), (end_x, end_y) = stroke[0], stroke[-1]
    return end_x > x and end_y < y


def test_the_noise_strip_has_a_row_for_every_clock(small: SummaryMaker) -> None:
    summary, cell, _, _ = figure_inputs(small)
    figure = noise_figure(summary, "f")
    assert figure is not None
    assert [(row[3].text, row[4].values) for row in figure.table.rows] == [
        (quantity, (1.004, 0.981, 1.027)) for quantity in ("training step", "request, batch 1")
    ]
    assert noise_figure(replace(summary, cells=(replace(cell, decisions=()),)), "f") is None
