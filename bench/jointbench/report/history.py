"""A history's steps for the terminal, as Markdown, as JSON and as GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from jointbench.check.steps import HistoryResult
from jointbench.report import history_text as words
from jointbench.report.check import annotation
from jointbench.report.history_tables import steps_table
from jointbench.report.markdown import escape, markdown_table

REASON_LETTERS = 300  # of a cell in a comment


def terminal_history(result: HistoryResult, console: Console) -> None:
    """Prints the outcome and every step, what fails first."""
    console.print(Text(words.headline(result), style="bold"))
    for step in result.steps:
        text = Text(words.kind(result, step), style="bold red" if result.fails(step) else "yellow")
        text.append(f": {words.sentence(step)}", style="")
        console.print(text, soft_wrap=True)


def markdown_history(result: HistoryResult) -> str:
    """The same for a comment on a pull request."""
    parts = [f"**jointbench: {escape(words.headline(result))}**"]
    if result.steps:
        parts.extend(("", markdown_table(steps_table(result), REASON_LETTERS)))
    return "\n".join(parts)


def history_fields(result: HistoryResult) -> dict[str, Any]:
    """The outcome and every step, for machines."""
    return {
        "folder": result.folder,
        "runs": result.runs,
        "headline": words.headline(result),
        "steps": [
            {
                "gate": step.series.gate,
                "dataset": step.series.site.dataset,
                "backend": step.series.site.backend,
                "device": step.series.site.device,
                "arm": step.series.site.arm,
                "quantity": step.series.quantity,
                "before": step.before,
                "after": step.after,
                "worse": step.worse,
                "new": step.new,
                "fails": result.fails(step),
                "when": step.first.measured.origin.when,
                "commit": step.first.measured.origin.commit,
                "commit_before": step.last_before.measured.origin.commit,
            }
            for step in result.steps
        ],
    }


def history_annotations(result: HistoryResult) -> Iterator[str]:
    """GitHub's workflow commands: an error for a step that fails, a warning for a new one that is only shown."""
    for step in result.steps:
        if step.new and step.worse:
            title = f"jointbench, history: {words.subject(step.series)}"
            yield annotation("error" if result.fails(step) else "warning", title, words.sentence(step))
