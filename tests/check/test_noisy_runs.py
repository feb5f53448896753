"""Noise is said to be noise: what was timed on a disturbed machine, or not for lack of time, is no regression."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checked_runs import ARMS, OPTIONS, Check, timed
from jointbench.check.baseline import ArmKey, Baseline, CostRatio
from jointbench.check.baseline_file import read_baseline
from jointbench.check.cost_ratios import cost_findings
from jointbench.check.findings import Finding
from jointbench.records import NotMeasured, Untimed, Variant
from simulated_runs import ORIGIN

QUIET = CostRatio(
    site=ArmKey("d", "torch", "cpu", "separate"),
    quantity="request, batch 1 (in turn, all cores)",
    value=0.5,
    low=0.49,
    high=0.51,
    blocks=40,
    floor=0.015,
    control=0.005,
    load=0.01,
    steady=True,
)


def run_of(*ratios: CostRatio) -> Baseline:
    return Baseline(schema_version=1, origin=ORIGIN, data=(), sizes=(), skills=(), ratios=ratios, seconds=())


def times(ratio: CostRatio, factor: float, **changes: Any) -> CostRatio:
    value, low, high = (end * factor for end in (ratio.value, ratio.low, ratio.high))
    return replace(ratio, value=value, low=low, high=high, **changes)


def against(arm: str, quantity: str = QUIET.quantity) -> CostRatio:
    return replace(QUIET, site=replace(QUIET.site, arm=arm), quantity=quantity)


def finding(old: CostRatio, new: CostRatio) -> Finding:
    (only,) = cost_findings(run_of(old), run_of(new))
    return only


DOUBTS = {
    "disturbed": ({"disturbed": True, "load": 0.6}, "while other processes kept 0.6 cores busy"),
    "few blocks": ({"blocks": 7}, "has 7 blocks of timings, and an interval needs 8"),
    "no control": ({"floor": None, "control": None}, "has no A/A control"),
    "noisy control": ({"floor": 0.6}, "two copies of one arm may differ by 82%"),
}


@pytest.mark.parametrize(("doubt", "words"), DOUBTS.values(), ids=DOUBTS.keys())
@pytest.mark.parametrize("factor", [1.0, 0.0091 / 0.5, 5.0])
def test_a_ratio_that_cannot_be_trusted_is_never_a_regression(doubt: dict[str, Any], words: str, factor: float) -> None:
    """Seven blocks on a disturbed machine once read 0.0091 where 0.39 to 0.93 was right."""
    for old, new, whose in (
        (QUIET, times(QUIET, factor, **doubt), "the run"),
        (replace(QUIET, **doubt), times(QUIET, factor), "the baseline"),
    ):
        judged = finding(old, new)
        assert judged.state == "too noisy"
        assert words in judged.reason
        assert whose in judged.reason
    assert finding(QUIET, times(QUIET, 5.0)).state == "regressed"


def test_a_change_in_one_ratio_alone_may_be_one_slow_build() -> None:
    """0.576 became 0.655 in one of many ratios of unchanged code. Against both arms it is joint's; so is threefold."""
    old = (against("separate"), against("separate-matched"))
    alone = list(cost_findings(run_of(*old), run_of(times(old[0], 0.655 / 0.576), old[1])))
    assert [f.state for f in alone] == ["too noisy", "as before"]
    assert "one build of separate" in alone[0].reason and "run again" in alone[0].reason
    both = cost_findings(run_of(*old), run_of(*(times(ratio, 0.655 / 0.576) for ratio in old)))
    assert [f.state for f in both] == ["regressed", "regressed"]
    assert finding(old[0], times(old[0], 3.0)).state == "regressed"


def test_a_change_of_one_arm_at_three_works_is_no_slow_build() -> None:
    works = [against("separate", f"request, batch {size} (in turn, all cores)") for size in (1, 8, 64)]
    changed = cost_findings(run_of(*works), run_of(*(times(work, 0.85) for work in works)))
    assert [f.state for f in changed] == ["regressed"] * 3
    two = cost_findings(run_of(*works), run_of(*(times(work, 0.85) for work in works[:2]), works[2]))
    assert "regressed" not in [f.state for f in two]


SEVERAL_ROWS = "request, batch 512 (in turn, all cores)"


def test_requests_of_several_rows_change_from_hour_to_hour_and_that_is_no_regression() -> None:
    """0.398 became 0.504 against both arms, and 0.602 became 0.408, in two quiet runs of one code on one machine."""
    pair = [replace(against(arm, SEVERAL_ROWS), steady=False) for arm in ("separate", "separate-matched")]
    for factor in (0.504 / 0.398, 0.408 / 0.602):
        moved = list(cost_findings(run_of(*pair), run_of(*(times(ratio, factor) for ratio in pair))))
        assert {f.state for f in moved} == {"too noisy"}
    gone = cost_findings(run_of(*pair), run_of(*(times(ratio, 3.0) for ratio in pair)))
    assert {f.state for f in gone} == {"regressed"}


@pytest.mark.parametrize("load", [0.01, 0.2])
def test_load_that_disturbs_nothing_yet_widens_the_bound(load: float) -> None:
    pair = (against("separate"), against("separate-matched"))
    later = (times(ratio, 1.15, load=load) for ratio in pair)
    expected = "regressed" if load < 0.1 else "too noisy"
    assert {f.state for f in cost_findings(run_of(*pair), run_of(*later))} == {expected}


def test_a_step_between_two_builds_of_one_arm_anywhere_in_the_cell_widens_the_bound() -> None:
    pair = (against("separate"), against("separate-matched"))
    stepped = replace(QUIET, quantity="training step (stock loop, all cores)", floor=0.17, control=0.15)
    changed = [times(ratio, 1.3) for ratio in pair]
    calm, uneasy = (
        {f.state for f in cost_findings(run_of(*pair, other), run_of(*changed, other))}
        for other in (replace(stepped, floor=0.015, control=0.005), stepped)
    )
    assert calm == {"regressed", "as before"}
    assert "regressed" not in uneasy


def test_a_change_by_the_limit_is_found_and_one_by_half_of_it_is_not() -> None:
    pair = (against("separate"), against("separate-matched"))
    limit = math.log(next(f.limit for f in cost_findings(run_of(*pair), run_of(*pair)) if f.limit is not None))
    for factor, failed in ((0.5, False), (1.02, True)):
        changed = (times(ratio, math.exp(limit * factor)) for ratio in pair)
        assert ("regressed" in [f.state for f in cost_findings(run_of(*pair), run_of(*changed))]) is failed


def test_a_disturbed_run_passes_and_fails_only_where_costs_are_required(
    check: Check, run: Path, tmp_path: Path
) -> None:
    assert check(timed(run, tmp_path / "base", seed=1), "--write-baseline", tmp_path / "b.json").code == 0
    busy = timed(run, tmp_path / "busy", seed=2, slower=1.6, load=0.7)
    done = check(busy, "--baseline", tmp_path / "b.json", "--strict-time")
    assert done.code == 0
    assert "other processes disturbed 12 of the run's 12 cost ratios" in " ".join(done.out.split())
    required = check(busy, "--baseline", tmp_path / "b.json", "--require-cost", "--format", "json")
    assert required.code == 3
    assert {state for state, *_ in required.failed} == {"too noisy"}
    written = check(busy, "--write-baseline", tmp_path / "busy.json")
    assert "12 of the cost ratios are too noisy to hold later runs to" in written.out
    assert check(tmp_path / "base", "--baseline", tmp_path / "busy.json").code == 0


@pytest.mark.parametrize(("budget_spent", "code"), [(True, 0), (False, 4)])
def test_a_timing_that_the_time_did_not_suffice_for_is_noise_and_a_broken_one_is_not(
    check: Check, run: Path, tmp_path: Path, budget_spent: bool, code: int
) -> None:
    check(timed(run, tmp_path / "base", seed=1), "--write-baseline", tmp_path / "b.json")
    variants = tuple(Variant(arm, "in turn") for arm in ARMS)
    cause = "the time for requests was spent before those of 64 rows" if budget_spent else "the answer is wrong"
    left_out = [
        NotMeasured(
            dataset,
            "torch",
            "cpu",
            f"not timed: requests at 2 threads, because {cause}",
            Untimed(scenario="request", threads=2, batch_sizes=(64,), variants=variants, budget_spent=budget_spent),
        )
        for dataset in OPTIONS.datasets
    ]
    short = timed(run, tmp_path / "short", seed=2, without=left_out)
    done = check(short, "--baseline", tmp_path / "b.json", "--format", "json")
    assert done.code == code
    missing = [f for f in json.loads(done.out)["findings"] if f["gate"] == "cost" and "batch 64" in f["quantity"]]
    assert {(f["state"], f["run"]) for f in missing} == {("too noisy" if budget_spent else "not run", None)}
    assert all(cause in f["reason"] for f in missing)
    assert check(short, "--baseline", tmp_path / "b.json", "--require-cost").code == (3 if budget_spent else 4)


def test_a_baseline_of_before_is_read_and_holds() -> None:
    now = read_baseline(Path(__file__).parents[2] / "results" / "baseline.json")
    assert now.rope == 0.01
    committed = replace(now, ratios=tuple(replace(r, disturbed=False, control=None) for r in now.ratios))
    states = [f.state for f in cost_findings(committed, committed)]
    assert states.count("as before") + states.count("too noisy") == len(committed.ratios)
    slower = replace(committed, ratios=tuple(times(ratio, 2.0) for ratio in committed.ratios))
    assert [f.state for f in cost_findings(committed, slower)].count("regressed") > 100
