"""Figures of skill and of differences in skill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jointbench.report.figures.forest import output_forest
from jointbench.report.figures.skill import skill_figure
from jointbench.report.palette import COLOURS, GREY
from jointbench.stats.estimate import Estimate
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import lines, marks, texts, tick


def test_a_better_joint_stands_further_right_in_the_forest(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    values = {"a": -0.03, "b": 0.0, "c": 0.02}
    differences = tuple(
        replace(d, difference=Estimate(values[d.output], values[d.output] - 0.01, values[d.output] + 0.01))
        for d in cell.differences
        if d.other == "separate"
    )
    svg = output_forest(replace(cell, differences=differences), dataset, 0.01, colours, "f").svg
    (ax, ay), (bx, by), (cx, cy) = marks(svg, COLOURS[1])
    assert ax < bx < cx
    assert (cx - bx) / (bx - ax) == pytest.approx(2 / 3, abs=0.01)
    assert ay < by < cy
    assert bx == pytest.approx(tick(svg, "0.00", "0.000").x, abs=0.2)


def test_an_interval_that_leaves_the_figure_ends_in_arrow_heads(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    within = tuple(replace(d, difference=Estimate(0.01, 0.0, 0.02)) for d in cell.differences)
    beyond = (replace(within[0], difference=Estimate(0.01, -5.0, 5.0)), *within[1:])
    counts = [
        len(marks(output_forest(replace(cell, differences=differences), dataset, 0.01, colours, "f").svg, COLOURS[1]))
        for differences in (within, beyond)
    ]
    assert counts == [3, 5]


def test_every_fold_is_a_dot_at_its_skill(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    svg = skill_figure(cell, dataset, colours, "f").svg
    at_zero, at_one = (tick(svg, *values).x for values in (("0.0", "0.00"), ("1.0", "1.00")))
    for arm, colour in zip(("joint", "separate", "separate-matched"), COLOURS, strict=False):
        qualities = [quality for quality in cell.quality if quality.model == arm]
        rows = lines(svg, colour)
        assert len(rows) == len(qualities)
        for row, quality in zip(rows, qualities, strict=True):
            skills = [(stroke[0][0] - at_zero) / (at_one - at_zero) for stroke in row.strokes]
            assert skills == pytest.approx(quality.per_fold, abs=0.002)
    assert sum(len(row.strokes) for row in lines(svg, GREY)) == len(dataset.references) * small.folds


def test_every_arm_has_its_mean_in_the_skill_figure(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    svg = skill_figure(cell, dataset, colours, "f").svg
    for arm, colour in zip(("joint", "separate", "separate-matched"), COLOURS, strict=False):
        skills = [quality.skill for quality in cell.quality if quality.model == arm]
        places = [x for x, _ in marks(svg, colour)]
        assert len(places) == len(skills)
        assert sorted(range(3), key=places.__getitem__) == sorted(range(3), key=skills.__getitem__)


def test_a_fold_far_below_no_skill_does_not_squeeze_the_others(small: SummaryMaker) -> None:
    _, cell, dataset, colours = figure_inputs(small)
    first = cell.quality[0]
    bad = replace(cell, quality=(replace(first, per_fold=(-40.0, *first.per_fold[1:])), *cell.quality[1:]))
    figure_texts = texts(skill_figure(bad, dataset, colours, "f").svg)
    assert not any("−1.5" in text or "−40" in text for text in figure_texts)
    assert "−1.00" in figure_texts or "−1.0" in figure_texts
