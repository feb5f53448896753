"""The first screen's rows: marks and bars stand where their numbers say, and the output shown is the one that decides."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jointbench.comparison.deciding import deciding_difference
from jointbench.report import format as show
from jointbench.report.first_screen import EVEN, REACH, first_screen
from jointbench.report.notebook import first_screen_frame
from jointbench.report.page import render
from jointbench.stats.estimate import Estimate


@pytest.fixture
def summary(maker: Callable[..., Any]) -> Any:
    return maker().summary()


def with_difference(summary: Any, estimate: Estimate) -> Any:
    """The summary with this difference on every output."""
    cells = tuple(
        replace(cell, differences=tuple(replace(d, difference=estimate) for d in cell.differences))
        for cell in summary.cells
    )
    return replace(summary, cells=cells)


def test_a_mark_stands_in_the_region_exactly_where_the_difference_does(summary: Any) -> None:
    rope = summary.rope
    for value in (-REACH * rope, -rope, 0.0, rope, REACH * rope):
        shown = first_screen(with_difference(summary, Estimate(value, value, value)))[0].lines[0].mark
        assert shown is not None
        assert shown.value == pytest.approx(50 + 50 * value / (REACH * rope))
        low, high = shown.region
        assert (low - 1e-9 <= shown.value <= high + 1e-9) is (abs(value) <= rope)
        assert shown.beyond == (False, False)


def test_what_leaves_the_axis_is_cut_and_says_so(summary: Any) -> None:
    mark = first_screen(with_difference(summary, Estimate(-0.4, -0.5, 0.2)))[0].lines[0].mark
    assert mark is not None
    assert (mark.low, mark.high, mark.beyond, mark.inside) == (0, 100, (True, True), False)
    assert "−0.40" in mark.words.replace("-", "−")


def test_an_unknown_difference_has_no_mark(summary: Any) -> None:
    nothing = Estimate(math.nan, math.nan, math.nan)
    assert first_screen(with_difference(summary, nothing))[0].lines[0].mark is None


def test_a_bar_reaches_the_line_where_the_costs_are_equal(summary: Any) -> None:
    cell = summary.cells[0]
    ratios = tuple(replace(r, ratio=Estimate(1.0, 0.9, 1.1), measured_difference=False) for r in cell.ratios)
    line = first_screen(replace(summary, cells=(replace(cell, ratios=ratios), *summary.cells[1:])))[0].lines[0]
    assert line.request is not None and line.training is not None
    assert line.request.length == pytest.approx(EVEN)
    assert line.request.noise and line.request.words.startswith("≈ 1.00x")
    dear = tuple(replace(r, ratio=Estimate(7.0, 6.0, 8.0)) for r in cell.ratios)
    line = first_screen(replace(summary, cells=(replace(cell, ratios=dear), *summary.cells[1:])))[0].lines[0]
    assert line.request is not None
    assert (line.request.length, line.request.beyond) == (100, True)


def test_the_output_that_pays_is_shown_even_where_another_has_the_larger_mean_loss(summary: Any) -> None:
    """An output with −0.047 ± 0.099 was shown for "separate", which another one with −0.043 ± 0.026 decided."""
    cell = summary.cells[0]
    decision = cell.decisions[0]
    output = next(d.output for d in cell.differences if d.output != decision.worst_output)
    pays = replace(decision, verdict="separate", paying_output=output, open=None)
    shown = deciding_difference(cell, pays)
    assert shown is not None and (shown.output, shown.other) == (output, decision.other)


def test_where_nobody_pays_the_least_safe_output_is_shown(summary: Any) -> None:
    cell = summary.cells[0]
    decision = replace(cell.decisions[0], verdict="joint", paying_output=None, open=None)
    shown = deciding_difference(cell, decision)
    least = min(d.probability_no_loss for d in cell.differences if d.other == decision.other)
    assert shown is not None and shown.probability_no_loss == least


def test_the_page_of_one_table_is_its_decision(maker: Callable[..., Any]) -> None:
    run = maker(datasets=(("slump", ("flow", "strength")),))
    page = render(run.summary(), {"machine": "m"}, "{}\n", run.fits(5))
    assert page.count('<article class="decision') == 2
    assert "What to do:" in page
    for phrase in ('id="across"', "All datasets at once", "Dataset by dataset", 'id="board"'):
        assert phrase not in page


def test_two_devices_stand_side_by_side(summary: Any) -> None:
    both = replace(summary, cells=(*summary.cells, *(replace(cell, device="cuda") for cell in summary.cells)))
    for row in first_screen(both):
        assert [line.where for line in row.lines] == [
            "torch, cpu",
            "tensorflow, cpu",
            "torch, cuda",
            "tensorflow, cuda",
        ]
    page = render(both, {"machine": "m"})
    assert "torch, cuda" in page and "torch, cpu" in page


def test_the_bars_say_where_they_are_of_seconds(summary: Any) -> None:
    """Estimators have no count of FLOPs: their bar is of the seconds of a fit, and the column says so."""
    assert "Training FLOPs <small>" in html.unescape(first_screen_frame(summary))
    cells = tuple(
        replace(cell, ratios=tuple(ratio for ratio in cell.ratios if "FLOPs" not in show.quantity(ratio.quantity)))
        for cell in summary.cells
    )
    assert "Training <small>FLOPs, of estimators seconds" in html.unescape(
        first_screen_frame(replace(summary, cells=cells))
    )
