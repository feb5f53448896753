"""The answers about sharing on a page of their own, and in a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from jointbench.explain.answer import Answer
from jointbench.explain.answer_store import Explained
from jointbench.report import format as show
from jointbench.report.explained_sections import explained_sections
from jointbench.report.page import stylesheet, templates


def render_answers(explained: Explained, environment: Mapping[str, str]) -> str:
    """The page: one HTML file that needs nothing but a browser."""
    return (
        templates()
        .get_template("explained_page.html.j2")
        .render(
            explained=explained_sections(explained.answers),
            schema_version=explained.schema_version,
            command=show.plain(explained.command),
            notes=[show.plain(note) for note in explained.notes],
            environment={show.plain(key): show.plain(value) for key, value in environment.items()},
            style=stylesheet(),
        )
    )


def print_answer(answer: Answer, console: Console) -> None:
    """A question and its sentence. Names are text, never markup."""
    console.print(
        Text(f"{show.plain(answer.dataset)}, {answer.backend}: ", style="dim").append(answer.question, style="bold")
    )
    if answer.failure is None:
        console.print(Text(show.plain(answer.sentence)))
    else:
        console.print(Text(f"No answer: {show.plain(answer.failure)}", style="yellow"))
    console.print()
