"""How a command ends: exit 4 where every fit of something failed, and the reader is told."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from jointbench.cli.outcome import DID_NOT_RUN, finish
from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import Summary
from jointbench.records import Fit, Record
from jointbench.report.markdown import markdown_report
from jointbench.report.page import render
from planted import Planted, two_arms

RUNS = tuple(np.ndindex(2, 5, 1))


def summary_of(planted: Planted, changed: Any = lambda record: record) -> Summary:
    records: list[Record] = [changed(record) for record in planted.records()]
    return summarise(records, described(records), profile="p", engine="stacked", command="c", notes=())


def ended(summary: Summary) -> tuple[int, str]:
    """The exit code and what was printed."""
    stream, code = io.StringIO(), 0
    try:
        with contextlib.redirect_stdout(stream):
            finish(summary, Path("report.html"), explicit=())
    except typer.Exit as stopped:
        code = stopped.exit_code
    return code, " ".join(stream.getvalue().split())


@pytest.mark.parametrize("arms", [("joint",), ("joint", "separate")])
def test_an_arm_whose_every_fit_failed_ends_in_exit_4(arms: tuple[str, ...]) -> None:
    """With a loss weight of 1e300 no fit is finite: there is nothing to report, and exit 0 said all was well."""
    summary = summary_of(replace(two_arms([0.0, 0.0]), failed=frozenset((a, *run) for a in arms for run in RUNS)))
    code, text = ended(summary)
    assert code == DID_NOT_RUN
    for arm in arms:
        says = f"{arm} has no result: all {10 if arm == 'joint' else 20} fits failed, most often because loss is not finite"
        assert says in text
        assert says in " ".join(markdown_report(summary).replace("\\", "").split())
        assert says in render(summary, {}, "", fits=[])


def test_an_output_whose_every_fit_failed_is_named() -> None:
    def without_b(record: Record) -> Record:
        broken = isinstance(record, Fit) and record.network.group == ("b",)
        return replace(record, scores=(), failure="out of memory") if broken else record  # type: ignore[type-var]

    code, text = ended(summary_of(two_arms([0.0, 0.0]), without_b))
    assert code == DID_NOT_RUN
    assert "separate has no result for b: all 10 fits failed, most often because out of memory" in text


def test_some_failures_leave_a_result() -> None:
    code, text = ended(summary_of(replace(two_arms([0.0, 0.0]), failed=frozenset({("joint", *RUNS[0])}))))
    assert code == 0
    assert "has no result" not in text


def test_fits_that_are_missing_are_no_failures() -> None:
    summary = summary_of(replace(two_arms([0.0, 0.0]), missing=frozenset(("joint", *run) for run in RUNS)))
    assert not any(cell.failed for cell in summary.cells)


def test_a_run_cut_off_before_its_first_fit_did_not_run() -> None:
    """Whether its arms were planned by then makes no difference."""
    nothing = frozenset((arm, *run) for arm in ("joint", "separate") for run in RUNS)
    code, _ = ended(summary_of(replace(two_arms([0.0, 0.0]), missing=nothing)))
    assert code == DID_NOT_RUN


def test_a_run_cut_off_after_its_first_fit_has_a_report() -> None:
    missing = frozenset((arm, *run) for arm in ("joint", "separate") for run in RUNS[1:])
    assert ended(summary_of(replace(two_arms([0.0, 0.0]), missing=missing)))[0] == 0
