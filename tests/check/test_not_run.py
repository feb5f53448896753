"""What the baseline holds and the run lacks: exit code 4, with the reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from checked_runs import Check, copy_of
from jointbench.records import Fit, NotMeasured, PlannedArm, Stack
from jointbench.records.store import read_records


def test_a_skipped_dataset_is_exit_code_4(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    others = [record for record in read_records(run / "records.jsonl") if "concrete_slump" not in repr(record)[:300]]
    about = json.loads((run / "environment.json").read_text())
    datasets = [data for data in about["datasets"] if data["slug"] != "concrete_slump"]
    skipped = copy_of(run, tmp_path / "run", others, datasets=datasets)
    done = check(skipped, "--baseline", baseline)
    assert done.code == 4
    assert "concrete_slump, torch on cpu" in done.out
    assert "was not asked for" in done.out


def test_a_failed_training_is_exit_code_4_with_its_reason(
    check: Check, run: Path, baseline: Path, tmp_path: Path
) -> None:
    def broken(record: object) -> object:
        if not isinstance(record, Fit) or len(record.network.group) > 1 or record.network.dataset != "wine_quality":
            return record
        return (
            replace(record, scores=(), failure="the loss is not finite in epoch 2")
            if record.network.fold == 0
            else record
        )

    records = [broken(record) for record in read_records(run / "records.jsonl")]
    failed = copy_of(run, tmp_path / "run", records)  # type: ignore[arg-type]  # records, changed or not
    done = check(failed, "--baseline", baseline, "--format", "json")
    assert done.code == 4
    assert ("not run", "wine_quality", "separate", "skill of type") in done.failed
    assert "the loss is not finite in epoch 2" in done.out


def test_an_absent_backend_says_why(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    records = [
        record for record in read_records(run / "records.jsonl") if not isinstance(record, Fit | PlannedArm | Stack)
    ]
    absent = [
        *records,
        *(NotMeasured(slug, "torch", "cpu", "torch is not installed") for slug in ("concrete_slump", "wine_quality")),
    ]
    done = check(copy_of(run, tmp_path / "run", absent), "--baseline", baseline)
    assert done.code == 4
    assert "torch is not installed" in done.out


def test_did_not_run_outranks_a_regression(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    wider = [
        replace(r, parameters=r.parameters + 1) if isinstance(r, PlannedArm) else r
        for r in read_records(run / "records.jsonl")
    ]
    assert check(copy_of(run, tmp_path / "wider", wider), "--baseline", baseline).code == 1
    body = json.loads(baseline.read_text())
    body["sizes"].append({**body["sizes"][0], "quantity": "wheels"})
    (tmp_path / "more.json").write_text(json.dumps(body))
    assert check(tmp_path / "wider", "--baseline", tmp_path / "more.json").code == 4


def test_other_folds_are_not_comparable(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    body = json.loads(baseline.read_text())
    body["data"] = [{**data, "splits": "0" * 16} for data in body["data"]]
    (tmp_path / "b.json").write_text(json.dumps(body))
    done = check(run, "--baseline", tmp_path / "b.json", "--format", "json")
    assert done.code == 4
    assert "the folds are other ones" in done.out


def test_only_backend_narrows_the_baseline(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    body = json.loads(baseline.read_text())
    for key in ("sizes", "skills"):
        body[key] += [{**entry, "backend": "tensorflow"} for entry in body[key]]
    both.write_text(json.dumps(body))
    assert check(run, "--baseline", both).code == 4
    assert check(run, "--baseline", both, "--only-backend", "torch").code == 0
    wrong = check(run, "--baseline", both, "--only-backend", "jax")
    assert (wrong.code, "tensorflow, torch" in wrong.err) == (2, True)
