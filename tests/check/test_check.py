"""`jointbench check`: every kind of regression, planted in a run, is found and named; nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checked_runs import Check, Train, copy_of, timed
from jointbench.records import Fit, Memory, Stack
from jointbench.records.store import read_records
from jointbench.study.plan import Experiment

TRUNK = "training FLOPs per step", "inference FLOPs per row", "parameters"


def test_a_rerun_of_the_same_code_passes(check: Check, baseline: Path, train: Train) -> None:
    again = train(lambda experiment: experiment)
    done = check(again, "--baseline", baseline, "--format", "json")
    assert done.code == 0
    assert done.failed == set()
    off = json.loads(done.out)["off"]
    assert set(off) == {"cost", "time"}
    assert "smoke" in off["cost"]


@pytest.mark.slow
def test_a_wider_trunk_is_named_by_every_count_that_it_moves(check: Check, baseline: Path, train: Train) -> None:
    def wider(experiment: Experiment) -> Experiment:
        trunk = (experiment.shape.trunk[0] + 1, *experiment.shape.trunk[1:])
        return replace(experiment, shape=replace(experiment.shape, trunk=trunk))

    done = check(train(wider), "--baseline", baseline, "--format", "json")
    assert done.code == 1
    named = {
        (arm, quantity)
        for state, dataset, arm, quantity in done.failed
        if dataset == "wine_quality" and state == "regressed"
    }
    assert {(arm, quantity) for arm in ("joint", "separate") for quantity in TRUNK} <= named
    assert {dataset for _, dataset, *_ in done.failed} == {"wine_quality"}


def test_a_dropped_loss_term_is_named_by_its_output(check: Check, baseline: Path, train: Train) -> None:
    """A joint network that no longer learns one of its outputs."""

    def dropped(experiment: Experiment) -> Experiment:
        return replace(experiment, recipe=replace(experiment.recipe, loss_weights=(("type", 1e-9),)))

    done = check(train(dropped), "--baseline", baseline, "--format", "json")
    assert done.code == 1
    assert ("regressed", "wine_quality", "joint", "skill of type") in done.failed
    assert {(dataset, quantity) for _, dataset, _, quantity in done.failed} == {("wine_quality", "skill of type")}


@pytest.mark.slow
def test_a_lower_learning_rate_is_named_by_what_it_hurts(check: Check, baseline: Path, train: Train) -> None:
    def slower(experiment: Experiment) -> Experiment:
        return replace(experiment, recipe=replace(experiment.recipe, learning_rate=experiment.recipe.learning_rate / 5))

    done = check(train(slower), "--baseline", baseline, "--format", "json")
    assert done.code == 1
    assert ("regressed", "wine_quality", "joint", "skill of type") in done.failed
    assert all(dataset == "wine_quality" and quantity.startswith("skill") for _, dataset, _, quantity in done.failed)


def test_one_output_that_lost_a_tenth_of_its_skill_is_named_alone(
    check: Check, run: Path, baseline: Path, tmp_path: Path
) -> None:
    def worse(record: object) -> object:
        if not isinstance(record, Fit) or record.network.dataset != "concrete_slump" or len(record.network.group) != 3:
            return record
        # Errors of concrete_slump's strength are about 60, of no skill: a tenth of skill is about 6.
        scores = tuple(replace(s, error=s.error + 0.1 * 61.0) if s.output == "strength" else s for s in record.scores)
        return replace(record, scores=scores)

    records = [worse(record) for record in read_records(run / "records.jsonl")]
    changed = copy_of(run, tmp_path / "run", records)  # type: ignore[arg-type]  # records, changed or not
    done = check(changed, "--baseline", baseline, "--format", "json")
    assert done.code == 1
    assert done.failed == {("regressed", "concrete_slump", "joint", "skill of strength")}


def test_a_slower_inference_path_is_named(check: Check, run: Path, tmp_path: Path) -> None:
    base = timed(run, tmp_path / "base", seed=1)
    assert check(base, "--write-baseline", tmp_path / "b.json").code == 0
    unchanged = check(timed(run, tmp_path / "same", seed=2), "--baseline", tmp_path / "b.json", "--format", "json")
    assert unchanged.code == 0
    done = check(
        timed(run, tmp_path / "slow", seed=3, slower=2.0), "--baseline", tmp_path / "b.json", "--format", "json"
    )
    assert done.code == 1
    regressed = {
        (arm, quantity) for state, _, arm, quantity in done.failed if state == "regressed" and " : " in quantity
    }
    assert regressed == {
        (arm, f"request, batch {batch} (in turn, all cores), joint : {arm}")
        for arm in ("separate", "separate-matched")
        for batch in (1, 64)
    }


def test_seconds_are_soft_unless_asked_for_and_only_on_one_machine(check: Check, run: Path, tmp_path: Path) -> None:
    """Requests of the joint arm that take 1.4 times as long as before; the cost gate sees them as well."""
    base = timed(run, tmp_path / "base", seed=1)
    check(base, "--write-baseline", tmp_path / "b.json")
    body = json.loads((tmp_path / "b.json").read_text())
    body["ratios"] = []
    (tmp_path / "b.json").write_text(json.dumps(body))
    slow = timed(run, tmp_path / "slow", seed=2, slower=1.4)
    assert check(slow, "--baseline", tmp_path / "b.json").code == 0
    strict = check(slow, "--baseline", tmp_path / "b.json", "--strict-time", "--format", "json")
    assert strict.code == 1
    assert ("regressed", "wine_quality", "joint", "request, batch 1 (in turn, all cores)") in strict.failed
    machine = {"CPU": "another", "physical cores": "64"}
    elsewhere = timed(run, tmp_path / "elsewhere", seed=2, slower=1.4, machine=machine)
    done = check(elsewhere, "--baseline", tmp_path / "b.json", "--strict-time", "--format", "json")
    assert done.code == 0
    assert "another machine" in json.loads(done.out)["off"]["time"]


def test_a_cost_too_noisy_to_judge_says_so_and_fails_only_when_required(
    check: Check, run: Path, tmp_path: Path
) -> None:
    check(timed(run, tmp_path / "base", seed=1, noise=0.4), "--write-baseline", tmp_path / "b.json")
    again = timed(run, tmp_path / "again", seed=2, noise=0.4)
    assert check(again, "--baseline", tmp_path / "b.json").code == 0
    done = check(again, "--baseline", tmp_path / "b.json", "--require-cost", "--format", "json")
    assert done.code == 3
    assert {state for state, *_ in done.failed} == {"too noisy"}


def test_one_program_more_is_named(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    records = list(read_records(run / "records.jsonl"))
    first = next(record for record in records if isinstance(record, Stack))
    changed = [replace(record, compilations=1) if record is first else record for record in records]
    done = check(copy_of(run, tmp_path / "run", changed), "--baseline", baseline, "--format", "json")
    assert done.code == 1
    assert done.failed == {("regressed", first.dataset, "", "compilations")}


def test_a_stack_that_was_cut_counts_once_whoever_compiled_it(check: Check, run: Path, tmp_path: Path) -> None:
    """Two workers that each take a part compile twice, one that takes both compiles once."""
    records = list(read_records(run / "records.jsonl"))
    stack = next(r for r in records if isinstance(r, Stack) and len(r.network_ids) > 1)
    rest = [record for record in records if record is not stack]
    fold = {fit.network.id: fit.network.fold for fit in records if isinstance(fit, Fit)}
    first, last = (tuple(i for i in stack.network_ids if fold[i] == number) for number in (0, 1))

    def parts(second: int) -> list[object]:
        return [
            *rest,
            replace(stack, network_ids=first, compilations=1),
            replace(stack, network_ids=last, compilations=second),
        ]

    one_worker = copy_of(run, tmp_path / "one", parts(0))  # type: ignore[arg-type]
    check(one_worker, "--write-baseline", tmp_path / "b.json")
    two_workers = copy_of(run, tmp_path / "two", parts(1))  # type: ignore[arg-type]
    assert check(two_workers, "--baseline", tmp_path / "b.json").code == 0


def test_artifact_bytes_may_change_by_a_hundredth(check: Check, run: Path, tmp_path: Path) -> None:
    rest = [record for record in read_records(run / "records.jsonl") if not isinstance(record, Memory)]

    def saved(kilobytes: int) -> Memory:
        return Memory(
            dataset="wine_quality",
            backend="torch",
            device="cpu",
            arm="joint",
            artifact_bytes=kilobytes * 1000,
            training=None,
            serving=None,
            reason=None,
        )

    check(copy_of(run, tmp_path / "base", [*rest, saved(1000)]), "--write-baseline", tmp_path / "b.json")
    for kilobytes, code in ((1000, 0), (1009, 0), (1011, 1), (989, 1)):
        changed = copy_of(run, tmp_path / str(kilobytes), [*rest, saved(kilobytes)])
        done = check(changed, "--baseline", tmp_path / "b.json", "--format", "json")
        assert done.code == code, kilobytes
        assert done.failed == ({("regressed", "wine_quality", "joint", "artifact bytes")} if code else set())
    absent = check(copy_of(run, tmp_path / "gone", rest), "--baseline", tmp_path / "b.json", "--format", "json")
    assert absent.code == 4
    assert absent.failed == {("not run", "wine_quality", "joint", "artifact bytes")}
