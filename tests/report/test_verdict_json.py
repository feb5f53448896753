"""The answer as JSON: the same verdicts and numbers as the summary, in JSON that every parser reads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from jointbench.report.overview import request_ratio
from jointbench.report.verdict_json import json_report


def test_every_comparison_has_its_verdict_and_exact_numbers(maker: Callable[..., Any]) -> None:
    summary = maker(absent="tensorflow").summary()
    body = json.loads(json_report(summary, "page.html"))
    assert (body["headline"], body["report"]) == (summary.headline, "page.html")
    compared = iter([c for c in body["comparisons"] if c["verdict"] is not None])
    for cell in summary.cells:
        for decision in cell.decisions:
            shown = next(compared)
            assert (shown["dataset"], shown["backend"], shown["other"]) == (cell.dataset, cell.backend, decision.other)
            assert (shown["verdict"], shown["reason"]) == (decision.verdict, decision.reason)
            assert shown["mean_difference"]["value"] == decision.mean_difference.value
            ratio = request_ratio(cell, decision.other)
            assert ratio is not None and shown["request_ratio"]["high"] == ratio.ratio.high
    missing = [c for c in body["comparisons"] if c["verdict"] is None]
    assert len(missing) == 2 and all("not installed" in c["reason"] for c in missing)


def test_what_is_not_known_is_null(maker: Callable[..., Any]) -> None:
    def no_constant(name: str) -> None:
        raise AssertionError(name)

    text = json_report(maker(folds=1).summary())
    json.loads(text, parse_constant=no_constant)
    values = [c["mean_difference"]["low"] for c in json.loads(text)["comparisons"] if c["verdict"]]
    assert all(value is None or math.isfinite(value) for value in values)
