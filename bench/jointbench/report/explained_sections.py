"""The questions about sharing as the page shows them: by dataset and question, the backends side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.figures.figure import Figure
from jointbench.report.table import NOTHING, Cell, Column, Table, name

FIGURES: Mapping[str, Callable[[explain.Answer, str], list[Figure]]] = {}
"""Drawings by the question's short name: of an answer, with the slug that their ids start with."""


@dataclass(frozen=True)
class Said:
    """One backend's answer."""

    anchor: str
    backend: str
    sentence: str
    failure: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Asked:
    """A question with every backend's answer and their drawings."""

    anchor: str
    text: str
    answers: tuple[Said, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Section:
    """A dataset's questions."""

    anchor: str
    dataset: str
    questions: tuple[Asked, ...]


def explained_sections(answers: Sequence[explain.Answer]) -> tuple[Section, ...]:
    """The answers, sorted; datasets and questions stay in the order in which they were asked."""
    made = []
    for number, dataset in enumerate(dict.fromkeys(answer.dataset for answer in answers), 1):
        mine = [answer for answer in answers if answer.dataset == dataset]
        keys = dict.fromkeys(answer.key for answer in mine)
        anchor = f"explained-{number}"
        questions = tuple(
            _asked([answer for answer in mine if answer.key == key], f"{anchor}-{place}") for place, key in enumerate(keys, 1)
        )
        made.append(Section(anchor, show.plain(dataset), questions))
    return tuple(made)


def _asked(answers: Sequence[explain.Answer], anchor: str) -> Asked:
    said, figures = [], []
    for number, answer in enumerate(answers, 1):
        slug = f"{anchor}-{number}"
        tables = tuple(shown(table, answer.backend) for table in answer.tables)
        said.append(Said(slug, show.plain(answer.backend), show.plain(answer.sentence), show.plain(answer.failure) if answer.failure else "", tables))
        if answer.failure is None and answer.key in FIGURES:
            figures.extend(FIGURES[answer.key](answer, slug))
    return Asked(anchor, show.plain(answers[0].question), tuple(said), tuple(figures))


def shown(table: explain.Table, backend: str) -> Table:
    """A table of an answer as the page draws it: text is a name, a number has three significant digits."""
    numeric = [all(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.columns))]
    heads = numeric.index(True) if True in numeric else 1
    columns = tuple(Column(title, number) for title, number in zip(table.columns, numeric, strict=True))
    rows = tuple(tuple(_cell(value) for value in row) for row in table.rows)
    return Table(f"{show.plain(table.title)}: {show.plain(backend)}", columns, rows, heads=max(heads, 1), source="explain")


def _cell(value: explain.Value) -> Cell:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return name(value)
    return Cell(show.count(value) if isinstance(value, int) else show.significant(value), (float(value),))
