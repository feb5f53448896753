"""The break-even study as one HTML file of its own."""

from __future__ import annotations

from jointbench.report import format as show
from jointbench.report.page import script_values, stylesheet, templates
from jointbench.report.scaling_section import scaling_section
from jointbench.scaling.points import Study


def render_study(study: Study) -> str:
    """The page of a study."""
    return (
        templates()
        .get_template("scaling_page.html.j2")
        .render(
            scaling=scaling_section(study),
            environment={show.plain(key): show.plain(value) for key, value in study.machine.items()},
            style=stylesheet(),
            **script_values(),
        )
    )
