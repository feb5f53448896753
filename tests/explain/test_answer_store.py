"""explain.json: what is written is read back, and anything else of that name is one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jointbench.errors import BadInput
from jointbench.explain.answer import Answer
from jointbench.explain.answer_store import EXPLAIN, VERSION, read_answers, write_answers
from jointbench.explain.forum.errors import ForumErrors
from jointbench.report.explained_page import render_answers
from planted_answers import planted_answers

FIRST_VERSION = Path(__file__).parent / "first_version"
DAMAGE = (None, -1, 0, 1e308, 10**400, "x", "", [], {}, True)


def test_every_answer_comes_back_with_its_data(tmp_path: Path) -> None:
    """Not-a-number is not equal to itself, so the texts of the values are compared."""
    answers = planted_answers(3)
    write_answers(tmp_path, "jointbench explain d", answers, ["a note"])
    explained = read_answers(tmp_path)
    assert explained is not None
    assert (explained.schema_version, explained.notes) == (VERSION, ("a note",))
    for written, read in zip(answers, explained.answers, strict=True):
        assert type(read.data) is type(written.data)
        assert repr(read).replace("inf", "nan") == repr(written).replace("inf", "nan")


def test_the_page_of_the_file_is_the_page_of_the_answers(tmp_path: Path) -> None:
    written = write_answers(tmp_path, "c", planted_answers(2))
    explained = read_answers(tmp_path)
    assert explained is not None
    assert render_answers(explained, {}) == render_answers(written, {})


def test_the_file_holds_values_by_name_and_no_heading(tmp_path: Path) -> None:
    write_answers(tmp_path, "c", planted_answers(2))
    text = (tmp_path / EXPLAIN).read_text(encoding="utf-8")
    assert '"conflict_share"' in text
    for heading in ("Part of training", "Skill by loss weights", "Mean RMSE", '"columns"', '"rows"'):
        assert heading not in text


def test_what_is_not_finite_is_null_in_the_file_and_undefined_again_after(tmp_path: Path) -> None:
    answers = planted_answers()
    write_answers(tmp_path, "c", answers)
    text = (tmp_path / EXPLAIN).read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    explained = read_answers(tmp_path)
    assert explained is not None
    forum = explained.answers[-1].data
    assert isinstance(forum, ForumErrors)
    assert np.isnan(forum.runs[0].rmse[0]).all()  # the run that broke off
    assert np.isnan(forum.reach[0].rmse[1])


def test_the_first_version_is_still_read() -> None:
    explained = read_answers(FIRST_VERSION)
    assert explained is not None
    assert explained.schema_version == 1
    assert len(explained.answers) == 12
    assert all(answer.failure is None for answer in explained.answers)


def test_a_later_version_is_refused_by_its_number(tmp_path: Path) -> None:
    write_answers(tmp_path, "c", planted_answers()[:1])
    fields = json.loads((tmp_path / EXPLAIN).read_text(encoding="utf-8"))
    (tmp_path / EXPLAIN).write_text(json.dumps(fields | {"schema_version": VERSION + 1}), encoding="utf-8")
    with pytest.raises(BadInput, match=f"version {VERSION + 1}, this jointbench reads 1 and {VERSION}"):
        read_answers(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '"x"', "[" * 100_000, "\udce9".encode(errors="surrogatepass")]
)
def test_a_file_that_is_no_answers_is_one_sentence(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / EXPLAIN).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput, match=r"is not .*what jointbench explain writes; delete it"):
        read_answers(tmp_path)


@pytest.mark.parametrize("version", [1, 2])
def test_a_number_that_no_table_can_show_is_refused(tmp_path: Path, version: int) -> None:
    write_answers(tmp_path, "c", planted_answers()[1:2])
    source = FIRST_VERSION if version == 1 else tmp_path
    fields = json.loads((source / EXPLAIN).read_text(encoding="utf-8"))
    if version == 1:
        fields["answers"][0]["tables"][0]["rows"][0][2] = 10**400
    else:
        fields["answers"][0]["data"]["joint"][0]["parameters"] = 10**400
    (tmp_path / EXPLAIN).write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BadInput, match="not what jointbench explain writes"):
        read_answers(tmp_path)


def test_data_of_an_unknown_question_is_refused(tmp_path: Path) -> None:
    (answer, *_) = planted_answers()
    renamed = Answer(**{**answer.__dict__, "key": "unheard-of"})
    write_answers(tmp_path, "c", [renamed])
    with pytest.raises(BadInput, match="not what jointbench explain writes"):
        read_answers(tmp_path)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value; of a list, its first two entries."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value[:2]):
            yield from _paths(item, (*path, i))


def _damaged(fields: Any, path: tuple[Any, ...], value: Any) -> Any:
    damaged = copy.deepcopy(fields)
    place = damaged
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return damaged


@pytest.mark.filterwarnings("ignore:overflow")  # 1e308 is far outside what can be drawn
@pytest.mark.parametrize("version", [1, 2])
def test_a_damaged_file_is_a_page_or_one_sentence(tmp_path: Path, version: int) -> None:
    """One value of the file is another: of every answer at a place that is drawn, as are the kinds of damage."""
    write_answers(tmp_path, "c", planted_answers(2))
    source = FIRST_VERSION if version == 1 else tmp_path
    fields = json.loads((source / EXPLAIN).read_text(encoding="utf-8"))
    rng = np.random.default_rng(version)
    for answer in fields["answers"]:
        alone = {**fields, "answers": [answer]}
        places = [path for path in _paths(alone) if path]
        path = places[int(rng.integers(len(places)))]
        damaged = _damaged(alone, path, DAMAGE[int(rng.integers(len(DAMAGE)))])
        (tmp_path / EXPLAIN).write_text(json.dumps(damaged), encoding="utf-8")
        try:
            explained = read_answers(tmp_path)
        except BadInput:
            continue
        assert explained is not None
        assert render_answers(explained, {}).startswith("<!doctype html>"), path
