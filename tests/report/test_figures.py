from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from drawn import parts, places, tree
from jointbench.report.figures.cost_ratios import dataset_ratios, ratio_figure
from jointbench.report.figures.figure import Figure, caution, in_columns, spoken
from jointbench.report.figures.flops_bars import flops_bars
from jointbench.report.figures.flops_bars import parts as flops_parts
from jointbench.report.figures.forest import dataset_forest, output_forest
from jointbench.report.figures.latency import latency_figure
from jointbench.report.figures.learning_curves import BY_FLOPS, learning_figure
from jointbench.report.figures.noise import noise_figure
from jointbench.report.figures.pareto import pareto_figure
from jointbench.report.figures.posterior import output_posterior
from jointbench.report.figures.predicted_saving import predicted_saving_figure
from jointbench.report.figures.skill import skill_figure
from jointbench.report.figures.svg import INK
from jointbench.report.figures.trade_off import trade_off_figure
from jointbench.report.figures.verdict_map import verdict_map
from jointbench.report.palette import COLOURS, GREY
from jointbench.stats.estimate import Estimate

ROOM = 400


def all_figures(one: Any) -> list[Figure]:
    summary, cell, about, colours = parts(one)
    curves = learning_figure(cell, about, one.fits(), colours, "f9", BY_FLOPS)
    assert curves is not None
    return [
        skill_figure(cell, about, colours, "f1"),
        output_forest(cell, about, 0.01, colours, "f2"),
        output_posterior(cell, about, 0.95, colours, "f3"),
        ratio_figure(cell, 5, colours, "f4"),
        latency_figure(cell, colours, "f5"),
        pareto_figure(cell, about, colours, "f6"),
        dataset_forest(summary, colours, "f7"),
        dataset_ratios(summary, colours, "f8"),
        curves,
        trade_off_figure(summary, colours, "f10"),
        verdict_map(summary, "separate", "f11"),
        flops_bars(cell, colours, "f12"),
        noise_figure(summary, "f13"),
        predicted_saving_figure(summary, colours, "f14"),
    ]


def test_drawings_take_the_page_s_ink_and_bring_nothing_along(one: Any) -> None:
    for figure in all_figures(one):
        root = tree(figure.svg)
        tags = {node.tag for node in root.iter()}
        assert tags <= {"svg", "g", "defs", "path", "use", "text"}, tags
        assert "currentColor" in figure.svg
        assert INK not in figure.svg
        assert not re.search("http|font-family|url|clip", figure.svg)
        ids = [node.get("id", "") for node in root.iter() if node.get("id")]
        assert ids or figure.slug == "f11"
        assert all(name.startswith(figure.slug + "-") for name in ids)
        assert root.get("fill") == "currentColor"
        assert float(root.get("viewBox", "").split()[2]) == ROOM


def test_everything_stays_within_the_drawing(one: Any) -> None:
    for figure in all_figures(one):
        root = tree(figure.svg)
        for node in (*root.iter("use"), *root.iter("text")):
            if "transform" not in node.attrib:
                assert -2 <= float(node.get("x", 0)) <= ROOM
                assert -2 <= float(node.get("y", 0)) <= figure.height


def test_arms_have_their_colours_in_every_figure(one: Any) -> None:
    for figure in all_figures(one):
        used = set(re.findall(r"#[0-9a-f]{6}", figure.svg))
        assert used <= {*COLOURS[:3], GREY}
        assert {style.colour for style in figure.legend} >= used - {GREY}


def test_the_same_numbers_give_the_same_drawing(one: Any) -> None:
    assert [figure.svg for figure in all_figures(one)] == [figure.svg for figure in all_figures(one)]


def test_a_better_joint_stands_further_right_in_the_forest(one: Any) -> None:
    _, cell, about, colours = parts(one)
    values = {"a": -0.03, "b": 0.0, "c": 0.02}
    made = [
        replace(d, difference=Estimate(values[d.output], values[d.output] - 0.01, values[d.output] + 0.01))
        for d in cell.differences
        if d.other == "separate"
    ]
    svg = output_forest(replace(cell, differences=tuple(made)), about, 0.01, colours, "f").svg
    (ax, ay), (bx, by), (cx, cy) = places(svg, COLOURS[1])
    assert ax < bx < cx
    assert (cx - bx) / (bx - ax) == pytest.approx(2 / 3, abs=0.01)
    assert ay < by < cy
    label = tree(svg)
    zero = next(float(n.get("x", 0)) for n in label.iter("text") if n.text in ("0.00", "0.000"))
    assert bx == pytest.approx(zero, abs=0.2)


def test_an_interval_that_leaves_the_figure_ends_in_arrow_heads(one: Any) -> None:
    _, cell, about, colours = parts(one)
    tame = [replace(d, difference=Estimate(0.01, 0.0, 0.02)) for d in cell.differences]
    wild = [replace(tame[0], difference=Estimate(0.01, -5.0, 5.0)), *tame[1:]]
    counts = [
        len(places(output_forest(replace(cell, differences=tuple(made)), about, 0.01, colours, "f").svg, COLOURS[1]))
        for made in (tame, wild)
    ]
    assert counts == [3, 5]


def test_a_posterior_bar_is_divided_as_the_probabilities_are(one: Any) -> None:
    _, cell, about, colours = parts(one)
    d = replace(
        cell.differences[0], probability_joint_better=0.5, probability_equivalent=0.3, probability_other_better=0.2
    )
    svg = output_posterior(replace(cell, differences=(d,)), about, 0.95, colours, "f").svg
    widths = {}
    for path in tree(svg).iter("path"):
        style = path.get("style", "")
        found = re.match(r"fill:(#\w+)", style)
        if found:
            widths[found.group(1)] = max(float(x) for x in re.findall(r"l(-?[\d.]+)", path.get("d", "")))
    total = sum(widths.values())
    assert [widths[c] / total for c in (COLOURS[0], GREY, COLOURS[1])] == pytest.approx([0.5, 0.3, 0.2], abs=0.002)


def test_every_fold_is_a_dot(one: Any) -> None:
    _, cell, about, colours = parts(one)
    svg = skill_figure(cell, about, colours, "f").svg
    dots = [p.get("d", "") for p in tree(svg).iter("path") if "stroke-width:4" in p.get("style", "")]
    assert len(dots) == 3 * (3 + 1)  # outputs x (arms + reference)
    assert all(len(re.findall("l0 0", dot)) == one.folds for dot in dots)


def test_every_arm_has_its_mean_in_the_skill_figure(one: Any) -> None:
    _, cell, about, colours = parts(one)
    svg = skill_figure(cell, about, colours, "f").svg
    for arm, colour in zip(("joint", "separate", "separate-matched"), COLOURS, strict=False):
        skills = [quality.skill for quality in cell.quality if quality.model == arm]
        marks = [x for x, _ in places(svg, colour)]
        assert len(marks) == len(skills)
        assert sorted(range(3), key=marks.__getitem__) == sorted(range(3), key=skills.__getitem__)


def test_slower_is_higher_and_a_known_p90_is_a_line(one: Any) -> None:
    _, cell, _, colours = parts(one)
    in_turn = tuple(one for one in cell.costs[0].latency if one.path == "in turn")
    cell = replace(cell, costs=(replace(cell.costs[0], latency=in_turn), *cell.costs[1:]))
    svg = latency_figure(cell, colours, "f").svg
    heights = [y for _, y in places(svg, COLOURS[0])]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 5
    lines = [
        p
        for p in tree(svg).iter("path")
        if "stroke-width:0.8" in p.get("style", "") and COLOURS[0] in p.get("style", "")
    ]
    assert len(lines) == sum(latency.p90_seconds is not None for latency in cell.costs[0].latency) == 3


def test_halves_and_doubles_are_equally_far_from_one(one: Any) -> None:
    _, cell, _, colours = parts(one)
    made = [replace(cell.ratios[i], ratio=Estimate(v, v, v), floor=None) for i, v in enumerate((0.0625, 1.0, 16.0))]
    svg = ratio_figure(replace(cell, ratios=tuple(made)), 5, colours, "f").svg
    half, same, double = (x for x, _ in places(svg, COLOURS[1]))
    assert same - half == pytest.approx(double - same, abs=0.2)
    ticks = {node.text: float(node.get("x", 0)) for node in tree(svg).iter("text")}
    assert ticks["1/16"] == pytest.approx(half, abs=0.2)
    assert ticks["16"] == pytest.approx(double, abs=0.2)


def test_a_fold_far_below_no_skill_does_not_squeeze_the_others(one: Any) -> None:
    _, cell, about, colours = parts(one)
    first = cell.quality[0]
    bad = replace(cell, quality=(replace(first, per_fold=(-40.0, *first.per_fold[1:])), *cell.quality[1:]))
    texts = [node.text or "" for node in tree(skill_figure(bad, about, colours, "f").svg).iter("text")]
    assert not any("−1.5" in text or "−40" in text for text in texts)
    assert "−1.00" in texts or "−1.0" in texts


def test_the_floor_is_a_strip_only_where_it_was_measured(one: Any) -> None:
    _, cell, _, colours = parts(one)
    strips = "fill-opacity:0.24|opacity:0.24"
    with_floor = ratio_figure(cell, 5, colours, "f").svg
    without = ratio_figure(
        replace(cell, ratios=tuple(replace(r, floor=None) for r in cell.ratios)), 5, colours, "f"
    ).svg
    assert len(re.findall(strips, with_floor)) == sum(r.floor is not None for r in cell.ratios)
    assert not re.search(strips, without)


def test_the_verdict_map_has_a_letter_for_every_output(one: Any) -> None:
    summary, cell, *_ = parts(one)
    verdicts = ("joint", "equivalent", "separate", "inconclusive")
    made = tuple(replace(cell.differences[0], verdict=verdict) for verdict in verdicts)
    figure = verdict_map(replace(summary, cells=(replace(cell, differences=made),)), "separate", "f")
    svg = figure.svg
    letters = [n.text for n in tree(svg).iter("text") if n.text in ("J", "=", "S", "?")]
    assert letters == ["J", "=", "S", "?"]
    assert [len(places(svg, colour)) for colour in (COLOURS[0], GREY, COLOURS[1])] == [1, 1, 1]
    assert [row[-1].text for row in figure.table.rows] == list(verdicts)


def widths(svg: str, colour: str) -> list[float]:
    """Widths of the filled rectangles of a colour, in the order of drawing."""
    steps = [
        re.match(r"M[\d. ]+?l([\d.]+) 0", path.attrib["d"])
        for path in tree(svg).iter("path")
        if f"fill:{colour}" in path.attrib.get("style", "")
    ]
    return [float(step.group(1)) for step in steps if step]


def test_flops_bars_are_as_long_as_the_parts_are_many(one: Any) -> None:
    _, cell, _, colours = parts(one)
    figure = flops_bars(cell, colours, "f")
    scale = []
    for made in cell.flops:
        drawn = widths(figure.svg, colours.style(made.arm).colour)
        assert len(drawn) == 4
        scale.extend(width / part for width, part in zip(drawn, flops_parts(made), strict=True) if width > 20)
    assert len(scale) > 2
    assert max(scale) / min(scale) < 1.02


def test_an_achieved_saving_beyond_the_predicted_stands_below_the_slanted_line(one: Any) -> None:
    summary, cell, _, colours = parts(one)
    for achieved, below in ((0.3, True), (0.9, False)):
        step = replace(next(e for e in cell.explained if e.quantity == "training step"), predicted=0.5)
        step = replace(step, achieved=Estimate(achieved, achieved * 0.9, achieved * 1.1))
        figure = predicted_saving_figure(replace(summary, cells=(replace(cell, explained=(step,)),)), colours, "f")
        assert figure is not None
        ((x, y),) = places(figure.svg, colours.style(step.other).colour)
        left, bottom = 60, 300 - 42  # of the axes; the plane is as far across as it is down in doublings
        across, up = (x - left) / (400 - 72), (bottom - y) / (300 - 50)
        assert (up < across) is below
    assert predicted_saving_figure(replace(summary, cells=(replace(cell, explained=()),)), colours, "f") is None


def test_the_noise_strip_has_a_row_for_every_clock(one: Any) -> None:
    summary, cell, _, _ = parts(one)
    figure = noise_figure(summary, "f")
    assert figure is not None
    assert [(row[3].text, row[4].values) for row in figure.table.rows] == [
        (quantity, (1.004, 0.981, 1.027)) for quantity in ("training step", "request, batch 1")
    ]
    assert noise_figure(replace(summary, cells=(replace(cell, decisions=()),)), "f") is None


def test_columns_are_filled_to_about_the_same_height(one: Any) -> None:
    figures = all_figures(one)
    left, right = in_columns(figures)
    assert sorted(f.slug for f in left + right) == sorted(f.slug for f in figures)
    heights = [sum(f.height for f in side) for side in (left, right)]
    assert abs(heights[0] - heights[1]) < max(f.height for f in figures) + 300


def test_cautions_and_words() -> None:
    assert caution([5, 10]) == ""
    assert caution([2, 2]).startswith("Drawn from 2 folds:")
    assert "in places" in caution([2, 5])
    assert spoken(["a", "b"]) == "a; b."
    assert spoken(list("abcdefgh")).endswith("; and 2 more in the table.")
