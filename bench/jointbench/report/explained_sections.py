"""The questions about sharing as the page shows them: by dataset and question, the backends side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.explain.answer import Answer
from jointbench.report import format as show
from jointbench.report.explained_views import view_of
from jointbench.report.figures.figure import Figure
from jointbench.report.tables.table import Table


@dataclass(frozen=True)
class BackendAnswer:
    """One backend's answer. note: what the page lacks of it, "" for nothing."""

    anchor: str
    backend: str
    sentence: str
    failure: str
    note: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class QuestionSection:
    """A question with every backend's answer and their drawings."""

    anchor: str
    text: str
    answers: tuple[BackendAnswer, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Section:
    """A dataset's questions."""

    anchor: str
    dataset: str
    questions: tuple[QuestionSection, ...]


def explained_sections(answers: Sequence[Answer]) -> tuple[Section, ...]:
    """The answers, sorted; datasets and questions stay in the order in which they were asked."""
    sections = []
    for number, dataset in enumerate(dict.fromkeys(answer.dataset for answer in answers), 1):
        dataset_answers = [answer for answer in answers if answer.dataset == dataset]
        keys = dict.fromkeys(answer.key for answer in dataset_answers)
        anchor = f"explained-{number}"
        questions = tuple(
            _question_section([answer for answer in dataset_answers if answer.key == key], f"{anchor}-{position}")
            for position, key in enumerate(keys, 1)
        )
        sections.append(Section(anchor, show.plain(dataset), questions))
    return tuple(sections)


def _question_section(answers: Sequence[Answer], anchor: str) -> QuestionSection:
    backend_answers: list[BackendAnswer] = []
    figures: list[Figure] = []
    for number, answer in enumerate(answers, 1):
        slug = f"{anchor}-{number}"
        view = view_of(answer, slug)
        backend_answers.append(
            BackendAnswer(
                slug,
                show.plain(answer.backend),
                show.plain(answer.sentence),
                show.plain(answer.failure) if answer.failure else "",
                view.note,
                view.tables,
            )
        )
        figures.extend(view.figures)
    return QuestionSection(anchor, show.plain(answers[0].question), tuple(backend_answers), tuple(figures))
