"""Records: what a run leaves behind is read back exactly, or refused by file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tiny_run
from exact import same
from jointbench.errors import BadInput
from jointbench.records import (
    RECORD_SCHEMA_VERSION,
    CopiedBytes,
    Fit,
    NotMeasured,
    PlannedArm,
    Record,
    Reference,
    Score,
    Timing,
    TunedArm,
)
from jointbench.records.store import NOUNS, from_line, read_records, to_line, torn_line, write_records

RECORDS = [*tiny_run.records(), *tiny_run.search()]
CURVE = np.array([[0.1, np.nan], [np.inf, -0.0], [5e-324, 1e308]])
FIT = replace(next(r for r in RECORDS if isinstance(r, Fit) and len(r.network.group) == 2), train_loss=CURVE)
ABSENCE = next(r for r in RECORDS if isinstance(r, NotMeasured))


def test_the_examples_cover_every_noun() -> None:
    assert {type(record) for record in RECORDS} == set(get_args(Record)) == set(NOUNS.values())


@pytest.mark.parametrize("record", [FIT, *RECORDS], ids=lambda record: type(record).__name__)
def test_a_record_is_read_back_exactly(record: Record) -> None:
    line = to_line(record)
    assert len(line.splitlines()) == 1
    assert same(from_line(line), record)


def test_a_timing_has_what_was_copied_only_where_something_was() -> None:
    """Records of older versions, which know no copies, and those of the CPU are the same."""
    timing = next(record for record in RECORDS if isinstance(record, Timing))
    assert "copied" not in json.loads(to_line(timing))
    copied = replace(timing, copied=(CopiedBytes(44, 8), CopiedBytes(44, 12), CopiedBytes(44, 8)))
    assert json.loads(to_line(copied))["copied"][1] == {"to_device": 44, "to_host": 12}
    assert same(from_line(to_line(copied)), copied)


def test_the_comparison_of_these_tests_sees_a_changed_bit() -> None:
    assert not same(FIT, Fit(**{f.name: getattr(FIT, f.name) for f in fields(Fit)} | {"train_loss": CURVE + 1e-16}))
    assert not same(Score("a", 1.0, {"r2": None}), Score("a", 1.0, {"r2": 0.0}))


def test_a_network_read_back_has_its_id() -> None:
    """Planned arms name their networks by id."""
    assert FIT.network.id
    fit = from_line(to_line(FIT))
    assert isinstance(fit, Fit)
    assert fit.network == FIT.network
    assert fit.network.id == FIT.network.id


@settings(deadline=None)
@given(
    arrays.arrays(np.float64, st.tuples(st.integers(0, 5), st.just(2))),
    arrays.arrays(np.float32, arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)),
    st.text(),
    st.floats(0, 1e160),
)
def test_any_numbers_and_any_text_are_read_back_exactly(
    curve: np.ndarray, predictions: np.ndarray, text: str, number: float
) -> None:
    fit = Fit(
        network=replace(FIT.network, group=(text, text + "b")),
        train_loss=np.asfortranarray(curve),
        predictions=predictions[:, ::-1],
        scores=(Score(text, number, {text: -number}),),
        failure=text,
    )
    line = to_line(fit)
    assert "\n" not in line
    assert same(from_line(line), fit)


def test_half_a_surrogate_pair_is_replaced() -> None:
    """A file name that is not UTF-8 is such a text in Python; no JSON parser reads it."""
    record = from_line(to_line(NotMeasured("caf\udce9 \U0001f642", "torch", "cpu", r"\ud")))
    assert record == NotMeasured("caf\N{REPLACEMENT CHARACTER} \U0001f642", "torch", "cpu", r"\ud")


def test_arrays_read_back_can_be_written_to() -> None:
    """Read-only views of a buffer would break the first in-place operation on a run's curves."""
    fit = from_line(to_line(FIT))
    assert isinstance(fit, Fit)
    fit.train_loss[0, 0] = 7.0
    assert fit.train_loss[0, 0] == 7.0


def test_a_line_says_what_it_is_and_which_schema_it_has() -> None:
    """Users read these files with their own tools."""
    line = to_line(next(r for r in RECORDS if isinstance(r, Reference)))
    body = json.loads(line)
    assert (body["record"], body["schema"], body["model"]) == ("Reference", RECORD_SCHEMA_VERSION, "ridge")


def test_a_line_of_another_program_is_read_whatever_its_order_and_spacing() -> None:
    for record in RECORDS:
        turned = dict(reversed(json.loads(to_line(record)).items()))
        assert same(from_line(json.dumps(turned, ensure_ascii=False)), record)


def test_a_file_of_records_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS)
    assert all(same(read, written) for read, written in zip(read_records(path), RECORDS, strict=True))
    assert len(path.read_bytes().splitlines()) == len(RECORDS)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schema": RECORD_SCHEMA_VERSION + 1}, str(RECORD_SCHEMA_VERSION + 1)),
        ({"schema": None}, "None"),
        ({"record": "Fitt"}, "Fitt"),
    ],
)
def test_another_schema_or_noun_is_refused_by_name(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    """Numbers of another version must not be read as if they meant the same."""
    line = json.dumps(json.loads(to_line(FIT)) | change)
    with pytest.raises(ValueError, match=named):
        from_line(line)
    path = tmp_path / "records.jsonl"
    path.write_text(to_line(ABSENCE) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=f"line 2, .*{named}"):
        list(read_records(path))


def broken_lines() -> Iterator[tuple[str, bytes]]:
    good = to_line(FIT).encode()
    body = json.loads(good)
    yield "cut short", good[: len(good) // 2]
    yield "empty", b""
    yield "a list", b"[]"
    yield "a number", b"3"
    yield "no noun", b"{}"
    yield "a field too many", json.dumps(body | {"surprise": 1}).encode()
    yield "a field too few", json.dumps({k: v for k, v in body.items() if k != "network"}).encode()
    yield "not UTF-8", b"\xff\xfe\x00\x01"
    yield "deep", b"[" * 100_000 + b"]" * 100_000
    yield "a huge number", good.replace(b'"epochs":3', b'"epochs":' + b"9" * 5000)


@pytest.mark.parametrize("line", [line for _, line in broken_lines()], ids=[name for name, _ in broken_lines()])
def test_a_broken_line_is_one_sentence_that_names_file_and_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(to_line(ABSENCE).encode() + b"\n" + line + b"\n")
    with pytest.raises(BadInput) as caught:
        list(read_records(path))
    message = str(caught.value)
    assert str(path) in message
    assert "line 2" in message
    assert "\n" not in message


def test_records_before_a_broken_line_are_given(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(to_line(ABSENCE) + "\n{\n", encoding="utf-8")
    assert same(next(read_records(path)), ABSENCE)


def test_a_missing_file_is_bad_input_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.jsonl"):
        list(read_records(tmp_path / "nowhere.jsonl"))


def test_a_last_line_that_is_half_there_is_left_out_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS)
    whole = path.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    for end in (last + 1, last + 30, len(whole) - 2):
        path.write_bytes(whole[:end])
        assert torn_line(tmp_path)
        assert len(list(read_records(path))) == len(RECORDS) - 1
    for end in (last, len(whole) - 1, len(whole)):  # after a line, without the last line break, and whole
        path.write_bytes(whole[:end])
        assert not torn_line(tmp_path)
        assert len(list(read_records(path))) == len(RECORDS) - (end == last)
    path.write_bytes(b"")
    assert not torn_line(tmp_path)


def test_a_torn_line_longer_than_the_blocks_in_which_it_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(to_line(ABSENCE).encode() + b'\n{"record":"' + b"x" * 300_000)
    assert torn_line(tmp_path)
    assert len(list(read_records(path))) == 1


def test_half_a_line_before_others_is_no_torn_last_line(tmp_path: Path) -> None:
    lines = [to_line(record).encode() for record in RECORDS]
    (tmp_path / "records.jsonl").write_bytes(b"\n".join([lines[0][:50], *lines[1:]]))
    with pytest.raises(BadInput, match="line 1"):
        list(read_records(tmp_path))


def test_a_plain_network_is_written_as_it_always_was_and_others_say_what_they_are() -> None:
    """So the records of a study that an older version ran are those of this one, byte for byte."""
    assert not {"dropout", "norm", "residual"} & json.loads(to_line(FIT))["network"]["shape"].keys()
    shape = replace(FIT.network.shape, trunk=(4, 8), dropout=0.1, norm="layer", residual=True)
    fit = replace(FIT, network=replace(FIT.network, shape=shape))
    assert same(from_line(to_line(fit)), fit)
    planned = next(r for r in RECORDS if isinstance(r, PlannedArm))
    assert "dropout" not in to_line(planned)
    for record in (FIT, planned):
        assert not any(name in to_line(record) for name in ("checkpoint", "best_epochs", "served_parameters"))
    assert same(from_line(to_line(replace(planned, shapes=(shape,)))), replace(planned, shapes=(shape,)))


def test_records_say_how_losses_are_weighed_only_where_a_method_does() -> None:
    planned = next(r for r in RECORDS if isinstance(r, PlannedArm))
    tuned = next(r for r in RECORDS if isinstance(r, TunedArm))
    assert not [line for line in map(to_line, RECORDS) if "weighting" in line]
    weighted = replace(planned, arm=replace(planned.arm, weighting="pcgrad"), weighting_flops=12)
    network = replace(FIT.network, recipe=replace(FIT.network.recipe, weighting="pcgrad"))
    trials = ((replace(tuned.trials[0][0], arm=replace(tuned.trials[0][0].arm, weighting="uw")), *tuned.trials[0][1:]),)
    for record in (weighted, replace(FIT, network=network), replace(tuned, trials=trials)):
        assert same(from_line(to_line(record)), record)
    with pytest.raises(ValueError, match=r"network\.recipe\.weighting"):
        from_line(to_line(replace(FIT, network=network)).replace("pcgrad", "pcgrave"))


def test_a_fit_with_a_best_epoch_of_each_output_is_read_as_it_was_written() -> None:
    recipe = replace(FIT.network.recipe, checkpoint="output")
    best = tuple(range(len(FIT.network.group)))
    fit = replace(FIT, network=replace(FIT.network, recipe=recipe), best_epochs=best, best_epoch=best[-1])
    assert same(from_line(to_line(fit)), fit)
    with pytest.raises(ValueError, match="best_epochs must be one for each output, the last of them best_epoch"):
        from_line(to_line(replace(fit, best_epochs=(*best, 9))))
    planned = next(r for r in RECORDS if isinstance(r, PlannedArm))
    planned = replace(planned, arm=replace(planned.arm, checkpoint="output"), served_parameters=99)
    assert same(from_line(to_line(planned)), planned)
