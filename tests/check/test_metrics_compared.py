"""Skills made of other errors, or of rows that weigh otherwise, are not compared, and the reason is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checked_runs import Check, copy_of
from jointbench.records import FoldRecord
from jointbench.records.store import read_records


def reasons(check: Check, run: Path, baseline: Path) -> dict[str, str]:
    """By quantity of wine_quality's joint arm, why it was not compared."""
    findings = json.loads(check(run, "--baseline", baseline, "--format", "json").out)["findings"]
    return {
        finding["quantity"]: finding["reason"]
        for finding in findings
        if finding["site"]["dataset"] == "wine_quality"
        and finding["site"]["arm"] == "joint"
        and finding["gate"] == "quality"
        and finding["state"] == "not run"
    }


def rewritten(baseline: Path, path: Path, **changes: dict[str, Any]) -> Path:
    """The baseline with fields of its skills of ``type`` ("skills") or of its datasets ("data") changed or, None, gone."""
    body = json.loads(baseline.read_text())
    for part, fields in changes.items():
        for entry in body[part]:
            for name, value in fields.items():
                if value is None:
                    entry.pop(name)
                elif part == "data" or entry["output"] == "type":
                    entry[name] = value
    path.write_text(json.dumps(body))
    return path


def test_a_baseline_says_what_each_skill_is_made_of(baseline: Path) -> None:
    skills = json.loads(baseline.read_text())["skills"]
    assert {(skill["output"], skill["metric"]) for skill in skills if skill["dataset"] == "wine_quality"} == {
        ("quality", "squared"),
        ("type", "brier"),
    }


def test_skills_of_other_errors_are_not_compared(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    records = [
        replace(record, scored=tuple(replace(o, metric="log") if o.metric == "brier" else o for o in record.scored))
        if isinstance(record, FoldRecord)
        else record
        for record in read_records(run / "records.jsonl")
    ]
    other = copy_of(run, tmp_path / "log", records)
    expected = "the baseline's skill is made of brier errors, the run's of log"
    assert reasons(check, other, baseline) == {"skill of type": expected}
    assert reasons(check, run, baseline) == {}


def test_an_older_baseline_of_classes_was_of_log_loss(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    older = rewritten(baseline, tmp_path / "older.json", skills={"metric": None}, data={"weights": None})
    said = reasons(check, run, older)
    assert said == {"skill of type": "the baseline's skill is made of log errors, the run's of brier"}


@pytest.mark.parametrize("weights", ["--weight cases", "--class-weight balanced"])
def test_rows_that_weigh_otherwise_are_not_compared(
    check: Check, run: Path, baseline: Path, tmp_path: Path, weights: str
) -> None:
    other = rewritten(baseline, tmp_path / "weighted.json", data={"weights": weights})
    said = reasons(check, run, other)
    assert set(said) == {"skill of quality", "skill of type"}
    assert all(f"by {weights} in the baseline, by no option in the run" in reason for reason in said.values())
