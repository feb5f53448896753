"""The plots of skill against what it costs."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

from drawn import parts, places, tree
from jointbench.report.figures.pareto import pareto_figure
from jointbench.report.palette import COLOURS


def test_pareto_arrows_go_from_every_other_arm_to_joint(one: Any) -> None:
    _, cell, about, colours = parts(one)
    figure = pareto_figure(cell, about, colours, "f")
    assert len(places(figure.svg, COLOURS[0])) == 3 * len(about.outputs)  # against FLOPs, training time and latency
    ends = places(figure.svg, COLOURS[0])
    for colour in COLOURS[1:3]:
        drawn = [
            p.get("d", "")
            for p in tree(figure.svg).iter("path")
            if "id" not in p.attrib and f"stroke:{colour}" in p.get("style", "")
        ]  # those with an id are the marks
        arrows = [tail_and_tip(one) for path in drawn for one in path.split("M")[1:]]
        assert len(arrows) == 3 * len(about.outputs)
        for tail, tip in arrows:
            assert min(math.dist(tail, mark) for mark in places(figure.svg, colour)) < 5
            assert min(math.dist(tip, mark) for mark in ends) < 5
            assert math.dist(tail, tip) > 2 or min(math.dist(tail, mark) for mark in ends) < 10


def tail_and_tip(path: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where an arrow begins, and where its shaft ends: an SVG path after its M, with steps after each l."""
    start, step = ([float(number) for number in re.findall(r"-?\d*\.?\d+", part)[:2]] for part in path.split("l")[:2])
    return (start[0], start[1]), (start[0] + step[0], start[1] + step[1])


def test_names_of_many_outputs_stay_beside_their_panel(one: Any) -> None:
    _, cell, about, colours = parts(one)
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
    figure = pareto_figure(many, replace(about, outputs=outputs), colours, "f")
    height = float(tree(figure.svg).get("viewBox", "").split()[3])
    levels = [
        float(node.get("y", "")) for node in tree(figure.svg).iter("text") if (node.text or "").startswith("output ")
    ]
    assert len(levels) == 60
    assert min(levels) > 0
    assert max(levels) < height
    ordered = sorted(levels)
    assert min(after - before for before, after in pairwise(ordered)) > 8


def test_skill_is_drawn_only_against_costs_that_were_measured(one: Any) -> None:
    _, cell, about, colours = parts(one)
    untimed = replace(cell, costs=tuple(replace(cost, train_seconds=None, latency=()) for cost in cell.costs))
    figure = pareto_figure(untimed, about, colours, "f")
    assert figure.title == "Skill against training FLOPs"
    assert [column.title for column in figure.table.columns] == ["Arm", "Training FLOPs", *about.outputs]
    assert len(places(figure.svg, COLOURS[0])) == len(about.outputs)
    assert (
        pareto_figure(cell, about, colours, "f").title
        == "Skill against training FLOPs, training time and latency at batch 1"
    )


def test_an_output_far_below_no_skill_is_left_out_of_the_pareto_plot_and_counted(one: Any) -> None:
    _, cell, about, colours = parts(one)
    bad = replace(cell, quality=(replace(cell.quality[0], skill=-40.0), *cell.quality[1:]))
    figure = pareto_figure(bad, about, colours, "f")
    assert len(places(figure.svg, COLOURS[0])) == 3 * (len(about.outputs) - 1)
    assert figure.sentence.endswith("no skill: 1.")
    assert "Left out" not in pareto_figure(cell, about, colours, "f").sentence
