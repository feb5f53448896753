"""explain.json's first version held tables: they are shown as they are, and the figures are drawn from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jointbench.explain.answer_store import Explained, read_answers
from jointbench.explain.version_1 import FirstVersionTables
from jointbench.report.explained_page import render_answers
from jointbench.report.explained_views import view_of

FIRST_VERSION = Path(__file__).parents[1] / "explain" / "first_version"


@pytest.fixture(scope="module")
def explained() -> Explained:
    """The answers on concrete_slump and on two more datasets, as the first version wrote them."""
    answers = read_answers(FIRST_VERSION)
    assert answers is not None
    return answers


def test_the_page_of_an_old_file_has_its_tables_and_figures(explained: Explained) -> None:
    page = render_answers(explained, {})
    figures = {answer.key: len(view_of(answer, "f").figures) for answer in explained.answers}
    assert {key: count for key, count in figures.items() if count} == {
        "who-moves-the-trunk": 1,
        "loss-weights": 1,
        "weighting-methods": 1,
        "representations": 1,
        "conflict-and-transfer": 1,
    }
    tables = sum(len(answer.data.tables) for answer in explained.answers if isinstance(answer.data, FirstVersionTables))
    assert page.count("<table") == tables + page.count("<figure")
    assert "Skill by loss weights: torch" in page


def test_the_drawn_numbers_are_those_of_the_tables(explained: Explained) -> None:
    """The table under a figure is made from the data read back, and shows what the old table showed."""
    for answer in explained.answers:
        view = view_of(answer, "f")
        captions = {table.caption: table for table in view.tables}
        for figure in view.figures:
            if figure.table.caption in captions:
                assert figure.table == captions[figure.table.caption], answer.key


def test_an_old_table_that_cannot_be_drawn_is_shown_and_said(explained: Explained) -> None:
    for answer in explained.answers:
        data = answer.data
        if isinstance(data, FirstVersionTables) and data.has_figures:
            titled = tuple(replace(table, title=f"x{table.title}") for table in data.tables)
            view = view_of(replace(answer, data=replace(data, tables=titled)), "f")
            assert len(view.tables) == len(data.tables)
            assert view.figures == ()
            assert "not drawn" in view.note
            assert "run explain again" in view.note
            page = render_answers(Explained(1, "c", (replace(answer, data=replace(data, tables=titled)),)), {})
            assert "figures are not drawn" in page
