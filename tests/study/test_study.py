"""A whole small study through the worker processes: nothing is missing, a failure is a record, a seed is a seed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from jointbench import compare_arms
from jointbench.cli.app import app
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.ratios import paired_ratios
from jointbench.comparison.summary import schema
from jointbench.records import (
    AA_CONTROL,
    Fit,
    FoldRecord,
    Memory,
    NotMeasured,
    PlannedArm,
    Projection,
    Record,
    Reference,
    Stack,
    Timing,
    Variant,
)
from jointbench.records.store import read_records
from jointbench.report.markdown import markdown_report
from jointbench.runs.about import RunDescription
from jointbench.runs.folder import execute, republish
from jointbench.runs.opened_run import RUN_FILES
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from jointbench.runs.output_folder import new_folder
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Experiment
from jointbench.study.run import run
from jointbench.study.stacks import tasks_of

OPTIONS = RunOptions(profile="smoke", datasets=("concrete_slump",), backends=("torch",), device="cpu")


def planned(options: RunOptions = OPTIONS) -> tuple[list[Experiment], StudyConfig]:
    return experiments(options, load_datasets(options, profile_named(options.profile))), study_config(options)


def silent(*_: object) -> None:
    """Progress nobody watches."""


def of(records: list[Record], kind: type) -> list:  # type: ignore[type-arg]  # of whatever kind
    return [record for record in records if isinstance(record, kind)]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    chosen, config = planned()
    return list(run(chosen, replace(config, timing_seconds=30.0, batch_sizes=(1, 8), memory_datasets=None), silent))


def test_every_network_of_every_arm_has_its_fit(records: list[Record]) -> None:
    fits = {fit.network.id: fit for fit in of(records, Fit)}
    for planned in of(records, PlannedArm):
        assert len(planned.network_ids) == 2 * len(planned.arm.groups)
        for network_id in planned.network_ids:
            fit = fits[network_id]
            assert fit.failure is None
            assert {score.output for score in fit.scores} == set(fit.network.group)
            assert fit.train_flops > 0


def test_every_fold_has_its_references_and_its_rows(records: list[Record]) -> None:
    folds = of(records, FoldRecord)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(103))
    references = {(r.fold, r.model, r.output) for r in of(records, Reference)}
    assert len(references) == 2 * 2 * 3


def test_every_arm_is_timed_against_every_other_with_its_twin(records: list[Record]) -> None:
    timings = of(records, Timing)
    assert {(t.scenario, t.batch_size) for t in timings} == {("training", 16), ("request", 1), ("request", 8)}
    for timing in timings:
        paths = {"training": ["stock loop"], "request": ["in turn", "fused", "one of N"]}[timing.scenario]
        expected = paths if timing.batch_size != 8 else ["in turn"]
        arms = ("joint", "separate", "separate-matched", AA_CONTROL)
        assert set(timing.variants) == {Variant(arm, path) for arm in arms for path in expected}
        assert np.all(timing.seconds > 0)
        assert len(timing.order) == len(timing.seconds) == len(timing.load) * timing.block


def test_records_name_the_arm_with_the_twin_first_whatever_the_order_of_the_turns(records: list[Record]) -> None:
    """The floor beside a ratio is the first arm's over its twin."""
    timings = of(records, Timing)
    assert len({timing.order for timing in timings}) > 1
    for timing in timings:
        for path in {variant.path for variant in timing.variants}:
            assert next(variant.arm for variant in timing.variants if variant.path == path) == "joint"
        ratios = paired_ratios(timing, "joint")
        assert ratios
        assert all(ratio.floor is not None for ratio in ratios)


def test_what_is_not_timed_is_reported_with_the_reason() -> None:
    """No second for set-up: two arms are timed all the same, and the others are not a hole."""
    chosen, config = planned()
    records = list(run(chosen, replace(config, timing_seconds=1e-3, batch_sizes=(1,), extras="all"), silent))
    reasons = " ".join(absence.reason for absence in of(records, NotMeasured))
    assert "not timed: training" in reasons and "engine: joint" in reasons
    assert "stock loop: separate-matched" in reasons and "the time for setting up" in reasons
    assert "PyTorch has no `predict`" in reasons
    for timing in of(records, Timing):
        assert timing.variants


@pytest.mark.slow
def test_everything_is_timed_at_every_thread_count(records: list[Record]) -> None:
    chosen, config = planned(replace(OPTIONS, arms=("joint", "separate")))
    config = replace(config, timing_seconds=2.0, batch_sizes=(1,), thread_counts=(2, 1), projections=1)
    again = list(run(chosen, config, silent))
    assert {(t.scenario, t.threads) for t in of(again, Timing)} == {
        (s, n) for s in ("training", "request") for n in (1, 2)
    }
    projections = of(again, Projection)
    assert [(p.arm, p.threads) for p in projections] == [("joint", 2), ("separate", 2)]
    steps = -(-len(chosen[0].splits[0].train) // 16)
    assert all(p.steps % steps == 0 and p.steps > 0 and p.measured_seconds > 0 for p in projections)


def test_every_arms_memory_is_its_own(records: list[Record]) -> None:
    """Three networks of one output are saved in about three times the bytes of one; every process holds a framework."""
    memory = {m.arm: m for m in of(records, Memory)}
    assert set(memory) == {planned.arm.name for planned in of(records, PlannedArm)}
    assert 2 < memory["separate"].artifact_bytes / memory["joint"].artifact_bytes < 3
    for record in memory.values():
        assert record.reason is None
        for peak in (record.training, record.serving):
            assert 50 * 2**20 < peak.baseline < peak.peak < 2**30
            assert peak.device is None


def test_stacks_are_recorded_with_their_compilations(records: list[Record]) -> None:
    stacks = of(records, Stack)
    trained = [network_id for stack in stacks for network_id in stack.network_ids]
    assert sorted(trained) == sorted({fit.network.id for fit in of(records, Fit)})
    assert all(stack.slots >= 1 for stack in stacks)


def test_same_seed_same_records(records: list[Record]) -> None:
    chosen, config = planned()
    again = list(run(chosen, replace(config, timing_seconds=0.0), silent))
    first = {fit.network.id: fit for fit in of(records, Fit)}
    for fit in of(again, Fit):
        np.testing.assert_array_equal(fit.predictions, first[fit.network.id].predictions)
        assert fit.scores == first[fit.network.id].scores


def test_networks_of_different_outputs_share_a_stack() -> None:
    """The 14 single-output networks of yeast x 2 folds are one program, not 28."""
    options = replace(OPTIONS, datasets=("yeast",), arms=("separate",))
    (experiment,), _ = planned(options)
    from jointbench.study.plan import plan_arms

    _, networks = plan_arms(experiment, "torch", "cpu", "stacked")
    stacks = tasks_of(experiment, networks, "stacked")
    assert [len(stack) for stack in stacks] == [28]


def test_small_networks_of_other_widths_and_outputs_share_a_stack_and_expensive_ones_do_not() -> None:
    """Separate and separate-matched, regression and binary: one program where zeros cost less than compiling."""
    options = replace(OPTIONS, datasets=("wine_quality",), arms=("joint", "separate", "separate-matched"))
    (experiment,), _ = planned(options)
    from jointbench.study.plan import plan_arms

    _, networks = plan_arms(experiment, "torch", "cpu", "stacked")
    assert sorted(len(stack) for stack in tasks_of(experiment, networks, "stacked")) == [2, 8]
    patient = replace(experiment, recipe=replace(experiment.recipe, patience=1_000_000))
    _, networks = plan_arms(patient, "torch", "cpu", "stacked")
    assert sorted(len(stack) for stack in tasks_of(patient, networks, "stacked")) == [2, 2, 2, 2, 2]


def test_a_study_of_few_datasets_cuts_its_large_stacks_so_that_two_workers_share_them() -> None:
    options = replace(OPTIONS, datasets=("concrete_slump",), arms=("joint", "separate"), folds=12)
    (experiment,), _ = planned(options)
    from jointbench.study.plan import plan_arms

    _, networks = plan_arms(experiment, "torch", "cpu", "stacked")
    assert [len(stack) for stack in tasks_of(experiment, networks, "stacked")] == [12, 36]
    halves = tasks_of(experiment, networks, "stacked", halved=True)
    assert [len(stack) for stack in halves] == [12, 18, 18]
    assert sorted(network.id for stack in halves for network in stack) == sorted(network.id for network in networks)


def test_a_failed_training_is_a_record_and_the_rest_goes_on(tmp_path: Path) -> None:
    options = replace(OPTIONS, arms=("joint", "separate"))
    chosen, config = planned(options)
    broken = [
        replace(experiment, recipe=replace(experiment.recipe, optimizer="sgd", learning_rate=1e30))
        for experiment in chosen
    ]
    summary = execute(
        broken,
        config,
        new_folder(tmp_path / "run", "", RUN_FILES),
        RunDescription(profile="smoke", command="test"),
        silent,
    )
    records = list(read_records(tmp_path / "run" / "records.jsonl"))
    assert all("not finite" in fit.failure for fit in of(records, Fit))
    assert any("failed" in absence.reason for absence in of(records, NotMeasured))
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
    (cell,) = summary.cells
    assert all(cost.failures for cost in cell.costs)
    assert not any(decision.verdict == "joint" for decision in cell.decisions)


def test_a_missing_framework_is_reported_and_the_rest_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else find_spec(name))
    chosen, config = planned(replace(OPTIONS, backends=("torch", "tensorflow")))
    records = list(run(chosen, replace(config, timing_seconds=0.0), silent))
    (absence,) = of(records, NotMeasured)
    assert (absence.backend, absence.dataset) == ("tensorflow", "concrete_slump")
    assert "not installed" in absence.reason
    assert of(records, Fit)


def test_the_report_is_redrawn_from_the_records_alone(tmp_path: Path) -> None:
    chosen, config = planned()
    first = execute(
        chosen,
        replace(config, timing_seconds=0.5),
        tmp_path,
        RunDescription(profile="smoke", command="test", notes=("n",)),
        silent,
    )
    before = json.loads((tmp_path / "summary.json").read_text())
    (tmp_path / "summary.json").unlink()
    (tmp_path / "report.html").unlink()
    assert republish(tmp_path) == first
    assert json.loads((tmp_path / "summary.json").read_text()) == before
    assert "records.jsonl.gz" in (tmp_path / "report.html").read_text(encoding="utf-8"), "they fit into the page"
    printed = CliRunner().invoke(app, ["report", str(tmp_path), "--format", "md"])
    assert printed.stdout == markdown_report(first)
    validator = jsonschema.Draft202012Validator(schema.summary_schema())
    validator.validate(before)


def test_a_report_can_be_decided_anew_and_is_as_it_was_asked_otherwise(tmp_path: Path) -> None:
    chosen, config = planned()
    execute(
        chosen,
        replace(config, timing_seconds=0.0),
        tmp_path,
        RunDescription(
            profile="smoke",
            command="test",
            criteria=VerdictCriteria(0.03, 0.9),
            reruns={"concrete_slump": "jointbench run concrete_slump --profile smoke"},
        ),
        silent,
    )
    assert json.loads((tmp_path / "environment.json").read_text())["rope"] == 0.03
    page = (tmp_path / "report.html").read_text()
    assert "±0.03" in page
    assert "±0.01" not in page
    wide = republish(tmp_path, ("0.9",), 0.6)
    assert (wide.rope, wide.probability) == (0.9, 0.6)
    assert {d.verdict for d in wide.cells[0].differences} == {"equivalent"}
    assert "±0.9" in (tmp_path / "report.html").read_text()
    again = republish(tmp_path)
    assert (again.rope, again.probability) == (0.03, 0.9)
    assert (tmp_path / "report.html").read_text() == page
    comparisons = compare_arms(tmp_path, rope=0.03, probability=0.9)
    assert tuple(d for c in comparisons.comparisons for d in c.differences) == again.cells[0].differences
    assert [c.decision.verdict for c in comparisons.comparisons] == [d.verdict for d in again.cells[0].decisions]
    assert compare_arms(read_records(tmp_path / "records.jsonl"), rope=0.03, probability=0.9) == comparisons
