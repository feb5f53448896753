"""Options that several commands have: what a verdict needs, and how the answer is printed."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from jointbench.cli.outcome import Format

Ropes = Annotated[
    Optional[list[str]],
    typer.Option(help="Difference in skill that does not matter, default 0.01; OUTPUT=NUMBER for one; repeat it."),
]
Probability = Annotated[Optional[float], typer.Option(help="Probability that a verdict needs; default 0.95.")]
Worth = Annotated[
    Optional[float], typer.Option(help="Skill that half the cost is worth, for open verdicts; default 0.01.")
]
Printed = Annotated[
    Format, typer.Option(help="The answer as text; md: Markdown; json: for a script, all else on standard error.")
]
