"""The answer as JSON, for scripts: what the terminal's table says, with exact numbers. Everything else is in summary.json."""

from __future__ import annotations

from typing import Any

from jointbench.comparison.deciding import deciding_difference
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Decision
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.records.strict_json import strict_json
from jointbench.report import format as show
from jointbench.report.overview import (
    cautions,
    flops_ratio,
    request_ratio,
    sentence,
    step_ratio,
    unavailable_reason,
)
from jointbench.stats.estimate import Estimate


def json_report(summary: Summary, report: str = "") -> str:
    """The headline, cautions and every comparison; report: where the page is. What is not known is null."""
    body = {
        "headline": show.plain(summary.headline),
        "cautions": [show.plain(caution) for caution in cautions(summary)],
        "comparisons": comparison_values(summary),
        "report": report,
    }
    return strict_json(body, indent=2) + "\n"


def comparison_values(summary: Summary) -> list[dict[str, Any]]:
    """Every comparison as names and values; a cell where nothing was compared has a verdict of None and its reason."""
    return [_comparison(cell, decision) for cell in summary.cells for decision in cell.decisions or (None,)]


def _comparison(cell: CellSummary, decision: Decision | None) -> dict[str, Any]:
    place = {name: show.plain(getattr(cell, name)) for name in ("dataset", "backend", "device", "joint")}
    if decision is None:
        return place | {"verdict": None, "reason": unavailable_reason(cell)}
    words = sentence(place["backend"], place["device"], decision)
    deciding = deciding_difference(cell, decision)
    return place | {
        "other": words.other,
        "verdict": decision.verdict,
        "lean": decision.open.lean or None if decision.open else None,
        "undecidable": bool(decision.open and decision.open.undecidable),
        "reason": words.reason,
        "advice": words.advice or None,
        "command": words.command or None,
        "deciding_output": show.plain(deciding.output) if deciding else None,
        "deciding_difference": _interval(deciding.difference) if deciding else None,
        "mean_difference": _interval(decision.mean_difference),
        "training_flops_ratio": _ratio(flops_ratio(cell, decision.other)),
        "training_step_ratio": _ratio(step_ratio(cell, decision.other)),
        "request_ratio": _ratio(request_ratio(cell, decision.other)),
    }


def _interval(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
    }  # what is not finite is written as null


def _ratio(ratio: Ratio | None) -> dict[str, Any] | None:
    return None if ratio is None else _interval(ratio.ratio) | {"measured_difference": ratio.measured_difference}
