"""What a worker gets as one task: cut for the processor's workers, as large as the memory holds for an accelerator's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.study import stacks
from jointbench.study.plan import CrossValidation, Experiment, make_experiment, plan_arms
from jointbench.study.stacks import tasks_of
from jointbench.types import Network
from trained_records import table

NUMBERS = np.random.default_rng(0).normal(size=(60, 3))


def many_splits(device: str) -> tuple[Experiment, list[Network]]:
    """40 splits: one stack of 40 joint networks, one of 80 that have one output each."""
    dataset = table(NUMBERS, {"y": NUMBERS[:, 0], "z": NUMBERS[:, 1]})
    validation = CrossValidation(folds=5, repeats=8, seeds=1, seed=0, max_rows=None, max_epochs=2)
    experiment = make_experiment(dataset, ["joint", "separate"], validation)
    return experiment, plan_arms(experiment, "torch", device, "stacked")[1]


def sizes(device: str) -> list[int]:
    experiment, networks = many_splits(device)
    tasks = tasks_of(experiment, networks, "stacked", halved=True)
    assert sorted(network.id for task in tasks for network in task) == sorted(network.id for network in networks)
    return sorted(len(task) for task in tasks)


def test_only_the_processor_s_stacks_are_cut_for_a_second_worker() -> None:
    assert sizes("cpu") == [20, 20, 40, 40]
    assert sizes("cuda") == [40, 80]


def test_each_device_cuts_where_its_own_limit_of_tables_is(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment, _ = many_splits("cpu")
    tables = stacks.table_bytes(experiment)
    monkeypatch.setattr(stacks, "TABLE_BYTES", 1 * tables)
    monkeypatch.setattr(stacks, "TABLE_BYTES_ON_DEVICE", 32 * tables)
    assert sizes("cpu") == [1] * 120, "half of the limit is a table so large that its networks train alone"
    # 32 splits a task of joint networks; those of one output may each have its own columns, so 16 splits of two
    assert sizes("cuda") == [8, 16, 32, 32, 32]


def test_a_study_without_networks_has_no_tasks() -> None:
    experiment, _ = many_splits("cpu")
    assert tasks_of(replace(experiment), [], "stacked") == []
