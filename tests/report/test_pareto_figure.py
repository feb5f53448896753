"""The plots of skill against what it costs."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from jointbench.report.figures.pareto import pareto_figure
from jointbench.report.palette import COLOURS
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import labels, lines, marks, tree


def test_pareto_arrows_go_from_every_other_arm_to_joint(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    svg = pareto_figure(cell, dataset, colours, "f").svg
    ends = marks(svg, COLOURS[0])
    assert len(ends) == 3 * len(dataset.outputs)  # against FLOPs, training time and latency
    for colour in COLOURS[1:3]:
        starts = marks(svg, colour)
        arrows = [stroke for line in lines(svg, colour) for stroke in line.strokes]
        for start, end, (tail, tip, *_) in zip(starts, ends, arrows, strict=True):
            assert math.dist(start, tail) < math.dist(start, tip)
            detour = math.dist(start, tail) + math.dist(tail, tip) + math.dist(tip, end)
            assert detour == pytest.approx(math.dist(start, end), abs=0.5), "the arrow lies between its two marks"
            assert math.dist(tail, tip) > math.dist(start, end) / 4


def test_names_of_many_outputs_stay_beside_their_panel(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    first = cell.quality[0]
    outputs = tuple(f"output {i}" for i in range(20))
    many = replace(
        cell,
        quality=tuple(
            replace(first, output=output, model=cost.arm, skill=0.3 + i / 1000)
            for i, output in enumerate(outputs)
            for cost in cell.costs
        ),
    )
    svg = pareto_figure(many, replace(dataset, outputs=outputs), colours, "f").svg
    root = tree(svg)
    height, letter_height = float(root.get("viewBox", "").split()[3]), float(root.get("font-size", ""))
    levels = sorted(label.y for label in labels(svg) if label.text.startswith("output "))
    assert len(levels) == 3 * 20
    assert levels[0] > 0
    assert levels[-1] < height
    assert min(after - before for before, after in pairwise(levels)) >= letter_height, "no name covers another"


def test_skill_is_drawn_only_against_costs_that_were_measured(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    untimed = replace(cell, costs=tuple(replace(cost, train_seconds=None, latency=()) for cost in cell.costs))
    figure = pareto_figure(untimed, dataset, colours, "f")
    assert "training time" not in figure.title
    assert "latency" not in figure.title
    assert [column.title for column in figure.table.columns] == ["Arm", "Training FLOPs", *dataset.outputs]
    assert len(marks(figure.svg, COLOURS[0])) == len(dataset.outputs)
    title = pareto_figure(cell, dataset, colours, "f").title
    assert all(cost in title for cost in ("training FLOPs", "training time", "latency at batch 1"))


def test_an_output_far_below_no_skill_is_left_out_of_the_pareto_plot_and_counted(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    bad = replace(cell, quality=(replace(cell.quality[0], skill=-40.0), *cell.quality[1:]))
    figure = pareto_figure(bad, dataset, colours, "f")
    assert len(marks(figure.svg, COLOURS[0])) == 3 * (len(dataset.outputs) - 1)
    assert figure.sentence.endswith("no skill: 1.")
    assert "Left out" not in pareto_figure(cell, dataset, colours, "f").sentence
