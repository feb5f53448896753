"""Input that the check cannot use is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from checked_runs import Check


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--baseline", "missing.json"], ["missing.json", "cannot be read", "--write-baseline"]),
        (["--baseline", "FOREIGN"], ["foreign.json", "not a jointbench baseline"]),
        (["--baseline", "TORN"], ["torn.json", "not JSON"]),
        (["--baseline", "NEWER"], ["newer.json", "schema version 99"]),
        (["--baseline", "NAN"], ["nan.json"]),
        (["--baseline", "PROFILE"], ["profile smoke", "profile quick", "--profile quick"]),
        (["--baseline", "FOLDS"], ["wine_quality", "folds 2", "--folds 5"]),
        (["--baseline", "GOOD", "--require-cost"], ["--require-cost", "smoke"]),
        (["--baseline", "GOOD", "--format", "xml"], ["--format", "xml", "markdown"]),
        ([], ["--baseline", "--write-baseline"]),
    ],
)
def test_bad_input_is_one_sentence(
    check: Check, run: Path, baseline: Path, tmp_path: Path, words: list[str], names: list[str]
) -> None:
    text = baseline.read_text()
    files = {
        "FOREIGN": '{"a": [1]}',
        "TORN": text[:200],
        "GOOD": text,
        "NEWER": text.replace('"schema_version": 1', '"schema_version": 99'),
        "NAN": text.replace('"per_fold": [0', '"per_fold": [NaN, 0'),
        "PROFILE": text.replace('"profile": "smoke"', '"profile": "quick"'),
        "FOLDS": text.replace('"dataset": "wine_quality", "folds": 2', '"dataset": "wine_quality", "folds": 5'),
    }
    for name, content in files.items():
        (tmp_path / f"{name.lower()}.json").write_text(content)
    arguments = [str(tmp_path / f"{word.lower()}.json") if word in files else word for word in words]
    done = check(run, *arguments)
    assert done.code == 2
    assert done.err.count("\n") == 1, done.err
    for name in names:
        assert name in done.err


def test_a_folder_without_a_run_writes_nothing(check: Check, tmp_path: Path) -> None:
    done = check(tmp_path, "--write-baseline", tmp_path / "b.json")
    assert done.code == 2
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize("content", ["a,b\n1,2\n", '{"mine": 1}', "[1]", '"text"'])
def test_a_file_of_the_users_is_not_replaced_by_a_baseline(
    check: Check, run: Path, tmp_path: Path, content: str
) -> None:
    mine = tmp_path / "mine"
    mine.write_text(content)
    done = check(run, "--write-baseline", mine)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "is no baseline; name another file, nothing was overwritten" in done.err
    assert mine.read_text() == content


@pytest.mark.parametrize(("old", "new"), [("", ""), ('"schema_version": 1', '"schema_version": 99')])
def test_an_empty_file_and_a_baseline_of_any_version_are_replaced(
    check: Check, run: Path, baseline: Path, tmp_path: Path, old: str, new: str
) -> None:
    again = tmp_path / "again.json"
    again.write_text(baseline.read_text().replace(old, new) if old else "")
    assert check(run, "--write-baseline", again).code == 0
    assert again.read_text() == baseline.read_text()
