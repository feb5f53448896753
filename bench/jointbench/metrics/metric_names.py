"""The names of the metrics that skill may be made of; ``row_losses`` has what they mean."""

from __future__ import annotations

import math

from jointbench.errors import BadInput
from jointbench.types import Output

REGRESSION_METRICS = ("squared", "absolute", "pinball:Q")
CLASS_METRICS = ("brier", "log", "zero-one")
PINBALL = "pinball:"


def check_metric(output: Output) -> None:
    """Raises BadInput where the output's metric is not one of its kind."""
    allowed = REGRESSION_METRICS if output.kind == "regression" else CLASS_METRICS
    metric = output.error_metric
    known = 0 < pinball_level(metric) < 1 if metric.startswith(PINBALL) else metric in allowed
    if not known or (metric.startswith(PINBALL) and output.kind != "regression"):
        quantile = ", Q a quantile between 0 and 1" if output.kind == "regression" else ""
        raise BadInput(
            f"--metric {metric}: output {output.name!r} is {output.kind}, whose metrics are "
            f"{', '.join(allowed)}{quantile}"
        )


def pinball_level(metric: str) -> float:
    """The quantile that "pinball:Q" names; NaN where it names none."""
    try:
        return float(metric.removeprefix(PINBALL))
    except ValueError:
        return math.nan
