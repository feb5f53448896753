"""The questions about sharing as the page shows them: by dataset and question, the backends side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jointbench.explain import answer as explain
from jointbench.report import format as show
from jointbench.report.figures.conflict_vs_transfer import conflict_vs_transfer_figures
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.gradient_course import gradient_course_figures
from jointbench.report.figures.loss_weight_sweep import loss_weight_sweep_figures
from jointbench.report.figures.representation_map import representation_figures
from jointbench.report.figures.weighting_gain import weighting_gain_figures
from jointbench.report.tables.explained_answer import answer_table
from jointbench.report.tables.table import Table

FIGURES: Mapping[str, Callable[[explain.Answer, str], list[Figure]]] = {
    "who-moves-the-trunk": gradient_course_figures,
    "loss-weights": loss_weight_sweep_figures,
    "weighting-methods": weighting_gain_figures,
    "conflict-and-transfer": conflict_vs_transfer_figures,
    "representations": representation_figures,
}
"""The figures of an answer by the question's key. They get the answer and the slug that their ids start with."""


@dataclass(frozen=True)
class BackendAnswer:
    """One backend's answer."""

    anchor: str
    backend: str
    sentence: str
    failure: str
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


def explained_sections(answers: Sequence[explain.Answer]) -> tuple[Section, ...]:
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


def _question_section(answers: Sequence[explain.Answer], anchor: str) -> QuestionSection:
    backend_answers, figures = [], []
    for number, answer in enumerate(answers, 1):
        slug = f"{anchor}-{number}"
        tables = tuple(answer_table(table, answer.backend) for table in answer.tables)
        backend_answers.append(
            BackendAnswer(
                slug,
                show.plain(answer.backend),
                show.plain(answer.sentence),
                show.plain(answer.failure) if answer.failure else "",
                tables,
            )
        )
        if answer.failure is None and answer.key in FIGURES:
            figures.extend(FIGURES[answer.key](answer, slug))
    return QuestionSection(anchor, show.plain(answers[0].question), tuple(backend_answers), tuple(figures))
