"""An arm whose outputs are served each from its own best epoch: planned, timed and counted as what it is."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from jointbench.backends.base import Stacked
from jointbench.backends.checkpoints import served_networks
from jointbench.backends.registry import load
from jointbench.benchmarks.request_sampler import request_sampler
from jointbench.benchmarks.training_steps import TimedArm
from jointbench.comparison.tuned import validation_loss
from jointbench.networks.arms import architectures
from jointbench.records import FUSED, SEQUENTIAL, SINGLE_OUTPUT, ExecutionMode, Fit, PlannedArm
from jointbench.study.config import ScoredModels
from jointbench.study.kept import KeptRecords
from jointbench.study.plan import CrossValidation, Experiment, Plan, job, make_experiment, plan_arms
from jointbench.study.prepared_tables import first_prepared
from jointbench.study.timed_networks import first_ids
from jointbench.study.timing import timed_arm
from jointbench.study.training import Task, _results
from mixed_table import mixed
from trained_records import torch_backend

ARMS = ("joint-checkpointed", "joint", "separate")
SEVERAL = CrossValidation(folds=3, repeats=1, seeds=1, seed=5, max_epochs=6)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return make_experiment(mixed(), ARMS, SEVERAL)


@pytest.fixture(scope="module")
def plan(experiment: Experiment) -> Plan:
    return Plan(experiment, *plan_arms(experiment, "torch", "cpu", "stacked"))


def arms(plan: Plan) -> dict[str, PlannedArm]:
    return {planned.arm.name: planned for planned in plan.arms}


def test_it_costs_one_training_and_the_serving_of_separate_networks(plan: Plan) -> None:
    joint, separate, checkpointed = (arms(plan)[name] for name in ("joint", "separate", "joint-checkpointed"))
    assert (checkpointed.parameters, checkpointed.train_flops_per_row, checkpointed.flops) == (
        joint.parameters,
        joint.train_flops_per_row,
        joint.flops,
    )
    assert checkpointed.served_parameters == separate.parameters > joint.parameters
    assert checkpointed.inference_flops_per_row == separate.inference_flops_per_row > joint.inference_flops_per_row
    assert joint.served_parameters is separate.served_parameters is None


def test_a_verdict_is_about_plain_joint_against_another_plain_arm_whatever_stands_first(plan: Plan) -> None:
    assert [planned.arm.name for planned in plan.arms] == ["joint", "separate", "joint-checkpointed"]


def test_its_networks_are_its_own_but_of_one_output_they_are_those_of_any_arm() -> None:
    planned, networks = plan_arms(make_experiment(mixed(), ARMS, SEVERAL), "torch", "cpu", "stacked")
    assert len(networks) == sum(len(arm.network_ids) for arm in planned)
    (one,) = (replace(arm.arm, groups=(("a",), ("b",), ("c",))) for arm in planned if arm.arm.name == ARMS[0])
    alone = replace(make_experiment(mixed(), ["separate"], SEVERAL), arms=(one,))
    (same,), _ = plan_arms(alone, "torch", "cpu", "stacked")
    assert same.network_ids == next(arm.network_ids for arm in planned if arm.arm.name == "separate")
    assert same.served_parameters is None


@pytest.fixture(scope="module")
def timed(plan: Plan) -> tuple[Fit, TimedArm]:
    planned = arms(plan)["joint-checkpointed"]
    network = plan.by_id[first_ids(planned)[0]]
    network_job = job(plan.experiment, network, first_prepared(plan.experiment))
    future: Future[tuple[Stacked, float]] = Future()
    future.set_result((torch_backend().fit_stacked([network_job]), 1.0))
    scored = ScoredModels()
    task = Task(plan.experiment, [network], (), {network.id})
    *_, fit = _results(future, task, "stacked", scored, KeptRecords())
    assert isinstance(fit, Fit)
    return fit, timed_arm(plan, planned, scored)


def test_it_is_timed_as_one_network_for_each_output(plan: Plan, timed: tuple[Fit, TimedArm]) -> None:
    _, arm = timed
    assert [network.kinds for network, _ in arm.networks] == [("regression",), ("binary",), ("multiclass",)]
    assert len(arm.jobs) == 1, "one training"


@pytest.mark.parametrize("path", [SEQUENTIAL, FUSED, SINGLE_OUTPUT])
def test_its_requests_are_answered_as_it_was_scored(
    plan: Plan, timed: tuple[Fit, TimedArm], path: ExecutionMode
) -> None:
    rows = first_prepared(plan.experiment).features[plan.experiment.splits[0].test]
    assert request_sampler(load("torch", "cpu", 1), timed[1], path, rows).wrong_at_first() is None


def test_the_record_says_each_output_s_best_epoch_and_tuning_chooses_by_their_losses(
    timed: tuple[Fit, TimedArm],
) -> None:
    fit, _ = timed
    by_hand = fit.validation_loss.argmin(axis=0)
    assert list(fit.best_epochs) == list(by_hand) == [fit.best_epoch_of(column) for column in range(3)]
    assert fit.best_epoch == max(by_hand)
    assert validation_loss(fit) == pytest.approx(float(fit.validation_loss.min(axis=0).mean()))


def test_what_is_served_of_a_network_is_what_the_plan_counts(plan: Plan) -> None:
    network = next(network for network in plan.networks if network.recipe.checkpoint == "output")
    network_job = job(plan.experiment, network, first_prepared(plan.experiment))
    served = served_networks(network_job.architecture, network.recipe, [network_job.initial] * 3)
    sizes = architectures(
        arms(plan)["joint-checkpointed"].arm.served,
        network.shape,
        plan.experiment.input_shape,
        plan.experiment.dataset.outputs,
    )
    assert tuple(architecture for architecture, _ in served) == sizes
    for architecture, weights in served:
        assert sum(np.size(weight) for weight in weights.values()) == architecture.parameters
