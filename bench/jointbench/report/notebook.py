"""The page's first screen for a notebook, in a frame of its own, so that neither's styles touch the other's."""

from __future__ import annotations

from markupsafe import Markup, escape

from jointbench.comparison.summary.run import Summary
from jointbench.report import format as show
from jointbench.report.dataset_section import arm_diagrams
from jointbench.report.first_screen import first_screen
from jointbench.report.page import stylesheet, templates
from jointbench.report.palette import VERDICT_SIGNS, palette

HEIGHT, ROW = 520, 52  # of the frame in pixels, and of a dataset's row


def first_screen_frame(summary: Summary) -> str:
    """An iframe with the verdicts; it runs no scripts."""
    rows = first_screen(summary)
    page = (
        templates()
        .get_template("notebook.html.j2")
        .render(
            headline=show.plain(summary.headline),
            rows=rows,
            diagrams=arm_diagrams(summary.cells, summary.datasets[0], palette(summary)) if len(rows) == 1 else (),
            signs=VERDICT_SIGNS,
            style=stylesheet(),
        )
    )
    height = HEIGHT if len(rows) == 1 else 140 + ROW * len(rows)
    frame = Markup('<iframe srcdoc="{}" sandbox style="width:100%;height:{}px;border:0"></iframe>')
    return str(frame.format(escape(str(page)), height))
