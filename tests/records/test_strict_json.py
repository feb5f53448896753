"""JSON that any parser reads: numbers that are undefined and names that no file can hold are replaced."""

from __future__ import annotations

import json

import pytest

from jointbench.records.strict_json import strict_json, well_formed


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (float("nan"), None),
        ({"a": [float("inf"), 1.5]}, {"a": [None, 1.5]}),
        ({"caf\udce9": ("\udce9", "é🙂")}, {"caf\ufffd": ["\ufffd", "é🙂"]}),
    ],
)
def test_the_text_is_read_back(value: object, read: object) -> None:
    text = strict_json(value)
    assert json.loads(text) == read
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")


def test_a_name_that_utf_8_can_write_stays() -> None:
    assert well_formed("日本 é 🙂") == "日本 é 🙂"
    assert well_formed("caf\udce9") == "caf\N{REPLACEMENT CHARACTER}"
