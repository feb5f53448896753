"""The terminal and the Markdown comment say what the page's first screen says."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from jointbench.report.markdown import escape, markdown_report
from jointbench.report.overview import answers, flops_ratio, overview_table, request_ratio, select_columns
from jointbench.report.terminal import terminal_report, verdict_words


def printed(summary: Any, width: int) -> str:
    stream = io.StringIO()
    terminal_report(summary, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_terminal_shows_the_whole_table_where_it_fits(report: Any) -> None:
    text = printed(report.summary, 220)
    for column in overview_table(report.summary).columns:
        assert column.title in text
    for row in overview_table(report.summary).rows:
        for cell in row:
            if len(cell.values) < 2:
                assert cell.text in text


@pytest.mark.parametrize("width", [80, 120, 220])
def test_the_terminal_says_headline_cautions_and_every_answer(maker: Callable[..., Any], width: int) -> None:
    summary = maker(folds=2, absent="tensorflow").summary()
    text = " ".join(printed(summary, width).split())
    assert text.endswith(summary.headline), "the answer is the last thing"
    assert "Fewer than 3 folds" in text
    for cell in summary.cells:
        for decision in cell.decisions[:1]:
            assert f"{cell.dataset}, {cell.backend} on {cell.device}: {decision.verdict}: {decision.reason}" in text
        for absence in cell.absences:
            assert f"{cell.dataset}, {cell.backend} on {cell.device}: not run: {absence}" in text


@pytest.mark.parametrize("width", [80, 100, 110, 130, 159])
def test_a_narrow_terminal_has_one_line_for_each_dataset_and_framework(large: Any, width: int) -> None:
    summary = large.summary()
    lines = printed(summary, width).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    for cell in summary.cells:
        (line,) = (line for line in lines if line.startswith(f"{cell.dataset} ") and f" {cell.backend} " in line)
        assert verdict_words(cell.decisions[0]) in line
        flops = flops_ratio(cell, cell.decisions[0].other)
        assert flops is None or f"{flops.ratio.value:.2f}x" in line
    assert not any("…" in line for line in lines if line.startswith(summary.cells[0].dataset))
    assert "The reasons, and what would close what is open, are in the report." in lines


def test_notes_take_three_lines_at_most(large: Any) -> None:
    summary = replace(large.summary(), notes=tuple(f"A note on the matter of {i}." for i in range(40)))
    text = printed(summary, 80)
    start = text.index("Notes: ")
    assert text[start : text.index("(all of it is in the report)")].count("\n") <= 3


def test_markdown_has_every_cell_and_sentence(report: Any) -> None:
    text = markdown_report(report.summary)
    rows = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in text.splitlines() if line.startswith("|")]
    table = overview_table(report.summary)
    assert rows[0] == [escape(column.title) for column in table.columns]
    assert rows[2:] == [[escape(cell.text) for cell in row] for row in table.rows]
    for cell in report.summary.cells:
        for decision in cell.decisions[:1]:
            assert f"**{decision.verdict}**: {escape(decision.reason)}" in text
    assert text.startswith(f"**{escape(report.summary.headline)}**\n")


def test_the_main_comparison_comes_first(report: Any) -> None:
    against = [row[3].text for row in overview_table(report.summary).rows]
    assert against == ["separate", "—", "separate", "—", "separate-matched", "separate-matched"]


def test_columns_can_be_chosen(report: Any) -> None:
    table = overview_table(report.summary)
    fewer = select_columns(table, "less", ("Dataset", "Verdict"))
    assert [column.title for column in fewer.columns] == ["Dataset", "Verdict"]
    assert [row[1] for row in fewer.rows] == [row[4] for row in table.rows]


def test_the_smallest_batch_is_smallest_as_a_number(report: Any) -> None:
    cell = report.summary.cells[0]
    other = cell.decisions[0].other
    assert request_ratio(cell, other).quantity.batch_size == 1
    ratios = tuple(r for r in cell.ratios if r.quantity.batch_size in (64, 512, 4096))
    assert request_ratio(replace(cell, ratios=ratios), other).quantity.batch_size == 64


def test_importing_the_words_does_not_import_the_figures() -> None:
    code = (
        "import sys; import jointbench.report, jointbench.report.terminal, jointbench.report.markdown; "
        "print(sorted({'matplotlib', 'seaborn', 'scipy', 'pandas', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"


def sentences(summary: Any) -> list[str]:
    return [part for a in answers(summary) for s in a.sentences for part in (s.reason, s.advice, s.command) if part]


def test_page_terminal_and_markdown_say_the_same(report: Any) -> None:
    page = " ".join(report.root.with_id("answer").text.split())
    terminal, markdown = " ".join(printed(report.summary, 220).split()), markdown_report(report.summary)
    for row in overview_table(report.summary).rows:
        for cell in row:
            assert " ".join(cell.text.split()) in page
            assert all(part in terminal for part in cell.text.split(" ("))  # an interval has a line of its own there
            assert escape(cell.text) in markdown
    for text in sentences(report.summary):
        assert text in page
        assert text in terminal
        assert escape(text) in markdown or text in markdown
