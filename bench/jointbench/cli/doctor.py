"""`jointbench doctor`: what this machine has, and whether it is fit to measure on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jointbench.cli.console import make_console

if TYPE_CHECKING:
    from rich.console import Console


def doctor(
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Measure whether this machine is fit to measure on.")
    ] = False,
) -> None:
    """Shows what this machine has, what is missing and how to install it."""
    from jointbench.backends.registry import BACKENDS, unavailable_reason
    from jointbench.runtime.environment import environment

    console = make_console()
    if not self_test:
        for name, value in environment().items():
            console.print(f"{name:24} {value}", markup=False, highlight=False)
    for name in BACKENDS:
        console.print(f"{'backend ' + name:24} {unavailable_reason(name) or 'ready'}", markup=False, highlight=False)
    if self_test:
        _self_test(console)


def _self_test(console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from jointbench.cli.progress import progress_line
    from jointbench.self_test.decide import decide
    from jointbench.self_test.run import run_self_test

    with progress_line() as progress:
        measurements = run_self_test(progress)
    decision = decide(measurements)
    table = Table("check", "figure", "wanted", "result", box=SIMPLE_HEAD, pad_edge=False)
    for check in decision.checks:
        colour = {"passed": "green", "too noisy": "yellow", "failed": "bold red"}[check.result]
        table.add_row(Text(check.name), Text(check.figure), Text(check.required), Text(check.result, style=colour))
    console.print(table)
    console.print(decision.sentence, markup=False, highlight=False)
    raise typer.Exit(decision.exit_code)
