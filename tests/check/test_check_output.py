"""Where a check's results go: annotations, comments, and the baseline file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checked_runs import Check, copy_of
from jointbench.records import PlannedArm
from jointbench.records.store import read_records


def test_github_gets_an_annotation_for_each_failure(
    check: Check, run: Path, baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    wider = [
        replace(r, parameters=r.parameters + 1) if isinstance(r, PlannedArm) else r
        for r in read_records(run / "records.jsonl")
    ]
    done = check(copy_of(run, tmp_path / "run", wider), "--baseline", baseline, "--format", "markdown")
    assert done.code == 1
    annotations = [line for line in done.err.splitlines() if line.startswith("::error title=jointbench")]
    assert len(annotations) == 6
    assert all(line.count("::") == 2 and "parameters: it grew from" in line for line in annotations)
    assert "::" not in done.out
    assert done.out.count("| regressed |") == 6


def test_a_hostile_name_stays_text(
    check: Check, run: Path, baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output of a user's table may be called anything; a comment and an annotation show it and obey nothing."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    evil = "a|b <img src=x> @everyone %0A::error::x\n::warning::y"
    body = json.loads(baseline.read_text())
    body["skills"] = [{**entry, "output": evil} for entry in body["skills"][:1]] + body["skills"][1:]
    (tmp_path / "b.json").write_text(json.dumps(body))
    done = check(run, "--baseline", tmp_path / "b.json", "--format", "markdown")
    assert done.code == 4
    assert "<img" not in done.out
    assert "@everyone" not in done.out
    assert len([line for line in done.err.splitlines() if line.startswith("::")]) == 1


def test_the_file_has_a_line_for_each_quantity_and_is_written_the_same_way_twice(
    check: Check, run: Path, baseline: Path, tmp_path: Path
) -> None:
    check(run, "--write-baseline", tmp_path / "again.json")
    text = baseline.read_text()
    assert (tmp_path / "again.json").read_text() == text
    body = json.loads(text)
    entries = [line for line in text.splitlines() if line.startswith("  {")]
    assert len(entries) == len(body["sizes"]) + len(body["skills"]) + len(body["data"])
    assert body["schema_version"] == 1
    assert body["origin"]["profile"] == "smoke"
    # 2 datasets x (3 arms x 4 counts + compilations); skills of 3 + 2 outputs in 3 arms
    assert (len(body["sizes"]), len(body["skills"])) == (2 * 13, 15)
