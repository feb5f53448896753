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
    from jointbench.check.steps import HistoryResult

FORMATS = ("text", "json", "markdown")
WORST_FIRST = (4, 1, 3)  # exit codes of what was held to the baseline and to the history
HISTORY_PAGE = "history.html"


def check(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    baseline: Annotated[Optional[Path], typer.Option(help="The baseline file to hold the run against.")] = None,
    write_baseline: Annotated[Optional[Path], typer.Option(help="Writes the run as a baseline file instead.")] = None,
    history: Annotated[
        Optional[Path],
        typer.Option(
            help="A folder that keeps every run it is given; names quantities that changed for good. A worsening fails."
        ),
    ] = None,
    require_cost: Annotated[
        bool, typer.Option("--require-cost", help="Fail (3) where a cost ratio is too noisy to judge.")
    ] = False,
    strict_time: Annotated[bool, typer.Option("--strict-time", help="Fail where absolute times got slower.")] = False,
    only_backend: Annotated[
        Optional[list[str]], typer.Option(help="Hold only this backend to the baseline; repeat it.")
    ] = None,
    format: Annotated[str, typer.Option(help="text, json or markdown.")] = "text",  # noqa: A002 - the option's name
) -> None:
    """Compares a run with a baseline, and with the runs before. Exit code 1: a regression; 3: too noisy; 4: did not run."""
    from jointbench.check import baseline_file
    from jointbench.check.check import check as compare
    from jointbench.check.from_run import read_run
    from jointbench.runs.stored_run import read_run as read_folder

    if write_baseline is not None and (baseline is not None or history is not None):
        raise BadInput("--write-baseline FILE stands alone: a run is written as a baseline or compared with one")
    if baseline is None and write_baseline is None and history is None:
        raise BadInput(
            "name one of --baseline FILE or --history DIR, to compare with, and --write-baseline FILE, to write"
        )
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
    if write_baseline is not None:
        if stored.cut_off:
            raise BadInput(f"{run}: {' '.join(stored.cut_off)} A baseline is made of a run that did")
        _write(run, reading, write_baseline)
        return
    result = followed = None
    if committed is not None:
        result = compare(
            reading, committed, only_backends=only_backend or (), require_cost=require_cost, strict_time=strict_time
        )
        result = replace(result, notes=(*stored.cut_off, *result.notes))
    if history is not None:
        followed = _follow(run, history, reading, stored.cut_off, strict_time)
    codes = {part.exit_code for part in (result, followed) if part is not None}
    code = next((code for code in WORST_FIRST if code in codes), 0)
    _show(result, followed, code, format)
    raise typer.Exit(code)


def _follow(run: Path, folder: Path, reading: Reading, cut_off: tuple[str, ...], strict_time: bool) -> HistoryResult:
    """Adds the run to the history and draws its page again."""
    from jointbench.check.steps import follow
    from jointbench.records.whole_file import write_text
    from jointbench.report.history_page import render_history

    if not reading.measured.skills:
        raise BadInput(f"{run}: nothing in it ran, so there is nothing to keep in a history")
    if not reading.measured.origin.when:
        raise BadInput(f"{run} does not say when it was run, as runs before histories did not; run it again")
    followed = follow(folder, reading.measured, cut_off=cut_off, strict_time=strict_time)
    if not followed.left_out:
        write_text(folder / HISTORY_PAGE, render_history(followed))
    return followed


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


def _show(result: CheckResult | None, followed: HistoryResult | None, code: int, format: str) -> None:  # noqa: A002 - as above
    """The result on standard output; GitHub's annotations on standard error, so that they are in no file."""
    from jointbench.records.strict_json import strict_json
    from jointbench.report import check as of_check
    from jointbench.report import history as of_history

    if format == "json":
        fields = {} if result is None else of_check.check_fields(result)
        steps = {} if followed is None else {"history": of_history.history_fields(followed)}
        echo(strict_json({"exit_code": code, **fields, **steps}, indent=1))
    elif format == "markdown":
        parts = [of_check.markdown_check(result)] if result is not None else []
        echo("\n\n".join(parts + ([of_history.markdown_history(followed)] if followed is not None else [])))
    else:
        console = make_console()
        if result is not None:
            of_check.terminal_check(result, console)
        if followed is not None:
            of_history.terminal_history(followed, console)
    if os.environ.get("GITHUB_ACTIONS"):
        for line in of_check.github_annotations(result) if result is not None else ():
            echo(line, err=True)
        for line in of_history.history_annotations(followed) if followed is not None else ():
            echo(line, err=True)
