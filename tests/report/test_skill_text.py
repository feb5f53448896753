"""What skill is made of, in the terminal and on the page."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import DatasetSummary, Summary
from jointbench.report.page import render
from jointbench.report.skill_text import skill_text
from jointbench.report.terminal import terminal_report
from tiny_run import about, records

USUAL = ("squared", "brier")
OTHERS = ("pinball:0.9", "log")


def dataset(metrics: tuple[str, ...], weight: str = "", balanced: bool = False) -> DatasetSummary:
    (base,) = about().datasets
    names = ("acid", "<b>grade</b>")
    return replace(base, outputs=names, metrics=metrics, weight=weight, class_weight="balanced" if balanced else "")


def summary(used: DatasetSummary) -> Summary:
    (base,) = about().datasets
    whole = summarise(records(), [base], profile="quick", engine="stacked", command="c", notes=())
    return replace(whole, datasets=(replace(used, outputs=base.outputs),))


def printed(used: DatasetSummary) -> str:
    stream = io.StringIO()
    terminal_report(summary(used), Console(file=stream, width=200))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("used", "text"),
    [
        (dataset(USUAL), "squared error (acid); Brier score (<b>grade</b>)"),
        (dataset(()), "squared error (acid); log loss (<b>grade</b>)"),
        (dataset(OTHERS), "pinball loss at 0.9 (acid); log loss (<b>grade</b>)"),
        (
            dataset(("absolute", "zero-one"), "w", balanced=True),
            "absolute error (acid); share of wrong classes (<b>grade</b>); rows weigh what column w says; "
            "classes are balanced in loss and skill",
        ),
    ],
)
def test_a_dataset_names_the_error_of_each_output(used: DatasetSummary, text: str) -> None:
    assert skill_text(used) == text


def test_the_terminal_says_it_only_where_it_is_not_the_usual() -> None:
    assert "skill of" not in printed(dataset(USUAL))
    assert "is by the pinball loss at 0.9; skill of" in printed(dataset(OTHERS))
    assert "wine: rows weigh what column w says; classes are balanced" in printed(dataset(USUAL, "w", balanced=True))


def test_the_page_says_it_with_the_dataset_and_where_skill_is_explained() -> None:
    usual, others = (render(summary(dataset(metrics, "<i>w</i>")), {}) for metrics in (USUAL, OTHERS))
    assert usual.count("Brier score (") == 1
    assert others.count("pinball loss at 0.9") == 2
    assert "<i>w</i>" not in usual
