"""Records: what a run leaves behind is read back exactly, or refused by file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from example_records import CURVE, NETWORK, RECORDS, same
from jointbench.errors import BadInput
from jointbench.records import SCHEMA_VERSION, Fit, Record, Score
from jointbench.records.store import NOUNS, from_line, read_records, to_line, write_records


def test_the_examples_cover_every_noun() -> None:
    assert {type(record) for record in RECORDS} == set(get_args(Record)) == set(NOUNS.values())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_read_back_exactly(record: Record) -> None:
    line = to_line(record)
    assert len(line.splitlines()) == 1
    assert same(from_line(line), record)


def test_the_comparison_of_these_tests_sees_a_changed_bit() -> None:
    fit = RECORDS[0]
    assert isinstance(fit, Fit)
    assert not same(fit, Fit(**{f.name: getattr(fit, f.name) for f in fields(Fit)} | {"train_loss": CURVE + 1e-16}))
    assert not same(Score("a", 1.0, {"r2": None}), Score("a", 1.0, {"r2": 0.0}))


def test_a_network_read_back_has_its_id() -> None:
    """Resuming looks fits up by id."""
    fit = from_line(to_line(RECORDS[0]))
    assert isinstance(fit, Fit)
    assert fit.network == NETWORK
    assert fit.network.id == NETWORK.id


@settings(deadline=None)
@given(
    arrays.arrays(np.float64, arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)),
    arrays.arrays(np.float32, arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)),
    st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_numbers_and_any_text_are_read_back_exactly(
    curve: np.ndarray, predictions: np.ndarray, text: str, number: float
) -> None:
    fit = Fit(
        network=NETWORK,
        train_loss=curve.T,
        predictions=predictions[:, ::-1],
        scores=(Score(text, number, {text: number}),),
        failure=text,
    )
    line = to_line(fit)
    assert "\n" not in line
    assert same(from_line(line), fit)


def test_arrays_read_back_can_be_written_to() -> None:
    """Read-only views of a buffer would break the first in-place operation on a run's curves."""
    fit = from_line(to_line(RECORDS[0]))
    assert isinstance(fit, Fit)
    fit.train_loss[0, 0] = 7.0
    assert fit.train_loss[0, 0] == 7.0


def test_a_line_says_what_it_is_and_which_schema_it_has() -> None:
    """Users read these files with their own tools."""
    body = json.loads(to_line(RECORDS[3]))
    assert (body["record"], body["schema"], body["model"]) == ("Reference", SCHEMA_VERSION, "ridge")


def test_a_file_of_records_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS)
    assert all(same(read, written) for read, written in zip(read_records(path), RECORDS, strict=True))
    assert len(path.read_bytes().splitlines()) == len(RECORDS)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schema": SCHEMA_VERSION + 1}, str(SCHEMA_VERSION + 1)),
        ({"schema": None}, "None"),
        ({"record": "Fitt"}, "Fitt"),
    ],
)
def test_another_schema_or_noun_is_refused_by_name(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    """Numbers of another version must not be read as if they meant the same."""
    line = json.dumps(json.loads(to_line(RECORDS[0])) | change)
    with pytest.raises(ValueError, match=named):
        from_line(line)
    path = tmp_path / "records.jsonl"
    path.write_text(to_line(RECORDS[8]) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=f"line 2, .*{named}"):
        list(read_records(path))


def broken_lines() -> Iterator[tuple[str, bytes]]:
    good = to_line(RECORDS[0]).encode()
    body = json.loads(good)
    yield "cut short", good[: len(good) // 2]
    yield "empty", b""
    yield "a list", b"[]"
    yield "a number", b"3"
    yield "no noun", b"{}"
    yield "a field too many", json.dumps(body | {"surprise": 1}).encode()
    yield "a field too few", json.dumps({k: v for k, v in body.items() if k != "network"}).encode()
    yield "bytes missing", json.dumps(body | {"train_loss": body["train_loss"] | {"shape": [9, 9]}}).encode()
    yield "no base64", json.dumps(body | {"train_loss": body["train_loss"] | {"base64": "!"}}).encode()
    yield "unknown dtype", json.dumps(body | {"train_loss": body["train_loss"] | {"dtype": "float47"}}).encode()
    yield "not UTF-8", b"\xff\xfe\x00\x01"


@pytest.mark.parametrize("line", [line for _, line in broken_lines()], ids=[name for name, _ in broken_lines()])
def test_a_broken_line_is_one_sentence_that_names_file_and_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(to_line(RECORDS[8]).encode() + b"\n" + line + b"\n")
    with pytest.raises(BadInput) as caught:
        list(read_records(path))
    message = str(caught.value)
    assert str(path) in message
    assert "line 2" in message
    assert "\n" not in message


def test_records_before_a_broken_line_are_given(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(to_line(RECORDS[8]) + "\n{\n", encoding="utf-8")
    assert same(next(read_records(path)), RECORDS[8])


def test_a_missing_file_is_bad_input_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.jsonl"):
        list(read_records(tmp_path / "nowhere.jsonl"))


def test_a_write_that_breaks_off_leaves_the_old_file_whole(tmp_path: Path) -> None:
    """A run stopped while writing must not take the previous run's records with it."""
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS)
    before = path.read_bytes()

    def breaking() -> Iterator[Record]:
        yield RECORDS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(path, breaking())
    assert path.read_bytes() == before


def test_a_reader_sees_the_old_records_until_the_new_ones_are_complete(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS[:1])
    seen = []

    def watching() -> Iterator[Record]:
        for record in RECORDS[:3]:
            seen.append(len(list(read_records(path))))
            yield record

    write_records(path, watching())
    assert seen == [1, 1, 1]
    assert len(list(read_records(path))) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["records.jsonl"]
