"""Every bad table ends in one sentence that names it, every odd one is read, and nothing is written."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from corpus import CASES, PLAIN, Case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import Dataset

DESIGN = CrossValidation(folds=3, repeats=1, seeds=1, seed=0, max_rows=300)


def outcome(path: Path, case: Case) -> tuple[Dataset | None, str]:
    """The dataset, or the sentence of its refusal. Anything else is raised, and fails the test."""
    try:
        return load_table(path, TableOptions(**{"targets": ("y",), **case.options})), ""
    except BadInput as error:
        return None, str(error)


def written(folder: Path, case: Case) -> Path:
    path = folder / case.name
    path.write_bytes(case.content)
    return path


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("name", CASES)
def test_a_bad_table_is_refused_in_a_sentence_and_an_odd_one_read(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = written(tmp_path, case)
    dataset, sentence = outcome(path, case)
    assert (case.outcome == "read") == (dataset is not None), sentence
    assert [entry.name for entry in tmp_path.iterdir()] == [case.name]
    if dataset is None:
        assert case.name in sentence or "--target" in sentence, sentence
        assert case.says in sentence, sentence
        assert "\n" not in sentence and len(sentence) < 700
        return
    assert dataset.rows > 0 and len(dataset.outputs) == 1
    with suppress(BadInput):  # too few rows for folds, and the like
        make_experiment(dataset, ("joint",), DESIGN)


@pytest.mark.parametrize("what", ["a folder", "nothing", "a pipe", "a loop of links", "a device", "a long name"])
def test_what_is_no_file_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a loop of links":
        path.symlink_to(path)
    elif what == "a device":
        path = Path("/dev/null")
    elif what == "a long name":
        path = tmp_path / ("t" * 400 + ".csv")
    dataset, sentence = outcome(path, Case(b"", "refused"))
    assert dataset is None and path.name[:20] in sentence and "\n" not in sentence


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path: Path) -> None:
    case = Case(content, "refused", options={"targets": ("1",)})
    dataset, sentence = outcome(written(tmp_path, case), case)
    assert dataset is not None or (sentence and "\n" not in sentence)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_table_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """Some bytes of a good table are others."""
    content = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    dataset, sentence = outcome(written(tmp_path, Case(bytes(content), "read")), Case(b"", "read"))
    assert dataset is not None or (sentence and "\n" not in sentence)
