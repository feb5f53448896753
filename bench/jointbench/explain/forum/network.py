"""The forum's network and data as posted: two outputs of the UCI energy-efficiency table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Job
from jointbench.data.catalog import load_bundled
from jointbench.networks.architecture import Architecture
from jointbench.networks.initialization import initial_weights
from jointbench.networks.layers import Layer
from jointbench.types import FloatArray, IntArray, Kind, Optimizer, Recipe

DATASET = "energy_efficiency"
OUTPUTS = ("Y1", "Y2")
TRUNK = (128, 128)
HIDDEN = {"Y1": (), "Y2": (64,)}  # Y1 straight from the trunk, Y2 through a layer of its own
BATCH, RATE, TEST_SHARE = 10, 1e-3, 0.2
FIXED_SPLIT = 0


@dataclass(frozen=True)
class Setting:
    """Which outputs share a network, and the weight of each output's loss, in the order of OUTPUTS."""

    name: str
    groups: tuple[tuple[str, ...], ...]
    loss_weights: tuple[float, float]


JOINT, SEPARATE = (OUTPUTS,), tuple((name,) for name in OUTPUTS)
SETTINGS = (
    *(Setting(f"[{y1}, {y2}]", JOINT, (y1, y2)) for y1, y2 in ((2, 1), (1, 2), (1, 4), (4, 1))),
    Setting("separate networks", SEPARATE, (1, 1)),
)


@dataclass(frozen=True)
class Variant:
    """A way of training. scaled: targets standardised on the training rows; the post left them in their raw unit."""

    optimizer: Optimizer
    scaled: bool

    @property
    def name(self) -> str:
        optimizer = self.optimizer.upper() if self.optimizer == "sgd" else "Adam"
        return f"{optimizer}, targets {'standardised' if self.scaled else 'raw'}"


AS_POSTED = Variant("sgd", scaled=False)
VARIANTS = (AS_POSTED, Variant("sgd", scaled=True), Variant("adam", scaled=False), Variant("adam", scaled=True))


@dataclass(frozen=True, eq=False)
class EnergyTable:
    """features: (768, 8), every column a number, as posted; targets: (768, 2), kWh/m2."""

    features: FloatArray
    targets: FloatArray


def energy_table() -> EnergyTable:
    """The fetched table. Raises BadInput, with the command that fetches it, when it is not in the cache."""
    dataset = load_bundled(DATASET)
    assert not isinstance(dataset.features, np.ndarray)
    return EnergyTable(
        dataset.features.astype(float).to_numpy(), np.stack([dataset.targets[name] for name in OUTPUTS], axis=1)
    )


def forum_architecture(group: Sequence[str]) -> Architecture:
    """The posted network for these outputs: trunk 128-128, ReLU, and each output's own head."""
    trunk = []
    inputs = 8
    for i, units in enumerate(TRUNK):
        trunk.append(
            Layer(
                name=f"trunk_{i}",
                kind="dense",
                inputs=inputs,
                units=units,
                positions=1,
                head=None,
                reads_input=i == 0,
                then=("activate",),
            )
        )
        inputs = units
    heads = []
    for k, name in enumerate(group):
        widths = (TRUNK[-1], *HIDDEN[name], 1)
        heads.append(
            tuple(
                Layer(
                    name=f"head_{k}_{i}",
                    kind="dense",
                    inputs=fan_in,
                    units=units,
                    positions=1,
                    head=k,
                    reads_input=False,
                    then=("activate",) if i < len(widths) - 2 else (),
                )
                for i, (fan_in, units) in enumerate(itertools.pairwise(widths))
            )
        )
    kinds: tuple[Kind, ...] = tuple("regression" for _ in heads)
    return Architecture((8,), (), tuple(trunk), tuple(heads), kinds, "relu")


def forum_split(rows: int, seed: int) -> tuple[IntArray, IntArray]:
    """(training, test) rows: 614 and 154 of 768, a random permutation."""
    order = np.random.default_rng([seed, 0xE242]).permutation(rows)
    test = int(np.ceil(TEST_SHARE * rows))
    return order[test:], order[:test]


@dataclass(frozen=True, eq=False)
class ForumJob:
    """A job. scale: (outputs,), the factors that turn the roots of its losses into kWh/m2."""

    job: Job
    scale: FloatArray


@dataclass(frozen=True)
class ForumRun:
    """One run of a setting. ``seed`` draws the initial weights and batch orders; a run is never stopped early."""

    setting: Setting
    variant: Variant
    epochs: int
    seed: int = 0
    split_seed: int = FIXED_SPLIT


def forum_job(table: EnergyTable, group: Sequence[str], run: ForumRun) -> ForumJob:
    """The run's network for these outputs.

    The test rows are its validation rows, as in the post. They give a curve only: nothing is chosen by it.
    """
    train, test = forum_split(len(table.features), run.split_seed)
    columns = [OUTPUTS.index(name) for name in group]
    mean, sd = table.features[train].mean(axis=0), table.features[train].std(axis=0)
    features = ((table.features - mean) / sd).astype(np.float32)
    targets, scale = table.targets[:, columns], np.ones(len(columns))
    if run.variant.scaled:
        scale = targets[train].std(axis=0)
        targets = (targets - targets[train].mean(axis=0)) / scale
    network = forum_architecture(group)
    job = Job(
        architecture=network,
        recipe=Recipe(
            optimizer=run.variant.optimizer,
            learning_rate=RATE,
            batch_size=BATCH,
            max_epochs=run.epochs,
            patience=run.epochs,
        ),
        features=features,
        targets=targets.astype(np.float32),
        weights=np.ones(targets.shape, np.float32),
        train=train,
        validation=test,
        test=test,
        loss_weights=tuple(float(run.setting.loss_weights[i]) for i in columns),
        initial=initial_weights(network, group, run.seed),
        seed=run.seed,
    )
    return ForumJob(job, scale)
