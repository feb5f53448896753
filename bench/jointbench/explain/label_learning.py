"""Trains joint and separate networks with fewer and fewer labels of one output.

What sharing gains with few labels is not all in the shared layers: the stop of a joint network rests on the other
outputs' validation labels too, where a separate one has a handful. Outputs that have nothing in common therefore gain a
little at the fewest labels as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.base import Trained
from jointbench.data.preprocess import Prepared
from jointbench.explain.context import Context, networks_of
from jointbench.explain.fewer_labels import FewerLabels, raw_of, split_of, without_labels
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.skill import skill_losses
from jointbench.explain.stacked_jobs import fit_jobs
from jointbench.explain.trained_networks import compared_outputs
from jointbench.networks.recipes import default_recipe
from jointbench.records import Fit
from jointbench.stats.row_level import RowDifferences, minority
from jointbench.study.plan import Experiment
from jointbench.types import Float32Array, FloatArray, IntArray, Network, Output, Recipe, Split

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)  # of one output's labels in training and validation rows
MAX_OUTPUTS = 3  # whose labels are left out, one output at a time
FEWEST = (4, 2)  # labels that are kept of training and of validation rows, however small the share


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelCurve:
    """One output with fewer of its labels; the other outputs have all theirs.

    labels: (shares,), kept in training and validation rows, mean over splits and seeds. joint, separate: (shares, rows,
    repeats, seeds), losses of single test rows in units of skill, which is 1 - their mean; NaN where a row is not
    judged or a fit failed. minority: as in ``RowDifferences``.
    """

    output: str
    labels: FloatArray
    joint: FloatArray
    separate: FloatArray
    minority: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelCurves:
    """The curves of the first outputs. fold, units, overlap: as in ``RowDifferences``, of all rows of the table.
    outputs: how many the table has. lost: fits that failed, in words."""

    curves: tuple[LabelCurve, ...]
    fold: IntArray
    units: IntArray
    overlap: float
    outputs: int
    splits: int
    lost: str = ""

    def gains(self, curve: LabelCurve, values: FloatArray) -> RowDifferences:
        """values: (rows, repeats, seeds), separate - joint losses."""
        return RowDifferences(values, self.fold, self.units, self.overlap, curve.minority)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A network to train with a share of an output's labels. table: what is left of the split."""

    output: str
    share: float
    network: Network
    table: FewerLabels


def measure(experiment: Experiment, backend: str, context: Context) -> LabelCurves:
    """The first outputs in turn, in every split and seed. Raises BadInput for a dataset with a single output."""
    names = compared_outputs(experiment)[:MAX_OUTPUTS]
    joint = networks_of(experiment, "joint", backend, context.device)
    separate = networks_of(experiment, "separate", backend, context.device)
    whole = [context.fits(experiment, networks) for networks in (joint, separate)]
    trials = [
        trial
        for name in names
        for share in SHARES[:-1]
        for trial in _trials(experiment, name, share, joint, [n for n in separate if n.group == (name,)])
    ]
    trained = fit_jobs([trial.table.job(trial.network) for trial in trials], context.workers)
    return LabelCurves(
        curves=tuple(
            _curve(experiment, name, (joint, separate), whole, list(zip(trials, trained, strict=True)))
            for name in names
        ),
        fold=_folds(experiment),
        units=experiment.row_units,
        overlap=float(np.mean([len(s.test) / (len(s.train) + len(s.validation)) for s in experiment.splits])),
        outputs=len(experiment.dataset.outputs),
        splits=len(experiment.splits),
        lost=lost_fits([fit.failure for fits in whole for fit in fits] + [fit.failure for fit in trained]),
    )


def _folds(experiment: Experiment) -> IntArray:
    """(rows, repeats): the fold that tests a row, -1 where none does."""
    fold = np.full((experiment.dataset.rows, 1 + max(split.repeat for split in experiment.splits)), -1)
    for split in experiment.splits:
        fold[split.test, split.repeat] = split.fold
    return fold


def _trials(
    experiment: Experiment, name: str, share: float, joint: Sequence[Network], separate: Sequence[Network]
) -> list[_Trial]:
    """Joint and separate networks of one seed and split are trained on the same labels."""
    recipe = recipe_of_share(experiment, share)
    trials = []
    for shared, alone in zip(joint, separate, strict=True):
        if (shared.seed, shared.fold) != (alone.seed, alone.fold):
            raise ValueError("joint and separate networks are not in one order")
        split = split_of(experiment, shared)
        table = without_labels(experiment, split, {name: hidden_rows(experiment, name, share, split, shared.seed)})
        trials.append(_Trial(name, share, shared, table))
        trials.append(_Trial(name, share, replace(alone, recipe=recipe), table))
    return trials


def recipe_of_share(experiment: Experiment, share: float) -> Recipe:
    """How a separate network is trained that has this share of the labels: as the rule trains a table of so many rows.

    The rule's recipe of images and a dataset's own know nothing of rows: there limit and patience are as many steps as
    with all labels. So is a limit of epochs that is lower than the rule's. Else a network of few labels, whose epochs
    are short, would be ended before it has learnt anything.
    """
    recipe, rows = experiment.recipe, experiment.recipe_rows
    epochs = round(recipe.max_epochs / share)
    if rows is None or len(experiment.input_shape) == 3:
        return replace(recipe, max_epochs=epochs, patience=round(recipe.patience / share))
    few = replace(default_recipe(max(1, round(share * rows)), image=False), loss_weights=recipe.loss_weights)
    unlimited = recipe.max_epochs == default_recipe(rows, image=False).max_epochs
    return few if unlimited else replace(few, max_epochs=min(few.max_epochs, epochs))


def hidden_rows(experiment: Experiment, name: str, share: float, split: Split, seed: int) -> IntArray:
    """Training and validation rows whose label of the output is left out, a random part for each seed.

    A smaller share hides all that a larger one does. Of classes one row each comes first: with a class that it never
    saw, an output could not be learnt at all.
    """
    (number,) = experiment.columns([name])
    values = experiment.dataset.targets[name]
    hidden = []
    for part, (rows, fewest) in enumerate(zip((split.train, split.validation), FEWEST, strict=True)):
        known = rows[~np.isnan(values[rows])]
        order = np.random.default_rng([seed, number, part]).permutation(known)
        order = _one_of_each_class_first(order, values, experiment.dataset.outputs[number])
        hidden.append(order[max(fewest, round(share * len(order))) :])
    return np.concatenate(hidden)


def _one_of_each_class_first(order: IntArray, values: FloatArray, output: Output) -> IntArray:
    if output.kind == "regression":
        return order
    _, first = np.unique(values[order], return_index=True)
    return np.concatenate([order[np.sort(first)], np.delete(order, first)])


def _labels_kept(experiment: Experiment, name: str, share: float, networks: Sequence[Network]) -> float:
    """In training and validation rows, mean over splits and seeds."""
    values = experiment.dataset.targets[name]
    counts = []
    for network in networks:
        split = split_of(experiment, network)
        rows = np.concatenate([split.train, split.validation])
        hidden = hidden_rows(experiment, name, share, split, network.seed)
        counts.append(int((~np.isnan(values[rows])).sum()) - len(hidden))
    return float(np.mean(counts))


def _curve(
    experiment: Experiment,
    name: str,
    arms: tuple[Sequence[Network], Sequence[Network]],
    whole: Sequence[Sequence[Fit]],
    results: Sequence[tuple[_Trial, Trained]],
) -> LabelCurve:
    """arms: all networks of joint and separate; whole: their fits with all labels."""
    numbers = {network.seed: i % experiment.seeds for i, network in enumerate(arms[0])}
    repeats = 1 + max(split.repeat for split in experiment.splits)
    losses = np.full((2, len(SHARES), experiment.dataset.rows, repeats, experiment.seeds), np.nan)

    def put(arm: int, share: float, network: Network, raw: Float32Array, prepared: Prepared | None) -> None:
        split = split_of(experiment, network)
        own = raw_of(experiment, network, name, raw)
        at = (arm, SHARES.index(share), split.test, split.repeat, numbers[network.seed])
        losses[at] = skill_losses(experiment, name, split, own, prepared)

    for arm, fits in enumerate(whole):
        for fit in fits:
            if fit.failure is None and name in fit.network.group:
                put(arm, 1.0, fit.network, fit.predictions, None)
    for trial, trained in results:
        if trained.failure is None and trial.output == name:
            arm = int(len(trial.network.group) == 1)
            put(arm, trial.share, trial.network, trained.predictions, trial.table.prepared)
    values = experiment.dataset.targets[name][np.isfinite(losses).any(axis=(0, 1, 3, 4))]
    is_class = experiment.outputs([name])[0].kind != "regression"
    return LabelCurve(
        output=name,
        labels=np.array([_labels_kept(experiment, name, share, arms[0]) for share in SHARES]),
        joint=losses[0],
        separate=losses[1],
        minority=minority(values.astype(np.int64)) if is_class else None,
    )
