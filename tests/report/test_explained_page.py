"""The answers' tables and drawings: made from data alone, for few outputs and many, with hostile names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jointbench.explain.answer import Answer
from jointbench.explain.data_types import DATA
from jointbench.explain.gradient_conflict import KEY
from jointbench.report.explained_sections import explained_sections
from jointbench.report.explained_views import FIGURES, TABLES, view_of
from jointbench.report.figures import representation_map
from jointbench.report.figures.figure import Figure
from jointbench.report.tables import answer_table
from jointbench.report.tables.table import Column
from planted_answers import planted_answers
from svg_reader import tree

DRAWN = {
    "who-moves-the-trunk": 1,
    "loss-weights": 1,
    "weighting-methods": 1,
    "representations": 1,
    "label-efficiency": 1,
    "churn": 1,
    "conflict-and-transfer": 1,
}
"""Questions with figures, and how many each has at least; two outputs have their Pareto front besides."""


def _figures(answers: Sequence[Answer]) -> dict[str, tuple[Figure, ...]]:
    return {answer.key: view_of(answer, f"f{i}").figures for i, answer in enumerate(answers)}


@pytest.mark.parametrize(("count", "fronts"), [(2, 1), (14, 0)])
def test_every_question_with_numbers_along_something_is_drawn(count: int, fronts: int) -> None:
    figures = _figures(planted_answers(count))
    assert {key: len(drawn) for key, drawn in figures.items() if drawn} == DRAWN | {"loss-weights": 1 + fronts}
    ids: list[str] = []
    for figure in (figure for drawn in figures.values() for figure in drawn):
        root = tree(figure.svg)
        assert not any(element.get("onclick") for element in root.iter())
        ids.extend(element.get("id", "") for element in root.iter() if element.get("id"))
        assert figure.table.rows
    assert len(ids) == len(set(ids))


def test_every_question_has_its_tables_and_no_data_is_without() -> None:
    answers = planted_answers()
    assert {answer.key for answer in answers} == set(DATA)
    assert {type(answer.data) for answer in answers} == set(TABLES) == set(DATA.values())
    assert set(FIGURES) <= set(TABLES)
    for answer in answers:
        tables = TABLES[type(answer.data)](answer.data, "torch")
        assert tables, answer.key
        for table in tables:
            assert table.rows, answer.key
            assert {len(row) for row in table.rows} == {len(table.columns)}
            assert "\x1b" not in "".join(cell.text for row in table.rows for cell in row)


def test_renamed_headings_lose_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every caption and heading reads otherwise, and every drawing is the same."""
    answers = planted_answers()
    before = _figures(answers)

    def renamed(title: str, *rest: object) -> Column:
        return Column(f"renamed {title[::-1]}", *rest)  # type: ignore[arg-type]  # whatever else a column has

    monkeypatch.setattr(answer_table, "Column", renamed)
    monkeypatch.setattr(representation_map, "LAYERS_TITLE", "renamed")
    monkeypatch.setattr(representation_map, "columns", lambda *titles: [renamed(t) for part in titles for t in part])
    after = _figures(answers)
    for key, drawn in before.items():
        assert [figure.svg for figure in after[key]] == [figure.svg for figure in drawn]
        for figure in after[key]:
            assert all(column.title.startswith("renamed") for column in figure.table.columns), key


def test_a_failure_is_told_and_not_drawn() -> None:
    failed = Answer(
        key=KEY, question="?", dataset="d", backend="torch", sentence="", numbers={}, failure="the worker died"
    )
    (section,) = explained_sections([failed])
    assert section.questions[0].answers[0].failure == "the worker died"
    assert section.questions[0].figures == ()


def test_backends_stand_side_by_side_under_one_question() -> None:
    both = [
        Answer(key="k", question="?", dataset="d", backend=backend, sentence=f"by {backend}", numbers={})
        for backend in ("torch", "tensorflow")
    ]
    (section,) = explained_sections(both)
    (question,) = section.questions
    assert [answer.sentence for answer in question.answers] == ["by torch", "by tensorflow"]
