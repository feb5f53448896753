"""What holds for every figure."""

from __future__ import annotations

import re
from dataclasses import replace

from jointbench.report.figures.cost_ratios import ratio_figure
from jointbench.report.figures.figure import Figure, caution, in_columns, spoken
from jointbench.report.figures.flops_bars import flops_bars
from jointbench.report.figures.forest import output_forest
from jointbench.report.figures.latency import latency_figure
from jointbench.report.figures.learning_curves import learning_figure
from jointbench.report.figures.noise import noise_figure
from jointbench.report.figures.predicted_saving import predicted_saving_figure
from jointbench.report.figures.skill import skill_figure
from jointbench.report.figures.svg import INK
from jointbench.report.figures.trade_off import trade_off_figure
from jointbench.report.palette import COLOURS, GREY
from summary_maker import SummaryMaker, figure_inputs
from svg_reader import tree


def all_figures(small: SummaryMaker) -> list[Figure]:
    summary, cell, dataset, colours = figure_inputs(small)
    figures = [
        skill_figure(cell, dataset, colours, "f1"),
        output_forest(cell, dataset, 0.01, colours, "f2"),
        ratio_figure(cell, dataset, colours, "f3"),
        latency_figure(cell, colours, "f4"),
        learning_figure(cell, dataset, small.fits(), colours, "f5"),
        trade_off_figure(summary, colours, "f6"),
        flops_bars(cell, colours, "f7"),
        noise_figure(summary, "f8"),
        predicted_saving_figure(summary, colours, "f9"),
    ]
    drawn = [figure for figure in figures if figure is not None]
    assert len(drawn) == len(figures)
    return drawn


def test_drawings_take_the_page_s_ink_and_bring_nothing_along(small: SummaryMaker) -> None:
    figures = all_figures(small)
    for figure in figures:
        root = tree(figure.svg)
        tags = {node.tag for node in root.iter()}
        assert tags <= {"svg", "g", "defs", "path", "use", "text"}, tags
        assert root.get("fill") == "currentColor"
        assert INK not in figure.svg
        assert not re.search("http|font-family|url|clip", figure.svg)
        ids = [node.get("id", "") for node in root.iter() if node.get("id")]
        assert ids
        assert all(name.startswith(figure.slug + "-") for name in ids)
    assert len({tree(figure.svg).get("viewBox", "").split()[2] for figure in figures}) == 1, "all have one width"


def test_everything_stays_within_the_drawing(small: SummaryMaker) -> None:
    for figure in all_figures(small):
        root = tree(figure.svg)
        width = float(root.get("viewBox", "").split()[2])
        for node in (*root.iter("use"), *root.iter("text")):
            if "transform" not in node.attrib:
                assert -2 <= float(node.get("x", 0)) <= width
                assert -2 <= float(node.get("y", 0)) <= figure.height


def test_arms_have_their_colours_in_every_figure(small: SummaryMaker) -> None:
    for figure in all_figures(small):
        used = set(re.findall(r"#[0-9a-f]{6}", figure.svg))
        assert used <= {*COLOURS[:3], GREY} or figure.slug == "f8", "backends have colours of their own"
        assert {style.colour for style in figure.legend} >= used - {GREY}


def test_the_same_numbers_give_the_same_drawing(small: SummaryMaker) -> None:
    assert [figure.svg for figure in all_figures(small)] == [figure.svg for figure in all_figures(small)]


def test_columns_are_filled_to_about_the_same_height(small: SummaryMaker) -> None:
    figures = all_figures(small)
    left, right = in_columns(figures)
    assert sorted(f.slug for f in left + right) == sorted(f.slug for f in figures)
    heights = [sum(f.height for f in side) for side in (left, right)]
    assert abs(heights[0] - heights[1]) < max(f.height for f in figures) + 300


def test_a_figure_drawn_from_few_folds_warns(small: SummaryMaker) -> None:
    _, _, dataset, _ = figure_inputs(small)
    two, five, ten = (replace(dataset, folds=folds) for folds in (2, 5, 10))
    assert caution([five, ten]) == ""
    assert "2 folds" in caution([two, two])
    assert "in places" not in caution([two, two])
    assert "2 folds in places" in caution([two, five])
    assert caution([replace(dataset, folds=1, test_file="new.csv")]) == ""


def test_a_long_text_alternative_counts_what_it_leaves_out() -> None:
    assert spoken(["a", "b"]) == "a; b."
    text = spoken(list("abcdefgh"))
    assert text.startswith("a; b; c; d; e; f;")
    assert "2 more" in text
