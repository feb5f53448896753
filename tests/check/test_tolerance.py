"""What an output may lose is the baseline's to say, and a baseline that lost a list holds nothing silently."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checked_runs import Check, copy_of
from jointbench.records import Fit, Record
from jointbench.records.store import read_records


def worse(run: Path, folder: Path, factor: float, **about: Any) -> Path:
    """The run with every error so many times as large."""

    def changed(record: Record) -> Record:
        if not isinstance(record, Fit):
            return record
        return replace(record, scores=tuple(replace(s, error=s.error * factor) for s in record.scores))

    return copy_of(run, folder, map(changed, read_records(run / "records.jsonl")), **about)


def test_a_run_asked_with_a_wide_region_is_held_to_the_baseline_s(
    check: Check, run: Path, baseline: Path, tmp_path: Path
) -> None:
    lenient = worse(run, tmp_path / "run", 1.5, rope=0.9)
    done = check(lenient, "--baseline", baseline)
    assert done.code == 1
    assert "asked with --rope 0.9; its skills are held to the baseline's 0.01" in " ".join(done.out.split())


def test_a_baseline_of_a_run_asked_with_a_wide_region_allows_it(check: Check, run: Path, tmp_path: Path) -> None:
    check(copy_of(run, tmp_path / "wide", rope=0.4), "--write-baseline", tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text())["rope"] == 0.4
    assert check(worse(run, tmp_path / "worse", 1.2), "--baseline", tmp_path / "b.json").code == 0
    assert check(worse(run, tmp_path / "broken", 3.0), "--baseline", tmp_path / "b.json").code == 1


@pytest.mark.parametrize("left", [0, 1])
def test_skills_of_data_that_the_baseline_does_not_describe_did_not_run(
    check: Check, run: Path, baseline: Path, tmp_path: Path, left: int
) -> None:
    body = json.loads(baseline.read_text())
    body["data"] = body["data"][:left]
    (tmp_path / "b.json").write_text(json.dumps(body))
    done = check(run, "--baseline", tmp_path / "b.json", "--format", "json")
    assert done.code == 4
    unknown = {f["site"]["dataset"] for f in json.loads(done.out)["findings"] if "does not say" in f["reason"]}
    assert unknown == {"concrete_slump", "wine_quality"} - {data["dataset"] for data in body["data"]}
