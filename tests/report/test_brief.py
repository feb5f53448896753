"""A brief summary has what the figures over all datasets need, and a page can be drawn from it."""

from __future__ import annotations

import json

from jointbench.comparison.summary.brief import BATCH_SIZES, MODES, brief
from jointbench.report.embed import summary_json
from jointbench.report.overview import overview_table
from jointbench.report.page import render
from summary_maker import SummaryMaker


def test_it_keeps_every_verdict_and_the_first_screen() -> None:
    summary = SummaryMaker().summary()
    short = brief(summary)
    assert [cell.decisions for cell in short.cells] == [cell.decisions for cell in summary.cells]
    assert [cell.differences for cell in short.cells] == [cell.differences for cell in summary.cells]
    assert overview_table(short) == overview_table(summary)


def test_it_keeps_one_thread_count_and_few_requests() -> None:
    summary = SummaryMaker().summary()
    short = brief(summary)
    quantities = [ratio.quantity for cell in short.cells for ratio in cell.ratios]
    requests = [quantity for quantity in quantities if quantity.batch_size is not None]
    assert requests
    assert {quantity.batch_size for quantity in requests} <= set(BATCH_SIZES)
    assert {quantity.mode for quantity in requests} <= set(MODES)
    assert all(r.threads in (None, cell.threads) for cell in short.cells for r in cell.ratios)
    assert not any(quality.per_fold for cell in short.cells for quality in cell.quality)
    assert len(summary_json(short)) < len(summary_json(summary))


def test_a_page_is_drawn_from_it() -> None:
    short = brief(SummaryMaker().summary())
    page = render(short, {"machine": "m"})
    assert "slump" in page
    assert json.loads(summary_json(short))["profile"] == short.profile
