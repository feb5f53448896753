"""Planning: from a dataset and the chosen arms to the networks to fit. Pure; nothing is trained here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.registry import untrainable_reason
from jointbench.data.held_out import FEWEST_REPEATS
from jointbench.data.label_checks import check_enough_labels, check_labels_of_parts
from jointbench.data.preprocess import Prepared, prepare
from jointbench.data.split_notes import split_notes
from jointbench.data.splits import splits
from jointbench.data.subsample import check_cut, subsampled
from jointbench.data.units import row_units
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.arms import architectures, parameters, parse_arms, recipe_of, sized
from jointbench.networks.dropout import outputs_seed
from jointbench.networks.flops import (
    flops_per_row,
    inference_flops_per_row,
    train_flops_per_row,
    uncounted_reason,
    weighting_flops,
)
from jointbench.networks.initialization import initial_weights
from jointbench.networks.loss_weighting import weighting_notes, weighting_of
from jointbench.networks.network_options import DEFAULT_NETWORK, NetworkOptions
from jointbench.networks.own_trunk import OwnTrunk
from jointbench.networks.recipes import chosen_recipe, chosen_shape, effective_weights
from jointbench.records import PlannedArm, SearchedArm, TunedArm
from jointbench.study.prepared_tables import own_columns
from jointbench.types import (
    Arm,
    Dataset,
    Engine,
    IntArray,
    Network,
    Output,
    Recipe,
    Shape,
    Split,
    Weights,
)

FLOPS_PER_PARAMETER = 6  # of a row forward and backward, in dense layers


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """How much is trained: folds, repeats, initialisation seeds within a fold, and the caps of a profile.

    fits: in place of folds and repeats, where the rows to test on are a file of their own. split_repeats: identical rows
    may fall into different parts of a split.
    """

    folds: int
    repeats: int
    seeds: int
    seed: int
    fits: int = FEWEST_REPEATS
    max_rows: int | None = None
    max_images: int | None = None
    max_epochs: int | None = None
    split_repeats: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Experiment:
    """A dataset ready to be studied: its splits, base shape, recipe and arms. own_trunks: the user's, by backend.
    larger: the same table with more and more rows, for when this one has been trained. trials: configurations of each
    network, of which it is served in one."""

    dataset: Dataset
    splits: tuple[Split, ...]
    seeds: int
    shape: Shape
    recipe: Recipe
    arms: tuple[Arm, ...]
    input_shape: tuple[int, ...]
    split_repeats: bool = False
    own_trunks: Mapping[str, OwnTrunk] = field(default_factory=dict)
    larger: tuple[Experiment, ...] = ()
    trials: int = 1

    @cached_property
    def row_units(self) -> IntArray:
        """(rows,): equal for rows that the splits keep together."""
        return row_units(self.dataset, split_repeats=self.split_repeats)

    @property
    def runs(self) -> list[tuple[Split, int]]:
        """Every split with every number of a seed: by repeat, then number, then fold, so that more repeats, or more
        seeds of a single repeat, only add to the end."""
        numbered = [(split, number) for split in self.splits for number in range(self.seeds)]
        return sorted(numbered, key=lambda run: (run[0].repeat, run[1], run[0].fold))

    def in_order(self, networks: Iterable[Network]) -> list[Network]:
        """In the order of the splits."""
        order = {(split.repeat, split.fold): i for i, split in enumerate(self.splits)}
        return sorted(networks, key=lambda network: order[network.repeat, network.fold])

    def work(self, networks: Sequence[Network]) -> int:
        """FLOPs of one epoch of these networks: an estimate of their time, to start the longest first."""
        built = [self.architecture(network) for network in networks]
        per_row = train_flops_per_row(built) or FLOPS_PER_PARAMETER * parameters(built)
        return per_row * self.dataset.rows

    def outputs(self, group: Sequence[str]) -> list[Output]:
        return [output for output in self.dataset.outputs if output.name in group]

    def columns(self, group: Sequence[str]) -> list[int]:
        """Indices of the group's outputs among the dataset's."""
        return [i for i, output in enumerate(self.dataset.outputs) if output.name in group]

    @property
    def recipe_rows(self) -> int | None:
        """The rows that recipe and base shape were chosen by; None where one of them is set, by the dataset or the user."""
        own = self.dataset.recipe is not None or self.dataset.shape is not None
        return None if own else self.dataset.rows

    def labelled(self, rows: IntArray, group: Sequence[str]) -> IntArray:
        """Those of these row numbers that have a label of any of the group's outputs."""
        known = [~np.isnan(self.dataset.targets[output.name][rows]) for output in self.outputs(group)]
        return rows[np.any(known, axis=0)]

    def architecture(self, network: Network) -> Architecture:
        own = self.own_trunks.get(network.backend)
        return architecture(network.shape, self.input_shape, self.outputs(network.group), own)


def make_experiment(
    dataset: Dataset,
    arms: Sequence[str],
    validation: CrossValidation,
    loss_weights: tuple[tuple[str, float], ...] = (),
    network: NetworkOptions = DEFAULT_NETWORK,
) -> Experiment:
    """Everything about a dataset that does not depend on a backend. Raises BadInput for what cannot be planned."""
    parsed = parse_arms(arms, dataset.outputs)
    image = isinstance(dataset.features, np.ndarray)
    most = validation.max_images if image else validation.max_rows
    cut = subsampled(dataset, most, validation.seed, split_repeats=validation.split_repeats)
    check_cut(cut, dataset, most, split_repeats=validation.split_repeats)
    cut = network.set_on(cut)
    recipe, shape = chosen_recipe(cut, loss_weights, validation.max_epochs), chosen_shape(cut)
    all_splits = _checked_splits(cut, dataset, validation)
    weighted = weighting_notes(parsed)
    cut = replace(
        cut, notes=(*cut.notes, *split_notes(cut, all_splits, split_repeats=validation.split_repeats), *weighted)
    )
    input_shape = prepare(cut, all_splits[0]).features.shape[1:]
    return Experiment(
        dataset=cut,
        splits=all_splits,
        seeds=validation.seeds,
        shape=shape,
        recipe=recipe,
        arms=parsed,
        input_shape=input_shape,
        split_repeats=validation.split_repeats,
    )


def _checked_splits(cut: Dataset, whole: Dataset, validation: CrossValidation) -> tuple[Split, ...]:
    """The splits of the dataset. Raises BadInput where an output lacks the labels for them. whole: before its cut."""
    repeats = validation.repeats if cut.held_out is None else validation.fits
    all_splits = splits(cut, validation.folds, repeats, validation.seed, split_repeats=validation.split_repeats)
    check_enough_labels(cut, whole, all_splits[0].folds)
    check_labels_of_parts(cut, all_splits)
    return all_splits


def plan_arms(
    experiment: Experiment, backend: str, device: str, engine: Engine
) -> tuple[list[PlannedArm], list[Network]]:
    """The arms made concrete, without those that the backend cannot train (``study.untrained_arms``), and every network
    they need, each once, in the order of the splits. The stock loop trains those whose losses a method weighs."""
    networks: dict[str, Network] = {}
    planned_arms = []
    own = experiment.own_trunks.get(backend)
    base = experiment.shape if own is None else own.shape(experiment.shape)
    table = (experiment.input_shape, experiment.dataset.outputs, own)
    for arm in experiment.arms:
        if untrainable_reason(backend, arm.weighting) is not None:
            continue
        shape = sized(arm, base, *table)
        built, served = (architectures(groups, shape, *table) for groups in (arm.groups, arm.served))
        reference = architectures(arm.reference, base, *table)
        arm_networks = [
            Network(
                dataset=experiment.dataset.slug,
                sha256=experiment.dataset.digest,
                repeat=split.repeat,
                fold=split.fold,
                split=split.digest,
                seed=_seed(split, number),
                group=group,
                shape=shape,
                recipe=recipe_of(arm, experiment.recipe, group),
                backend=backend,
                device=device,
                engine="stock" if weighting_of(arm.weighting, group) else engine,
            )
            for split, number in experiment.runs
            for group in arm.groups
        ]
        networks.update((network.id, network) for network in arm_networks)
        planned_arms.append(
            PlannedArm(
                dataset=experiment.dataset.slug,
                backend=backend,
                device=device,
                engine=engine,
                arm=arm,
                shapes=(shape,) * len(arm.groups),
                parameters=parameters(built),
                reference_parameters=parameters(reference),
                train_flops_per_row=train_flops_per_row(built, arm.weighting),
                inference_flops_per_row=inference_flops_per_row(served),
                network_ids=tuple(network.id for network in arm_networks),
                flops=None if uncounted_reason(built) else flops_per_row(built, arm.weighting),
                weighting_flops=weighting_flops(built, arm.weighting),
                served_parameters=None if served == built else parameters(served),
            )
        )
    return planned_arms, experiment.in_order(networks.values())


def _seed(split: Split, number: int) -> int:
    """The seed of initial weights and batch orders: its own for each fold and number, the same for every arm."""
    return int(np.random.SeedSequence([split.seed, split.repeat, split.fold, number]).generate_state(1)[0])


def job(experiment: Experiment, network: Network, prepared: Prepared) -> Job:
    """What a backend needs to train this network, on the rows that have a label of any of its outputs."""
    columns = experiment.columns(network.group)
    outputs = experiment.outputs(network.group)
    built = experiment.architecture(network)
    split = next(s for s in experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))
    train = experiment.labelled(split.train, network.group)
    if built.own_trunk is not None and len(train) % network.recipe.batch_size == 1:
        train = train[:-1]  # batch normalisation cannot train on a batch of one row
    no_skill = {output.name: prepared.no_skill[i] for output, i in zip(outputs, columns, strict=True)}
    initial = initial_weights(built, network.group, network.seed)
    features = own_columns(prepared, tuple(columns)) if built.own_trunk is None else prepared.features
    return Job(
        architecture=built,
        recipe=network.recipe,
        features=features,
        targets=prepared.targets[:, columns],
        weights=prepared.weights[:, columns],
        train=train,
        validation=experiment.labelled(split.validation, network.group),
        test=split.test,
        loss_weights=effective_weights(network.recipe, outputs, no_skill),
        initial=without_columns(initial, built, prepared.columns_of_others(columns)),
        seed=network.seed,
        dropout_seed=outputs_seed(network.group),
    )


def without_columns(weights: Weights, network: Architecture, columns: IntArray) -> Weights:
    """Initial weights that ignore these columns of the features. They stay 0 in training on columns of zeros, so that
    the network answers rows in which the columns are something else."""
    if not len(columns) or network.own_trunk is not None:
        return weights
    kept = {name: array.copy() for name, array in weights.items()}
    for layer in network.layers:
        if layer.reads_input:
            kept[f"{layer.name}/kernel"][columns] = 0
    return kept


@dataclass(frozen=True, eq=False)
class Plan:
    """An experiment on one backend and device: its arms made concrete, and every network they need.

    tuned: the arms' configurations, where there are several; until they are trained, ``arms`` are of the first ones.
    searched: the groups that arms may have which search their partition.
    """

    experiment: Experiment
    arms: Sequence[PlannedArm]
    networks: Sequence[Network]
    tuned: Sequence[TunedArm] = ()
    searched: Sequence[SearchedArm] = ()

    @cached_property
    def by_id(self) -> dict[str, Network]:
        return {network.id: network for network in self.networks}
