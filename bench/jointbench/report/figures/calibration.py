"""Coverage against width of every candidate interval: one mark a method and output."""

from __future__ import annotations

import pandas as pd
import seaborn

from jointbench.calibration.procedure import LOG
from jointbench.calibration.study import CalibrationStudy
from jointbench.report.figures.canvas import drawing, export, reference_line, style
from jointbench.report.figures.svg import INK
from jointbench.stats.interval_candidates import USUAL

WIDE, HIGH = 640, 420
LEAST, NOMINAL = 0.91, 0.95


def calibration_figure(study: CalibrationStudy) -> str:
    """The drawing as an SVG file of its own; "" without coverages."""
    rates = [rate for rate in study.coverages if rate.loss != LOG]
    if not rates:
        return ""
    usual = {rate.place: rate.half_width for rate in rates if rate.method == USUAL}
    marks = pd.DataFrame(
        {
            "interval": [rate.method for rate in rates],
            "width over that of the correlated t-test": [rate.half_width / usual[rate.place] for rate in rates],
            "coverage": [rate.coverage for rate in rates],
            "repeats": [str(rate.repeats) for rate in rates],
        }
    )
    with style():
        surface, (panel,) = drawing(HIGH, width=WIDE)
        seaborn.scatterplot(
            marks,
            x="width over that of the correlated t-test",
            y="coverage",
            hue="interval",
            style="repeats",
            palette="colorblind",
            s=34,
            alpha=0.75,
            ax=panel,
        )
        panel.axhspan(LEAST, 1.0, color=INK, alpha=0.06, linewidth=0)
        reference_line(panel, NOMINAL, horizontal=True)
        panel.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9)
        alternative = f"{len(rates)} marks of coverage against relative width; calibration.json has them."
        text = export(surface, "calibration", alternative)
    return text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" color="#222" ', 1)
