"""A history: what `jointbench check --history` keeps, finds, shows and fails for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from checked_runs import Check, copy_of, timed
from jointbench.check.baseline import ArmKey, Baseline, CostRatio, Count, Seconds, Skill
from jointbench.check.history import keep, read_history
from jointbench.check.steps import NEW_RUNS, HistoryResult, follow
from jointbench.errors import BadInput
from jointbench.report.history_page import render_history
from simulated_runs import ORIGIN

SITE = ArmKey("d", "torch", "cpu", "separate")
NIGHT = datetime(2026, 1, 1, tzinfo=UTC)
SPREAD = 0.01


def night(
    number: int, rng: np.random.Generator, *, dearer: float = 1.0, skill: float = 0.8, **origin: object
) -> Baseline:
    """A nightly run. dearer: by which joint takes longer."""
    ratio, seconds = (float(value * np.exp(rng.normal(0, SPREAD))) for value in (0.5 * dearer, 1e-3 * dearer))
    changed = {"when": (NIGHT + timedelta(days=number)).isoformat(), "commit": f"c{number}"} | origin
    return Baseline(
        schema_version=1,
        origin=replace(ORIGIN, **changed),  # type: ignore[arg-type]  # of the fields' types
        data=(),
        sizes=(Count(SITE, "parameters", 100),),
        skills=(Skill(SITE, "y", (skill, skill)),),
        ratios=(
            CostRatio(
                site=SITE, quantity="request", value=ratio, low=ratio * 0.99, high=ratio * 1.01, blocks=30, floor=0.01
            ),
        ),
        seconds=(Seconds(replace(SITE, arm="joint"), "request", seconds),),
    )


def followed(folder: Path, nights: list[Baseline], **options: bool) -> HistoryResult:
    """The result of the last night; the nights before are only kept."""
    for measured in nights[:-1]:
        keep(folder, measured)
    return follow(folder, nights[-1], **options)


def test_a_worsening_fails_while_it_is_new_and_is_named_with_its_commits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    nights = [night(n, rng, dearer=1.05 if n >= 20 else 1.0) for n in range(20 + NEW_RUNS + 1)]
    for measured in nights[:22]:
        keep(tmp_path, measured)
    assert follow(tmp_path, nights[21]).exit_code == 0  # two runs may be off
    codes = [follow(tmp_path, measured).exit_code for measured in nights[22:]]
    assert codes == [1] * (NEW_RUNS - 2) + [0]
    result = follow(tmp_path, nights[22])
    step = next(step for step in result.steps if step.series.gate == "cost")
    assert step.worse
    assert (step.last_before.measured.origin.commit, step.first.measured.origin.commit) == ("c19", "c20")
    assert (step.before, step.after) == pytest.approx((0.5, 0.525), rel=0.01)
    assert {step.series.gate for step in result.steps} == {"cost", "time"}
    assert [result.fails(step) for step in result.steps] == [True, False]  # seconds fail where they were asked to


def test_an_improvement_and_a_lost_skill(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cheaper = [night(n, rng, dearer=0.9 if n >= 20 else 1.0) for n in range(25)]
    result = followed(tmp_path / "cheaper", cheaper, strict_time=True)
    assert [(step.worse, step.new) for step in result.steps] == [(False, True)] * 2
    assert result.exit_code == 0
    worse = [night(n, rng, skill=0.7 if n >= 20 else 0.8) for n in range(25)]
    result = followed(tmp_path / "worse", worse)
    assert [(step.series.quantity, step.worse) for step in result.steps] == [("skill of y", True)]
    assert result.exit_code == 1
    negligible = [night(n, rng, skill=0.795 if n >= 20 else 0.8) for n in range(25)]
    assert followed(tmp_path / "negligible", negligible).steps == ()


def test_other_conditions_are_other_series(tmp_path: Path) -> None:
    """Another machine's costs and another profile's skill are compared with nothing."""
    rng = np.random.default_rng(2)
    nights = [night(n, rng) for n in range(20)]
    nights += [night(n, rng, dearer=2.0, cpu="another") for n in range(20, 25)]
    result = followed(tmp_path, nights)
    assert (result.runs, result.steps) == (25, ())
    assert {series.gate: len(series.values) for series in result.series} == {
        "exact": 25,
        "quality": 25,
        "cost": 5,
        "time": 5,
    }
    smoke = follow(tmp_path, night(25, rng, skill=0.1, profile="smoke"))
    assert {len(series.values) for series in smoke.series} == {1}


def test_disturbed_costs_are_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    nights = [night(n, rng) for n in range(20)]
    for n in range(20, 24):
        busy = night(n, rng, dearer=1.5)
        nights.append(
            replace(
                busy,
                ratios=(replace(busy.ratios[0], disturbed=True),),
                seconds=(replace(busy.seconds[0], disturbed=True),),
            )
        )
    assert followed(tmp_path, nights).steps == ()


def test_runs_are_in_order_of_time_and_each_is_kept_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    nights = [night(n, rng) for n in range(6)]
    for n in (3, 0, 5, 1, 4, 2, 3, 3):
        keep(tmp_path, nights[n])
    assert [run.measured.origin.commit for run in read_history(tmp_path)] == [f"c{n}" for n in range(6)]
    keep(tmp_path, replace(nights[0], rope=0.05))  # the same run, decided by another criterion
    assert len(read_history(tmp_path)) == 6
    assert {len(series.values) for series in follow(tmp_path, nights[3]).series} == {4}  # what came later is not asked


def test_damage_is_named_and_nothing_is_added(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    kept = keep(tmp_path, night(0, rng))
    (tmp_path / kept.name).write_text('{"schema_version": 1, "sizes": [')
    with pytest.raises(BadInput, match=kept.name):
        follow(tmp_path, night(1, rng))
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="--history"):
        follow(tmp_path / "file", night(1, rng))


def test_the_page_draws_each_quantity_with_a_step(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    result = followed(tmp_path, [night(n, rng, dearer=1.05 if n >= 20 else 1.0) for n in range(25)])
    page = render_history(result)
    assert page.count("<svg") == page.count('role="img"') == 2
    assert "1 new step for the worse, 1 other" in page
    assert page.count("2026-01-21 00:00:00 (c20)") >= 2  # the night of the step
    assert 'aria-label="request, joint : separate over 25 runs' in page
    flat = render_history(followed(tmp_path / "flat", [night(n, rng) for n in range(8)]))
    assert flat.count("<svg") == 2  # what moves is drawn even so
    assert "no step" in flat


def test_the_command_keeps_a_run_once_and_says_what_it_knows(
    check: Check, run: Path, baseline: Path, tmp_path: Path
) -> None:
    first = check(run, "--history", tmp_path / "history")
    again = check(run, "--history", tmp_path / "history", "--baseline", baseline, "--format", "json")
    assert (first.code, again.code) == (0, 0)
    assert "History of 1 run" in first.out
    assert json.loads(again.out)["history"]["runs"] == 1
    assert sorted(path.suffix for path in (tmp_path / "history").iterdir()) == [".html", ".json"]
    assert (
        "held against"
        in check(run, "--history", tmp_path / "history", "--baseline", baseline, "--format", "markdown").out
    )


def test_the_command_fails_for_a_new_worsening(
    check: Check, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    machine = json.loads((run / "environment.json").read_text())["machine"]
    for n in range(11):
        began = {"machine": machine | {"began": (NIGHT + timedelta(days=n)).isoformat()}}
        folder = timed(run, tmp_path / str(n), n, slower=1.5 if n >= 8 else 1.0, **began)
        done = check(folder, "--history", tmp_path / "history")
        assert done.code == (1 if n == 10 else 0), done.out
    assert "worse, new: concrete_slump, torch on cpu: request, batch 1" in done.out
    assert "since the run of 2026-01-09 00:00:00" in done.out
    assert done.err.count("::error title=jointbench%2C history") == done.out.count("worse, new: ")


def test_what_cannot_be_kept_is_said(check: Check, run: Path, baseline: Path, tmp_path: Path) -> None:
    history = tmp_path / "history"
    cut_off = check(copy_of(run, tmp_path / "cut", finished=False), "--history", history)
    assert cut_off.code == 4
    assert "not added to the history" in cut_off.out
    machine = json.loads((run / "environment.json").read_text())["machine"]
    del machine["began"]
    older = check(copy_of(run, tmp_path / "older", machine=machine), "--history", history)
    assert older.code == 2
    assert "does not say when it was run" in older.err
    assert check(run, "--history", history, "--write-baseline", tmp_path / "b.json").code == 2
    assert not history.exists()
