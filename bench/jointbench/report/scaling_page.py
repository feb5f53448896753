"""The break-even study as one HTML file of its own."""

from __future__ import annotations

import base64
import hashlib

from markupsafe import Markup

from jointbench.report import format as show
from jointbench.report.page import packaged, templates
from jointbench.report.scaling_section import scaling_section
from jointbench.scaling.points import Study


def render_study(study: Study) -> str:
    """The page of a study."""
    script = packaged("page.js")
    return (
        templates()
        .get_template("scaling_page.html.j2")
        .render(
            scaling=scaling_section(study),
            environment={show.plain(key): show.plain(value) for key, value in study.machine.items()},
            style=Markup(packaged("page.css")),  # noqa: S704  # a file of this package
            script=Markup(script),  # noqa: S704  # the same
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )
