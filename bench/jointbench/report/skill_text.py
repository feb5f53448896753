"""What skill is made of, in words: the error of each output, and what rows and classes weigh in it."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.comparison.summary.run import DatasetSummary, Summary
from jointbench.metrics.metric_names import PINBALL
from jointbench.report import format as show

ERRORS = {
    "squared": "squared error",
    "absolute": "absolute error",
    "brier": "Brier score",
    "log": "log loss",
    "zero-one": "share of wrong classes",
}
USUAL = ("squared", "brier")
FEW = 6  # outputs that are named one by one


def error_name(metric: str) -> str:
    """What people call the error: "pinball loss at 0.9"."""
    if metric.startswith(PINBALL):
        return f"pinball loss at {show.plain(metric.removeprefix(PINBALL))}"
    return ERRORS.get(metric, show.plain(metric))


def metrics_of(dataset: DatasetSummary) -> tuple[str, ...]:
    """Of the error of each output; an older run's were squared errors and log loss."""
    return dataset.metrics or tuple("squared" if kind == "regression" else "log" for kind in dataset.kinds)


def skill_text(dataset: DatasetSummary) -> str:
    """The error of each output: "squared error (price, sold); Brier score (grade)"; and what its rows weigh."""
    parts = [f"{error_name(metric)} ({_listed(outputs)})" for metric, outputs in _by_metric(dataset).items()]
    return "; ".join(parts) + _weights_text(dataset)


def unusual_skills(summary: Summary) -> tuple[str, ...]:
    """A sentence for each dataset whose skill is not made of the usual errors, or not of rows that weigh the same."""
    sentences = []
    for dataset in summary.datasets:
        unusual = {metric: names for metric, names in _by_metric(dataset).items() if metric not in USUAL}
        errors = "; ".join(f"skill of {_listed(names)} is by the {error_name(m)}" for m, names in unusual.items())
        if words := errors + (_weights_text(dataset) if errors else _weights_text(dataset).removeprefix("; ")):
            sentences.append(f"{show.plain(dataset.slug)}: {words}.")
    return tuple(sentences)


def _by_metric(dataset: DatasetSummary) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for output, metric in zip(dataset.outputs, metrics_of(dataset), strict=True):
        names.setdefault(metric, []).append(output)
    return names


def _listed(outputs: Sequence[str]) -> str:
    more = f" and {len(outputs) - FEW} more" if len(outputs) > FEW else ""
    return ", ".join(show.shorten(output, 40) for output in outputs[:FEW]) + more


def _weights_text(dataset: DatasetSummary) -> str:
    parts = []
    if dataset.weight:
        parts.append(f"; rows weigh what column {show.shorten(dataset.weight, 40)} says")
    if dataset.class_weight:
        parts.append("; classes are balanced in loss and skill")
    return "".join(parts)
