"""What a record may hold: ranges, shapes, types, and what it says of other records. One sentence names the field."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_run
from jointbench.errors import BadInput
from jointbench.records import Record
from jointbench.records.store import NOUNS, read_records, to_line

RECORDS = [*tiny_run.records(), *tiny_run.search()]
LINES = [json.loads(to_line(record)) for record in RECORDS]


def first(noun: str) -> int:
    return next(i for i, line in enumerate(LINES) if line["record"] == noun)


def stored(values: object, kind: str = "float64", **changes: object) -> dict[str, object]:
    """An array as the file has it."""
    array = np.array(values, kind)
    return {
        "shape": list(array.shape),
        "dtype": kind,
        "base64": base64.b64encode(array.tobytes()).decode(),
        **changes,
    }


def complaint(folder: Path, lines: list[dict[str, Any]]) -> str:
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        list(read_records(path))
    message = str(caught.value)
    assert message.startswith(f"{path}, line ")
    assert len(message.splitlines()) == 1
    return message


CANDIDATES = LINES[first("Search")]["candidates"]
SCREEN = {"overlaps": [0.5], "train_flops": 1, "seconds": 1.0, "failure": None}
FOUR = [[1.0, 1.0]] * 4
FIELDS: list[tuple[str, dict[str, object], str]] = [
    ("Fit", {"epochs": -1}, "epochs: Input should be greater than or equal to 0"),
    ("Fit", {"epochs": 0}, "epochs must be above 0"),
    ("Fit", {"train_flops": 0}, "epochs must be above 0, as steps, parameters and FLOPs"),
    ("Fit", {"steps": True}, "steps: Input should be a valid integer"),
    ("Fit", {"steps": 9.0}, "steps: Input should be a valid integer"),
    ("Fit", {"steps": "9"}, "steps: Input should be a valid integer"),
    ("Fit", {"parameters": 2**63}, "parameters: Input should be less than"),
    ("Fit", {"parameters": 10**400}, "parameters: Input should be less than"),
    ("Fit", {"best_epoch": 4}, "best_epoch must be one of the epochs"),
    ("Fit", {"stopped_by": "boredom"}, "stopped_by: Input should be 'patience' or 'limit'"),
    ("Fit", {"scores": [{"output": "x", "error": 1.0, "metrics": {}}]}, "scores must be of the network's outputs"),
    ("Fit", {"scores": [{"output": "type", "error": float("inf"), "metrics": {}}]}, "scores.0.error: Input should be"),
    ("Fit", {"scores": [{"output": "type", "error": -1.0, "metrics": {}}]}, "scores.0.error: Input should be"),
    ("Fit", {"scores": [{"output": "type", "error": 1e308, "metrics": {}}]}, "scores.0.error: Input should be"),
    ("Fit", {"scores": [{"output": "type", "error": 1, "metrics": {"a": float("nan")}}]}, "scores.0.metrics.a: Input"),
    ("Fit", {"validation_loss": stored([[1.0], [1.0], [1.0]])}, "validation_loss must have a row for each epoch"),
    ("Fit", {"validation_loss": stored(FOUR)}, "validation_loss must have a row for each epoch"),
    ("Fit", {"validation_loss": stored([1.0])}, "validation_loss.shape: List should have at least 2 items"),
    ("Fit", {"validation_loss": stored(FOUR, shape=[9, 9])}, "validation_loss: 64 bytes do not fill the shape [9, 9]"),
    ("Fit", {"validation_loss": stored(FOUR, shape=[-4, -2])}, "validation_loss.shape.0: Input should be greater"),
    ("Fit", {"validation_loss": stored(FOUR, shape=[2**62, 2])}, "validation_loss.shape.0: Input should be less"),
    (
        "Fit",
        {"validation_loss": stored(FOUR, dtype="datetime64[s]")},
        "validation_loss.dtype: Input should be 'float64'",
    ),
    ("Fit", {"validation_loss": stored(FOUR, dtype="object")}, "validation_loss.dtype: Input should be 'float64'"),
    ("Fit", {"validation_loss": stored(FOUR, base64="!")}, "validation_loss: it is not base64"),
    ("Fit", {"validation_loss": stored(FOUR, more=1)}, "validation_loss.more: Extra inputs are not permitted"),
    ("Fit", {"epoch_seconds": stored([-1.0])}, "epoch_seconds: it holds a value outside 0 to 1e+09"),
    ("Fit", {"predictions": stored(np.zeros((3, 2)), "float32")}, "predictions must have a row for each test row"),
    ("Fit", {"surprise": 1}, "surprise: this jointbench knows no such field"),
    ("Tuning", {"trials": []}, "trials: "),
    ("Tuning", {"arm": "another"}, "no Assembly record of arm 'another'"),
    ("Search", {"arm": "another"}, "no Assembly record of arm 'another'"),
    ("Search", {"candidates": CANDIDATES[:2]}, "candidates must hold all outputs of wine together"),
    (
        "Search",
        {"candidates": CANDIDATES[1:]},
        "candidates must hold each output of the largest one alone, in every run",
    ),
    ("Search", {"candidates": CANDIDATES * 2}, "candidates must be of different groups"),
    ("Search", {"screens": [SCREEN]}, "screens must be one for each run, of every pair"),
    ("Search", {"screens": [SCREEN | {"overlaps": [0.5, 0.5]}] * 3}, "screens must be one for each run, of every pair"),
    ("Search", {"screens": [SCREEN | {"overlaps": [1.5]}] * 3}, "overlaps"),
    ("Search", {"candidates": [c | {"network_ids": c["network_ids"][:2]} for c in CANDIDATES]}, "the 3 runs"),
    ("Search", {"candidates": [CANDIDATES[0] | {"parameters": 0}, *CANDIDATES[1:]]}, "parameters: Input should be"),
    ("Fold", {"fold": -1}, "fold: Input should be greater than or equal to 0"),
    ("Fold", {"fold": True}, "fold: Input should be a valid integer"),
    ("Fold", {"fold": 3}, "fold must lie below the number of folds"),
    ("Fold", {"folds": 0}, "folds: Input should be greater than or equal to 1"),
    ("Fold", {"no_skill_error": [1.0]}, "no_skill_error must have one number for each output"),
    ("Fold", {"no_skill_error": [1.0, None]}, "no_skill_error.1: Input should be a valid number"),
    ("Fold", {"outputs": []}, "outputs: Tuple should have at least 1 item"),
    ("Fold", {"test": stored([-1, 0, 1, 2], "int64")}, "test: it holds a value outside 0 to"),
    ("Fold", {"test": stored([1, 1, 1, 2], "int64")}, "test must name rows, each once"),
    ("Fold", {"test": stored([0.0, 1, 2, 3])}, "test.dtype: Input should be 'int64' or 'int32'"),
    ("Fold", {"weights": stored([[1.0]] * 4)}, "weights must have a row for each test row and a column for each"),
    ("Fold", {"weights": stored([[np.nan, 1.0]] * 4)}, "weights: it holds a value outside 0 to 1"),
    ("Fold", {"observed": stored([[np.inf, 1.0]] * 4)}, "observed: it holds a value outside"),
    (
        "Assembly",
        {"train_flops_per_row": 0},
        "parameters must be above 0, as FLOPs, of networks that were trained here",
    ),
    ("Assembly", {"train_flops_per_row": -1}, "train_flops_per_row: Input should be greater than or equal to 0"),
    ("Assembly", {"network_ids": []}, "network_ids: Tuple should have at least 1 item"),
    ("Assembly", {"network_ids": ["a", "a", "a"]}, "network_ids must be distinct"),
    ("Assembly", {"shapes": [LINES[first("Assembly")]["shapes"][0]] * 2}, "shapes must be as many as groups"),
    ("StatedCost", {"value": 0}, "value: Input should be greater than 0"),
    ("Assembly", {"engine": "steam"}, "engine: Input should be 'stock', 'stacked' or 'external'"),
    ("Timing", {"block": -1}, "block: Input should be greater than or equal to 1"),
    ("Timing", {"block": 0}, "block: Input should be greater than or equal to 1"),
    ("Timing", {"block": 1e308}, "block: Input should be a valid integer"),
    ("Timing", {"block": 7}, "block must divide the visits"),
    ("Timing", {"order": [9] * 48}, "order must name every participant, and nothing else"),
    ("Timing", {"order": []}, "order: Tuple should have at least 1 item"),
    ("Timing", {"seconds": stored([[0.0]] * 48)}, "seconds: it holds a value outside 1e-12 to 1e+09"),
    ("Timing", {"seconds": stored([[1.0]] * 47)}, "seconds must have a row for each visit"),
    ("Timing", {"seconds": stored(np.ones((48, 0)))}, "seconds must have a row for each visit, with a number in it"),
    ("Timing", {"load": stored([0.0])}, "load must have one number for each block"),
    ("Energy", {"joules": stored([0.0] * 12)}, "joules: it holds a value outside 1e-12 to 1e+12"),
    ("Energy", {"joules": stored([1.0] * 11)}, "joules must have one number for each visit, as seconds"),
    ("Energy", {"order": [2] * 12}, "order must name every variant, and nothing else"),
    ("Energy", {"block": 5}, "block must divide the visits"),
    ("Energy", {"idle_watts": -1}, "idle_watts: Input should be greater than or equal to 0"),
    ("Timing", {"participants": LINES[first("Timing")]["participants"][:1] * 3}, "participants must be distinct"),
    ("Timing", {"copied": [{"to_device": 4, "to_host": 4}]}, "copied must be one for each participant, or none"),
    ("Timing", {"copied": [{"to_device": -4, "to_host": 4}] * 3}, "copied.0.to_device: Input should be greater"),
    ("Timing", {"disturbed": "yes"}, "disturbed: Input should be a valid boolean"),
    ("Reference", {"output": "type"}, "score must be of the record's output"),
    ("Memory", {"artifact_bytes": -1}, "artifact_bytes: Input should be greater than or equal to 0"),
    ("Stack", {"seconds": float("nan")}, "seconds: Input should be"),
    ("ColdStart", {"arm": ["joint"]}, "arm: Input should be a valid string"),
]


@pytest.mark.parametrize(("noun", "change", "words"), FIELDS, ids=lambda value: str(value)[:60])
def test_a_field_out_of_range_is_named_with_its_line(
    tmp_path: Path, noun: str, change: dict[str, object], words: str
) -> None:
    position = first(noun)
    changed = [*LINES[:position], LINES[position] | change, *LINES[position + 1 :]]
    message = complaint(tmp_path, changed)
    assert f"line {position + 1}, " in message
    assert words in message


REFERENCES: list[tuple[str, Callable[[dict[str, Any]], bool], str]] = [
    (
        "no Fold record",
        lambda line: line["record"] != "Fold",
        "no Fold record of wine, repeat 0, fold 0, stands before",
    ),
    (
        "one Fold record too few",
        lambda line: line["record"] != "Fold" or line["fold"] != 2,
        "no Fold record of wine, repeat 0, fold 2, stands before",
    ),
    (
        "no planned arm",
        lambda line: line["record"] not in ("Assembly", "Tuning", "Search"),
        "before it names the network",
    ),
    ("only planned arms", lambda line: line["record"] == "Assembly", "no Fold record of wine stands before"),
    (
        "one planned arm too few",
        lambda line: line["record"] != "Assembly" or line["arm"]["name"] != "separate",
        "before it names the network",
    ),
]


@pytest.mark.parametrize(("keep", "words"), [row[1:] for row in REFERENCES], ids=[row[0] for row in REFERENCES])
def test_a_record_without_the_one_it_refers_to_is_refused(
    tmp_path: Path, keep: Callable[[dict[str, Any]], bool], words: str
) -> None:
    assert words in complaint(tmp_path, [line for line in LINES if keep(line)])


@pytest.mark.parametrize("noun", ["Fold", "Assembly", "Fit"])
def test_a_record_that_is_there_twice_is_refused(tmp_path: Path, noun: str) -> None:
    """Two runs into one folder leave such a file."""
    position = first(noun)
    message = complaint(tmp_path, [*LINES, LINES[position]])
    assert f"line {len(LINES) + 1}, " in message
    assert f"has a{'n Assembly' if noun == 'Assembly' else ' ' + noun} record already" in message


@pytest.mark.parametrize(
    ("noun", "change", "words"),
    [
        ("Fit", {"network": LINES[first("Fit")]["network"] | {"seed": 1}}, "before it names the network"),
        ("Fit", {"network": LINES[first("Fit")]["network"] | {"dataset": "beer"}}, "no Fold record of beer"),
        ("Timing", {"device": "cuda"}, "no Assembly record of arm 'joint' on wine, torch on cuda"),
        ("Stack", {"network_ids": ["nobody"]}, "names the network nobody"),
        ("Fold", {"outputs": ["x", "type"]}, "outputs must be those of the other folds of wine"),
        ("Fold", {"folds": 4}, "folds must be the 4 of the other folds of wine"),
        ("Assembly", {"arm": LINES[first("Assembly")]["arm"] | {"groups": [["type"]]}}, "must divide all outputs"),
    ],
)
def test_what_does_not_agree_with_earlier_records_is_refused(
    tmp_path: Path, noun: str, change: dict[str, object], words: str
) -> None:
    position = first(noun)
    assert words in complaint(tmp_path, [*LINES[:position], LINES[position] | change, *LINES[position + 1 :]])


def test_names_from_the_file_cannot_break_the_sentence(tmp_path: Path) -> None:
    """A field's name with line breaks and terminal escapes is shown, not obeyed."""
    message = complaint(tmp_path, [LINES[0] | {"x\n\x1b[31m" + "y" * 500: 1}])
    assert "\x1b" not in message
    assert r"x\n\x1b[31my" in message
    assert len(message) < 400 + len(str(tmp_path))


def test_every_noun_has_a_field_that_is_tried() -> None:
    assert {noun for noun, _, _ in FIELDS} >= set(NOUNS) - {"Projection", "Absence"}


def test_the_untouched_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    records: list[Record] = list(read_records(path))
    assert len(records) == len(RECORDS)
