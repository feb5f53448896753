"""Plans: what is trained, under which identity, and with which columns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jointbench.data.preprocess import prepare
from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.networks.arms import DEFAULT_ARMS
from jointbench.study.plan import CrossValidation, Experiment, job, make_experiment, plan_arms
from jointbench.types import Network, Recipe, Shape
from mixed_table import ROWS, mixed

VALIDATION = CrossValidation(folds=3, repeats=2, seeds=2, seed=5)


def planned(
    *arms: str, validation: CrossValidation = VALIDATION
) -> tuple[Experiment, dict[str, tuple[str, ...]], dict[str, Network]]:
    """The experiment, each arm's network ids and the networks by id."""
    experiment = make_experiment(mixed(), arms, validation)
    planned_arms, networks = plan_arms(experiment, "torch", "cpu", "stock")
    return experiment, {a.arm.name: a.network_ids for a in planned_arms}, {network.id: network for network in networks}


NETWORK = Network(
    dataset="wine",
    sha256="f" * 64,
    repeat=1,
    fold=2,
    split="d1",
    seed=7,
    group=("a", "b"),
    shape=Shape((64, 64)),
    recipe=Recipe(),
    backend="torch",
    device="cpu",
    engine="stock",
)


def variants() -> list[Network]:
    """The network with each of its fields, and of its shape's and recipe's fields, changed in turn."""
    outer: dict[str, Any] = {
        "dataset": "yeast",
        "sha256": "e" * 64,
        "repeat": 2,
        "fold": 1,
        "split": "d2",
        "seed": 8,
        "group": ("a",),
        "backend": "tensorflow",
        "device": "cuda",
        "engine": "stacked",
    }
    shape: dict[str, Any] = {
        "trunk": (64,),
        "head": (1,),
        "channels": (1,),
        "activation": "tanh",
        "own_trunk": "mine",
        "dropout": 0.1,
        "norm": "layer",
        "residual": True,
    }
    recipe: dict[str, Any] = {
        "optimizer": "sgd",
        "learning_rate": 1e-2,
        "batch_size": 16,
        "max_epochs": 201,
        "patience": 21,
        "loss_weights": (("a", 2.0),),
        "weight_decay": 0.1,
        "weighting": "uw",
        "checkpoint": "output",
    }
    assert {*outer, "shape", "recipe"} >= {f.name for f in fields(Network)}
    assert set(shape) >= {f.name for f in fields(Shape)}
    assert set(recipe) >= {f.name for f in fields(Recipe)}
    return [
        *(replace(NETWORK, **{name: value}) for name, value in outer.items()),
        *(replace(NETWORK, shape=replace(NETWORK.shape, **{name: value})) for name, value in shape.items()),
        *(replace(NETWORK, recipe=replace(NETWORK.recipe, **{name: value})) for name, value in recipe.items()),
    ]


def test_an_id_changes_with_every_field() -> None:
    """Two different trainings under one id would share a result."""
    ids = [NETWORK.id, *(network.id for network in variants())]
    assert len(set(ids)) == len(ids)


def test_an_id_does_not_depend_on_where_one_name_ends() -> None:
    assert replace(NETWORK, group=("a,b",)).id != NETWORK.id
    assert replace(NETWORK, dataset="win", sha256="e" + NETWORK.sha256).id != NETWORK.id


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_an_id_is_the_same_in_another_process(hash_seed: str) -> None:
    """Resuming finds yesterday's fits by it."""
    code = f"from jointbench.types import Network, Recipe, Shape; print({NETWORK!r}.id)"
    bench = Path(__file__).resolve().parents[2] / "bench"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(bench)}
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == NETWORK.id


def test_arms_that_hold_the_same_network_share_one_fit() -> None:
    """`b` alone is in both arms: trained once, counted in both."""
    _, ids, networks = planned("separate", "a,c|b")
    folds = 3 * 2 * 2
    assert {name: len(arm_ids) for name, arm_ids in ids.items()} == {"separate": 3 * folds, "a,c|b": 2 * folds}
    shared = set(ids["separate"]) & set(ids["a,c|b"])
    assert {networks[network_id].group for network_id in shared} == {("b",)}
    assert len(shared) == folds
    assert set(networks) == {*ids["separate"], *ids["a,c|b"]}
    assert len(networks) == 4 * folds


def test_an_id_is_as_old_as_networks_with_fixed_loss_weights() -> None:
    """Written down before there were others: a run of then goes on now."""
    assert NETWORK.id == "6bcf109f2368d844"


def test_one_partition_written_in_two_ways_is_trained_once() -> None:
    _, ids, networks = planned("joint", "c,a,b", "joint")
    assert ids["joint"] == ids["c,a,b"]
    assert len(networks) == len(ids["joint"])


def test_a_matched_network_is_not_taken_for_the_wide_one() -> None:
    _, ids, _ = planned("separate", "separate-matched")
    assert not set(ids["separate"]) & set(ids["separate-matched"])


def test_the_same_question_has_the_same_ids_and_another_seed_others() -> None:
    ids, again, other = (planned("joint", validation=replace(VALIDATION, seed=seed))[1]["joint"] for seed in (5, 5, 6))
    assert ids == again
    assert not set(ids) & set(other)


def test_more_seeds_or_repeats_keep_the_networks_already_trained() -> None:
    """So that a run can be extended instead of repeated."""
    small, more_seeds, more_repeats = (
        set(planned("joint", validation=validation)[2])
        for validation in (VALIDATION, replace(VALIDATION, seeds=3), replace(VALIDATION, repeats=3))
    )
    assert small < more_seeds
    assert small < more_repeats


def test_arms_start_from_the_same_seeds_and_each_fold_and_number_has_its_own() -> None:
    _, ids, networks = planned(*DEFAULT_ARMS)
    seeds = {
        name: {(networks[i].repeat, networks[i].fold, networks[i].seed) for i in arm_ids}
        for name, arm_ids in ids.items()
    }
    assert seeds["joint"] == seeds["separate"] == seeds["separate-matched"]
    assert len({seed for _, _, seed in seeds["joint"]}) == 3 * 2 * 2


def test_networks_come_in_the_order_of_the_splits() -> None:
    experiment, _, networks = planned(*DEFAULT_ARMS)
    places = [[(s.repeat, s.fold) for s in experiment.splits].index((n.repeat, n.fold)) for n in networks.values()]
    assert places == sorted(places)


def write(path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)).round(3), columns=["x", "a", "b"])
    frame["k"] = np.arange(60) % 2
    frame["day"] = np.arange(60)
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("first", "second"),
    [((["a"], "day"), (["a", "b"], "day")), ((["k:binary"], None), (["k:multiclass"], None))],
    ids=["b is a feature or a target", "one logit or two"],
)
def test_different_questions_to_one_file_do_not_share_a_fit(
    tmp_path: Path, first: tuple[Sequence[str], str | None], second: tuple[Sequence[str], str | None]
) -> None:
    """The network of the first target sees other features, or ends in other units: its id must differ too."""
    path = write(tmp_path / "table.csv")
    ids = []
    for targets, time in (first, second):
        data = load_table(path, TableOptions(targets=tuple(targets), time=time))
        experiment = make_experiment(data, ["separate"], CrossValidation(folds=2, repeats=1, seeds=1, seed=0))
        ids.append(
            {n.id for n in plan_arms(experiment, "torch", "cpu", "stock")[1] if n.group == (targets[0].split(":")[0],)}
        )
    assert not ids[0] & ids[1]


def test_a_planned_arm_adds_its_networks_up() -> None:
    """Hand count, 2 features, widths 32-32: trunk 2 x 32 + 32 + 32 x 32 + 32, heads of 33 per unit."""
    experiment = make_experiment(mixed(), DEFAULT_ARMS, VALIDATION)
    joint, separate, matched = plan_arms(experiment, "torch", "cpu", "stock")[0]
    trunk, heads = 96 + 1056, 33 + 33 + 99
    assert experiment.shape == Shape((32, 32))
    assert joint.parameters == joint.reference_parameters == trunk + heads
    assert separate.parameters == 3 * trunk + heads
    assert separate.reference_parameters == matched.reference_parameters == joint.parameters
    assert abs(matched.parameters - joint.parameters) < 0.1 * joint.parameters
    assert joint.inference_flops_per_row == 2 * (2 * 32 + 32 * 32 + 32 * 5)
    assert joint.train_flops_per_row == 2 * (2 * 2 * 32 + 3 * 32 * 32 + 3 * 32 * 5)
    assert len(separate.shapes) == len(separate.arm.groups) == 3


def test_a_job_holds_the_columns_of_its_group_in_the_networks_order() -> None:
    """A head trained on another output's column would look like a bad network."""
    experiment, ids, networks = planned("c,a|b")
    for network_id in ids["c,a|b"]:
        network = networks[network_id]
        split = next(s for s in experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
        prepared = prepare(experiment.dataset, split)
        network_job = job(experiment, network, prepared)
        assert network.group in {("a", "c"), ("b",)}
        assert network_job.architecture.units == tuple({"a": 1, "b": 1, "c": 3}[name] for name in network.group)
        for place, name in enumerate(network.group):
            values = mixed().targets[name]
            known = ~np.isnan(values)
            train = values[split.train][~np.isnan(values[split.train])]
            mean, scale = (train.mean(), train.std()) if name == "a" else (0.0, 1.0)
            assert network_job.targets[known, place] == pytest.approx((values[known] - mean) / scale, abs=1e-5)
            assert np.array_equal(network_job.weights[:, place] > 0, known)
            assert not network_job.targets[~known, place].any()
        known = np.any([~np.isnan(mixed().targets[name]) for name in network.group], axis=0)
        for part in ("train", "validation"):
            assert getattr(network_job, part).tolist() == [row for row in getattr(split, part) if known[row]]
        assert np.array_equal(network_job.test, split.test)
        assert network_job.features.shape == (ROWS, 2)


def test_a_job_weighs_each_output_by_its_no_skill_loss() -> None:
    experiment = make_experiment(mixed(), ["joint"], VALIDATION, (("b", 3.0),))
    network = plan_arms(experiment, "torch", "cpu", "stock")[1][0]
    network_job = job(experiment, network, prepare(experiment.dataset, experiment.splits[0]))
    train = mixed().targets["c"][experiment.splits[0].train]
    share = np.array([(train == code).sum() for code in range(3)]) / (~np.isnan(train)).sum()
    entropy = -(share * np.log(share)).sum()
    assert network_job.loss_weights[0] == pytest.approx(1.0)
    assert network_job.loss_weights[1] == pytest.approx(3 / np.log(2), rel=0.05)
    assert network_job.loss_weights[2] == pytest.approx(1 / entropy, rel=0.01)


def test_jobs_of_one_fold_start_their_shared_head_alike() -> None:
    """Arms differ by sharing, not by the luck of another draw or another batch order."""
    experiment, ids, networks = planned("joint", "separate")
    prepared = prepare(experiment.dataset, experiment.splits[0])
    joint = job(experiment, networks[ids["joint"][0]], prepared)
    alone = job(experiment, networks[ids["separate"][2]], prepared)
    assert joint.seed == alone.seed
    assert np.array_equal(joint.initial["head_2_0/kernel"], alone.initial["head_0_0/kernel"])
    assert np.array_equal(joint.initial["trunk_0/kernel"], alone.initial["trunk_0/kernel"])


def test_a_profile_caps_epochs_and_never_raises_them() -> None:
    plain = make_experiment(mixed(), ["joint"], VALIDATION).recipe
    assert make_experiment(mixed(), ["joint"], replace(VALIDATION, max_epochs=5)).recipe == replace(plain, max_epochs=5)
    assert make_experiment(mixed(), ["joint"], replace(VALIDATION, max_epochs=10**6)).recipe == plain


def test_what_cannot_be_planned_is_refused_before_anything_trains() -> None:
    for arms, validation, weights in (
        (["a|b"], VALIDATION, ()),
        (["joint"], replace(VALIDATION, folds=ROWS + 1), ()),
        (["joint"], VALIDATION, (("nope", 1.0),)),
    ):
        with pytest.raises(BadInput):
            make_experiment(mixed(), arms, validation, weights)
