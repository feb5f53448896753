"""Arms beside each other: relative errors from the stored predictions, and the Pareto set of what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.comparison.cells import RunIndex, Skill
from jointbench.comparison.ranking import relative_error
from jointbench.comparison.summary.run import CellSummary
from jointbench.data.preprocess import in_units, prepare
from jointbench.records import AA_CONTROL, ExecutionMode, Fit, PlannedArm, Variant
from jointbench.records.store import read_records
from jointbench.runs.about import RunDescription
from jointbench.runs.folder import execute
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from planted import two_arms
from planted_timing import timing

ARMS = ("joint", "separate", AA_CONTROL)


def cell_of(means: list[float], flops: tuple[int, int]) -> CellSummary:
    records = two_arms(means, flops=flops).records()
    return summarise(records, described(records), profile="", engine="", command="", notes=()).cells[0]


@pytest.mark.parametrize(
    ("means", "flops", "inside"),
    [
        ([0.02, 0.0], (500, 1000), {"joint": True, "separate": False}),
        ([-0.02, 0.0], (500, 1000), {"joint": True, "separate": True}),
        ([-0.02, 0.0], (1500, 1000), {"joint": True, "separate": True}),  # it still has fewer parameters
    ],
)
def test_the_pareto_set_is_over_what_was_measured(
    means: list[float], flops: tuple[int, int], inside: dict[str, bool]
) -> None:
    cell = cell_of(means, flops)
    assert cell.pareto_criteria == ("skill", "train_flops", "parameters")
    assert {standing.arm: standing.in_pareto_set for standing in cell.standings} == inside
    joint = next(standing for standing in cell.standings if standing.arm == "joint")
    assert joint.skill == pytest.approx(0.5 + np.mean(means))
    assert joint.train_flops == flops[0]
    assert joint.train_seconds is joint.latency_seconds is None


def test_an_arm_is_ranked_by_requests_in_turn_whatever_else_was_timed_before_them() -> None:
    """ONNX Runtime's requests are timed alone and take a sixth of the time; so may those for one output."""
    records = two_arms([0.0, 0.0]).records()
    planned = next(record for record in records if isinstance(record, PlannedArm))
    site = {"dataset": planned.dataset, "backend": planned.backend, "device": planned.device}
    for path, seconds in (("onnx", 5e-6), ("one of N", 2e-5), ("in turn", 3e-5)):
        requests = timing(0.0, 12, path=cast(ExecutionMode, path))
        variants = tuple(Variant(arm, variant.path) for variant, arm in zip(requests.variants, ARMS, strict=True))
        records.append(replace(requests, **site, variants=variants, seconds=requests.seconds * seconds))
    cell = summarise(records, described(records), profile="", engine="", command="", notes=()).cells[0]
    assert [standing.latency_seconds for standing in cell.standings] == pytest.approx([3e-5, 6e-5])


def test_an_arm_without_skill_stands_outside() -> None:
    planted = two_arms([0.0, 0.0])
    records = replace(planted, failed=frozenset(("separate", *run) for run in np.ndindex(2, 5, 1))).records()
    cell = summarise(records, described(records), profile="", engine="", command="", notes=()).cells[0]
    joint, separate = cell.standings
    assert (separate.skill, separate.train_flops, separate.in_pareto_set) == (None, None, None)
    assert joint.in_pareto_set


@pytest.mark.parametrize(
    ("metrics", "counted"),
    [(("squared", "absolute", "brier"), [0]), (("squared", "squared", "log"), [0, 1]), (("pinball:0.9",) * 3, [])],
)
def test_relative_errors_are_of_outputs_whose_error_is_squared(metrics: tuple[str, ...], counted: list[int]) -> None:
    """RRMSE is the root of a share of squared errors, so the root of any other share would be another quantity."""
    no_skill, rows = np.full((3, 1, 2), 4.0), np.full((3, 1, 2), 10.0)
    index = RunIndex(("a", "b", "c"), {}, (1, 2, 1), no_skill, rows)
    error = np.array([1.0, 2.25, 3.0])[:, None, None, None] * np.ones((3, 1, 2, 1))
    relative = relative_error(Skill(1 - error / 4, error, 2), index, metrics)
    expected = [np.sqrt(error[i, 0, 0, 0] / 4) for i in counted]
    assert (relative is None) == (not counted)
    assert relative is None or relative.average_pooled == pytest.approx(np.mean(expected))


def test_relative_errors_are_those_of_the_stored_predictions(tmp_path: Path) -> None:
    """aRRMSE from a real run's summary, against its raw predictions mapped back to units by the training rows."""
    options = RunOptions(profile="smoke", datasets=("concrete_slump",), backends=("torch",), device="cpu", repeats=2)
    planned_experiments = experiments(options, load_datasets(options, profile_named("smoke")))
    summary = execute(
        planned_experiments,
        replace(study_config(options), timing_seconds=0.0),
        tmp_path,
        RunDescription(profile="smoke", command=""),
        lambda *_: None,
    )
    (experiment,) = planned_experiments
    outputs = experiment.dataset.outputs
    prepared = {(s.repeat, s.fold): prepare(experiment.dataset, s) for s in experiment.splits}
    rows = {(s.repeat, s.fold): s.test for s in experiment.splits}
    records = list(read_records(tmp_path / "records.jsonl"))
    fits = {r.network.id: r for r in records if isinstance(r, Fit)}
    for planned in (r for r in records if isinstance(r, PlannedArm)):
        squares: dict[str, list[tuple[float, float]]] = {output.name: [] for output in outputs}
        for fit in (fits[i] for i in planned.network_ids):
            run = (fit.network.repeat, fit.network.fold)
            columns = [i for i, output in enumerate(outputs) if output.name in fit.network.group]
            regressions = [outputs[i] for i in columns]
            for i, output, predicted in zip(
                columns, regressions, in_units(fit.predictions, regressions, columns, prepared[run]), strict=True
            ):
                y = experiment.dataset.targets[output.name][rows[run]]
                squares[output.name].append(
                    (float(((y - predicted) ** 2).sum()), float(((y - prepared[run].mean[i]) ** 2).sum()))
                )
        sums = np.array(list(squares.values()))  # (outputs, folds, 2)
        pooled = np.sqrt(sums[..., 0].sum(axis=1) / sums[..., 1].sum(axis=1)).mean()
        fold_mean = np.sqrt(sums[..., 0] / sums[..., 1]).mean()
        standing = next(row for row in summary.cells[0].standings if row.arm == planned.arm.name)
        assert standing.arrmse_pooled == pytest.approx(pooled, rel=1e-5)
        assert standing.arrmse_fold_mean == pytest.approx(fold_mean, rel=1e-5)
