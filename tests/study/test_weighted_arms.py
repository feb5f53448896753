"""Arms whose losses a method weighs, as they are planned, trained beside plain ones, recorded, and left out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from jointbench.comparison.cells import cells
from jointbench.comparison.flops import arm_flops
from jointbench.records import Fit, FoldRecord, NotMeasured, PlannedArm, Record, Stack
from jointbench.records.store import read_records, write_records
from jointbench.study.estimate import estimate
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, make_experiment, plan_arms
from jointbench.study.run import run, steps, unheard
from jointbench.study.untrained_arms import untrained_arms
from jointbench.types import Network
from mixed_table import mixed
from trained_records import TORCH_STUDY, table, trained

VALIDATION = CrossValidation(folds=3, repeats=2, seeds=2, seed=5)


def planned(*arms: str) -> tuple[Experiment, dict[str, tuple[str, ...]], dict[str, Network]]:
    """The experiment, each arm's network ids and the networks by id."""
    experiment = make_experiment(mixed(), arms, VALIDATION)
    planned_arms, networks = plan_arms(experiment, "torch", "cpu", "stacked")
    return experiment, {a.arm.name: a.network_ids for a in planned_arms}, {network.id: network for network in networks}


def test_a_network_of_one_output_is_the_plain_arm_s() -> None:
    """There is nothing to weigh, so it is trained once for both arms; the others are networks of their own."""
    experiment, ids, networks = planned("a,c|b@uw", "separate", "a,c|b")
    assert list(ids) == ["separate", "a,c|b", "a,c|b@uw"]  # a verdict is on plain arms where there are such
    shared = set(ids["separate"]) & set(ids["a,c|b@uw"])
    assert {networks[network_id].group for network_id in shared} == {("b",)}
    own = [networks[network_id] for network_id in set(ids["a,c|b@uw"]) - set(ids["a,c|b"])]
    assert {(network.group, network.recipe.weighting, network.engine) for network in own} == {
        (("a", "c"), "uw", "stock")
    }
    plain = {(n.fold, n.repeat, n.seed) for n in networks.values() if n.group == ("a", "c") and not n.recipe.weighting}
    assert {(n.fold, n.repeat, n.seed) for n in own} == plain  # same splits, initial weights and batches
    assert any("uncertainty weighting (Kendall" in note for note in experiment.dataset.notes)


def test_an_arm_s_flops_are_those_of_its_method() -> None:
    """Two outputs or three: each goes back through the trunk by itself; FAMO goes forward twice; requests stay."""
    experiment = make_experiment(mixed(), ("joint", "joint@uw", "joint@famo", "joint@pcgrad"), VALIDATION)
    joint, uw, famo, pcgrad = plan_arms(experiment, "torch", "cpu", "stacked")[0]
    assert joint.flops is not None
    outputs, trunk = len(joint.arm.groups[0]), experiment.shape.trunk
    features = experiment.input_shape[0]
    parameters = sum((i + 1) * o for i, o in zip((features, *trunk), trunk, strict=False))
    assert uw.train_flops_per_row == joint.train_flops_per_row
    assert famo.train_flops_per_row == joint.train_flops_per_row + joint.inference_flops_per_row
    assert pcgrad.train_flops_per_row == joint.train_flops_per_row + (outputs - 1) * joint.flops.trunk_backward
    assert pcgrad.weighting_flops == 2 * outputs * outputs * parameters + 2 * outputs * parameters
    assert [arm.weighting_flops for arm in (joint, uw, famo)] == [0, 0, 0]
    assert len({arm.inference_flops_per_row for arm in (joint, uw, famo, pcgrad)}) == 1


def test_what_a_backend_cannot_train_is_left_out_with_a_sentence() -> None:
    experiment = make_experiment(mixed(), ("joint@famo", "joint", "joint@dwa"), VALIDATION)
    arms, networks = plan_arms(experiment, "tensorflow", "cpu", "stacked")
    assert [planned_arm.arm.name for planned_arm in arms] == ["joint", "joint@dwa"]
    assert {network.recipe.weighting for network in networks} == {"", "dwa"}
    (absence,) = untrained_arms(experiment, "tensorflow", "cpu")
    assert absence.reason == "not trained: arm joint@famo, because tensorflow does not train famo; torch does"
    assert untrained_arms(experiment, "torch", "cpu") == []


@cache
def small(*arms: str) -> Experiment:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 3))
    data = table(x, {"y": x[:, 0] + 0.1 * rng.normal(size=90), "z": x[:, 1] * x[:, 2]})
    return make_experiment(data, arms, CrossValidation(folds=3, repeats=1, seeds=1, seed=0, max_epochs=3))


@cache
def records() -> tuple[Record, ...]:
    pytest.importorskip("torchjd")
    return tuple(run([small("joint@pcgrad", "joint", "separate", "joint@uw")], TORCH_STUDY, lambda *_: None))


def fits_of(arm: str) -> list[Fit]:
    planned_arm = next(r for r in records() if isinstance(r, PlannedArm) and r.arm.name == arm)
    return [r for r in records() if isinstance(r, Fit) and r.network.id in planned_arm.network_ids]


def test_plain_arms_are_trained_as_if_there_were_no_others() -> None:
    alone = {r.network.id: r for r in trained(small("joint", "separate")) if isinstance(r, Fit)}
    for fit in (*fits_of("joint"), *fits_of("separate")):
        np.testing.assert_array_equal(fit.predictions, alone[fit.network.id].predictions)
    stacked = {name for r in records() if isinstance(r, Stack) for name in r.network_ids}
    assert stacked == set(alone)


def test_methods_train_networks_of_their_own_and_pay_for_every_step() -> None:
    for arm, own_flops in (("joint@uw", False), ("joint@pcgrad", True)):
        for fit, plain in zip(fits_of(arm), fits_of("joint"), strict=True):
            assert fit.failure is None
            assert not np.array_equal(fit.predictions, plain.predictions)
            assert (fit.network.seed, fit.network.split) == (plain.network.seed, plain.network.split)
            rows = plain.train_flops // plain.flops_per_row
            assert (fit.train_flops > rows * fit.flops_per_row) is own_flops
    (cell,), _ = cells(records())
    flops = {arm.arm.name: arm_flops(cell, arm) for arm in cell.planned_arms}
    pcgrad = next(arm for arm in cell.planned_arms if arm.arm.name == "joint@pcgrad")
    batch = fits_of("joint")[0].network.recipe.batch_size
    assert flops["joint@pcgrad"].per_step == pcgrad.train_flops_per_row * batch + pcgrad.weighting_flops  # type: ignore[union-attr]
    assert flops["joint@uw"].per_step == flops["joint"].per_step  # type: ignore[union-attr]


def test_a_study_goes_on_with_what_methods_trained(tmp_path: Path) -> None:
    """Nothing is trained twice, and what is missing comes back as it was."""
    write_records(tmp_path / "records.jsonl", records())
    there = list(read_records(tmp_path))
    experiment = small("joint@pcgrad", "joint", "separate", "joint@uw")
    quiet = ((lambda *_: None), unheard)
    assert not [r for some in steps([experiment], TORCH_STUDY, quiet, kept_records(there)) for r in some]
    lost = fits_of("joint@pcgrad")[1]
    kept = kept_records(r for r in there if not (isinstance(r, Fit) and r.network.id == lost.network.id))
    (again,) = [r for some in steps([experiment], TORCH_STUDY, quiet, kept) for r in some]
    assert isinstance(again, Fit)
    np.testing.assert_array_equal(again.predictions, lost.predictions)


def test_networks_under_a_method_are_expected_to_take_longer() -> None:
    """They are trained one by one."""
    plain, weighted = (estimate([small(arm)], TORCH_STUDY).training_seconds for arm in ("joint", "joint@uw"))
    assert weighted > plain


def test_where_no_arm_can_be_trained_the_reasons_are_all_there_is() -> None:
    study = replace(TORCH_STUDY, backends=("tensorflow",))
    made = [r for r in run([small("joint@famo")], study, lambda *_: None) if not isinstance(r, FoldRecord)]
    assert [type(record) for record in made] == [NotMeasured]
