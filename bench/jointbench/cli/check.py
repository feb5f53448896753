"""`jointbench check`: a run against a committed baseline."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from jointbench.cli.console import echo, make_console
from jointbench.errors import BadInput

if TYPE_CHECKING:
    from jointbench.check.findings import CheckResult
    from jointbench.check.from_run import Reading

FORMATS = ("text", "json", "markdown")


def check(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    baseline: Annotated[Optional[Path], typer.Option(help="The baseline file to hold the run against.")] = None,
    write_baseline: Annotated[Optional[Path], typer.Option(help="Writes the run as a baseline file instead.")] = None,
    require_cost: Annotated[
        bool, typer.Option("--require-cost", help="Fail (3) where a cost ratio is too noisy to judge.")
    ] = False,
    strict_time: Annotated[bool, typer.Option("--strict-time", help="Fail where absolute times got slower.")] = False,
    only_backend: Annotated[
        Optional[list[str]], typer.Option(help="Hold only this backend to the baseline; repeat it.")
    ] = None,
    format: Annotated[str, typer.Option(help="text, json or markdown.")] = "text",  # noqa: A002 - the option's name
) -> None:
    """Compares a run with a baseline. Exit code 1: a regression; 3: too noisy; 4: something did not run."""
    from jointbench.check import baseline_file
    from jointbench.check.check import check as compare
    from jointbench.check.from_run import read_run
    from jointbench.runs.stored_run import read_run as read_folder

    if (baseline is None) == (write_baseline is None):
        raise BadInput("name one of --baseline FILE, to compare with, and --write-baseline FILE, to write")
    if format not in FORMATS:
        raise BadInput(f"--format {format!r}: the formats are {', '.join(FORMATS)}")
    committed = None if baseline is None else baseline_file.read_baseline(baseline)
    stored = read_folder(run)
    about = stored.about
    reading = read_run(
        stored.records,
        about.datasets,
        about.machine,
        profile=about.profile,
        engine=about.engine,
        rope=about.rope,
    )
    if committed is None:
        assert write_baseline is not None
        if stored.cut_off:
            raise BadInput(f"{run}: {' '.join(stored.cut_off)} A baseline is made of a run that did")
        _write(run, reading, write_baseline)
        return
    result = compare(
        reading,
        committed,
        only_backends=only_backend or (),
        require_cost=require_cost,
        strict_time=strict_time,
    )
    _show(replace(result, notes=(*stored.cut_off, *result.notes)), format)
    raise typer.Exit(result.exit_code)


def _write(run: Path, reading: Reading, path: Path) -> None:
    """Writes the run as a baseline file, and prints what could not be put into it."""
    from jointbench.check.baseline_file import write_baseline
    from jointbench.check.cost_ratios import doubtful

    measured = reading.measured
    if not measured.skills:
        raise BadInput(f"{run}: nothing in it ran, so there is nothing to hold later runs to")
    write_baseline(path, measured)
    echo(f"{path}: {len(measured.sizes)} counts, {len(measured.skills)} skills, {len(measured.ratios)} cost ratios")
    if noisy := sum(bool(doubtful(ratio, "the run")) for ratio in measured.ratios):
        echo(f"{noisy} of the cost ratios are too noisy to hold later runs to; a quiet machine gives better ones")
    for cell, reason in reading.reasons.items():
        if reason:
            echo(f"not in it: {cell.dataset}, {cell.backend} on {cell.device}: {reason}")


def _show(result: CheckResult, format: str) -> None:  # noqa: A002 - as above
    """The result on standard output; GitHub's annotations on standard error, so that they are in no file."""
    from jointbench.report.check import github_annotations, json_check, markdown_check, terminal_check

    if format == "json":
        echo(json_check(result))
    elif format == "markdown":
        echo(markdown_check(result))
    else:
        terminal_check(result, make_console())
    if os.environ.get("GITHUB_ACTIONS"):
        for line in github_annotations(result):
            echo(line, err=True)
