"""Planning: from a dataset and what is asked for to the networks to fit. Pure; nothing is trained here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from jointbench.backends.base import Job
from jointbench.data.preprocess import Prepared, prepare
from jointbench.data.splits import splits
from jointbench.data.subsample import subsampled
from jointbench.errors import BadInput
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.arms import architectures, parameters, parse_arm, sized
from jointbench.networks.flops import flops_per_row, inference_flops_per_row, train_flops_per_row
from jointbench.networks.initialization import initial_weights
from jointbench.networks.recipes import check_loss_weights, default_recipe, default_shape, effective_weights
from jointbench.records import PlannedArm
from jointbench.types import Arm, Dataset, Engine, Network, Output, Recipe, Shape, Split

MIN_LABELS = 2  # labelled rows that a fold's test and training part need at the least, on average


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """How much is trained: folds, repeats, initialisation seeds within a fold, and the caps of a profile."""

    folds: int
    repeats: int
    seeds: int
    seed: int
    max_rows: int | None = None
    max_images: int | None = None
    max_epochs: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Experiment:
    """A dataset ready to be studied: its splits, base shape, recipe and arms."""

    dataset: Dataset
    splits: tuple[Split, ...]
    seeds: int
    shape: Shape
    recipe: Recipe
    arms: tuple[Arm, ...]
    input_shape: tuple[int, ...]

    def work(self, networks: Sequence[Network]) -> int:
        """FLOPs of one epoch of these networks: a guess at how long they take, to start the longest first."""
        return train_flops_per_row([self.architecture(network) for network in networks]) * self.dataset.rows

    def outputs(self, group: Sequence[str]) -> list[Output]:
        return [output for output in self.dataset.outputs if output.name in group]

    def columns(self, group: Sequence[str]) -> list[int]:
        """Places of the group's outputs among the dataset's."""
        return [i for i, output in enumerate(self.dataset.outputs) if output.name in group]

    def architecture(self, network: Network) -> Architecture:
        return architecture(network.shape, self.input_shape, self.outputs(network.group))


def make_experiment(
    dataset: Dataset, arms: Sequence[str], sizes: CrossValidation, loss_weights: tuple[tuple[str, float], ...] = ()
) -> Experiment:
    """Everything about a dataset that does not depend on a backend. Raises BadInput for what cannot be planned."""
    parsed = tuple(parse_arm(text, dataset.outputs) for text in dict.fromkeys(arms))
    image = isinstance(dataset.features, np.ndarray)
    cut = subsampled(dataset, sizes.max_images if image else sizes.max_rows, sizes.seed)
    recipe = cut.recipe or default_recipe(dataset.rows, image)
    if loss_weights:
        recipe = replace(recipe, loss_weights=loss_weights)
    check_loss_weights(recipe, cut.outputs)
    if sizes.max_epochs is not None:
        recipe = replace(recipe, max_epochs=min(recipe.max_epochs, sizes.max_epochs))
    shape = cut.shape or default_shape(dataset.rows, image)
    made = splits(cut, sizes.folds, sizes.repeats, sizes.seed)
    for output in cut.outputs:
        labelled = int((~np.isnan(cut.targets[output.name])).sum())
        if labelled < 2 * sizes.folds * MIN_LABELS:
            raise BadInput(
                f"{cut.slug}: output {output.name!r} has only {labelled} labelled rows, too few for {sizes.folds} folds; "
                f"ask for fewer with --folds, or leave the output out"
            )
    input_shape = prepare(cut, made[0]).features.shape[1:]
    return Experiment(
        dataset=cut, splits=made, seeds=sizes.seeds, shape=shape, recipe=recipe, arms=parsed, input_shape=input_shape
    )


def plan_arms(
    make_experiment: Experiment, backend: str, device: str, engine: Engine
) -> tuple[list[PlannedArm], list[Network]]:
    """The arms made concrete, and every network they need, each once, in the order of the splits."""
    networks: dict[str, Network] = {}
    made = []
    for arm in make_experiment.arms:
        shape = sized(arm, make_experiment.shape, make_experiment.input_shape, make_experiment.dataset.outputs)
        built = architectures(arm.groups, shape, make_experiment.input_shape, make_experiment.dataset.outputs)
        reference = architectures(
            arm.reference, make_experiment.shape, make_experiment.input_shape, make_experiment.dataset.outputs
        )
        wanted = [
            Network(
                dataset=make_experiment.dataset.slug,
                sha256=make_experiment.dataset.digest,
                repeat=split.repeat,
                fold=split.fold,
                split=split.digest,
                seed=_seed(split, number),
                group=group,
                shape=shape,
                recipe=make_experiment.recipe,
                backend=backend,
                device=device,
                engine=engine,
            )
            for split in make_experiment.splits
            for number in range(make_experiment.seeds)
            for group in arm.groups
        ]
        networks.update((network.id, network) for network in wanted)
        made.append(
            PlannedArm(
                dataset=make_experiment.dataset.slug,
                backend=backend,
                device=device,
                engine=engine,
                arm=arm,
                shapes=(shape,) * len(arm.groups),
                parameters=parameters(built),
                reference_parameters=parameters(reference),
                train_flops_per_row=train_flops_per_row(built),
                inference_flops_per_row=inference_flops_per_row(built),
                network_ids=tuple(network.id for network in wanted),
                flops=flops_per_row(built),
            )
        )
    order = {(split.repeat, split.fold): i for i, split in enumerate(make_experiment.splits)}
    return made, sorted(networks.values(), key=lambda network: order[network.repeat, network.fold])


def _seed(split: Split, number: int) -> int:
    """The seed of initial weights and batch orders: its own for each fold and number, the same for every arm."""
    return int(np.random.SeedSequence([split.seed, split.repeat, split.fold, number]).generate_state(1)[0])


def job(make_experiment: Experiment, network: Network, prepared: Prepared) -> Job:
    """What a backend needs to train this network."""
    columns = make_experiment.columns(network.group)
    outputs = make_experiment.outputs(network.group)
    built = make_experiment.architecture(network)
    split = next(s for s in make_experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    no_skill = {output.name: prepared.no_skill[i] for output, i in zip(outputs, columns, strict=True)}
    return Job(
        architecture=built,
        recipe=network.recipe,
        features=prepared.features,
        targets=prepared.targets[:, columns],
        weights=prepared.weights[:, columns],
        train=split.train,
        validation=split.validation,
        test=split.test,
        loss_weights=effective_weights(network.recipe, outputs, no_skill),
        initial=initial_weights(built, network.group, network.seed),
        seed=network.seed,
    )


Plan = tuple[Experiment, list[PlannedArm], list[Network]]


@lru_cache(maxsize=16)
def prepared_split(make_experiment: Experiment, repeat: int, fold: int) -> Prepared:
    return prepare(
        make_experiment.dataset, next(s for s in make_experiment.splits if (s.repeat, s.fold) == (repeat, fold))
    )


def timed_ids(make_experiment: Experiment, made: Iterable[PlannedArm]) -> set[str]:
    """Ids of the networks of the first split and seed, in every arm."""
    return {network_id for planned in made for network_id in planned.network_ids[: len(planned.arm.groups)]}
