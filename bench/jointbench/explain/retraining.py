"""Retrains networks after rows with labels of one output came, and compares their predictions of the other outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from jointbench.backends.base import Trained
from jointbench.errors import BadInput
from jointbench.explain.context import Context, networks_of
from jointbench.explain.fewer_labels import FewerLabels, raw_of, split_of, without_labels
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.skill import skill_of
from jointbench.explain.stacked_jobs import fit_jobs
from jointbench.explain.trained_networks import compared_outputs
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray, IntArray, Network, Split

NEW = 0.2  # of the training rows: they come later, with labels of one output
MAX_OUTPUTS = 3  # that get new rows, one at a time
FEWEST_SEEDS = 2  # without a second one there is no spread between seeds
JOINT, SEPARATE = "joint", "separate"
SAME_SEED, OTHER_SEED, NO_NEW_ROWS = "same seed", "another seed", "another seed, no new rows"
RETRAININGS = (SAME_SEED, OTHER_SEED, NO_NEW_ROWS)


@dataclass(frozen=True, eq=False)
class Change:
    """What retraining did to one output's predictions, (splits,) each, mean over seeds; NaN where a fit failed.

    flipped: share of test rows whose decision is another, NaN of a regression. moved: mean absolute change, in units of
    ``Moved.spread``. skill: test skill after - before.
    """

    flipped: FloatArray
    moved: FloatArray
    skill: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Moved:
    """One arm's predictions of ``output`` when new rows came for ``grown``. changes: by RETRAININGS.

    spread: (splits,), standard deviation between the seeds' predictions of a row before the new rows came, mean over
    test rows; in standard deviations of the training values, or of a probability. By Gaussian theory two seeds are 1.13 true
    standard deviations apart on average, and 1.27 of this estimate from three.
    """

    grown: str
    output: str
    arm: str
    changes: Mapping[str, Change]
    spread: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Retrainings:
    """Every other output of each of the first outputs, in both arms. new_labels: mean over splits, by grown output.

    outputs: how many the table has. lost: fits that failed, in words.
    """

    moved: tuple[Moved, ...]
    new_labels: Mapping[str, float]
    outputs: int
    folds: int
    splits: int
    seeds: int
    lost: str = ""


@dataclass(frozen=True, eq=False)
class _Fit:
    """A trained network and the table that it was trained on."""

    network: Network
    table: FewerLabels
    trained: Trained


Seeds = Sequence[_Fit]
"""The fits of one arm's network for an output in one split, one for each seed, in their order."""


def measure(experiment: Experiment, backend: str, context: Context) -> Retrainings:
    """The first outputs in turn, on every split.

    Raises BadInput for a dataset with a single output, or for new rows that are all that an output has.
    """
    grown_outputs = compared_outputs(experiment)[:MAX_OUTPUTS]
    seeded = replace(experiment, seeds=max(FEWEST_SEEDS, experiment.seeds))
    names = [output.name for output in seeded.dataset.outputs]
    new = {split.digest: new_rows(split) for split in seeded.splits}
    before = {split.digest: _table(seeded, split, names, new[split.digest]) for split in seeded.splits}
    after = {
        (grown, split.digest): _table(seeded, split, [n for n in names if n != grown], new[split.digest])
        for grown in grown_outputs
        for split in seeded.splits
    }
    joint = networks_of(seeded, JOINT, backend, context.device)
    separate = networks_of(seeded, SEPARATE, backend, context.device)
    tasks = [(network, before[network.split]) for network in (*joint, *separate)]
    # A separate network of another output sees nothing of the new rows: trained again, it is the same computation.
    tasks += [(network, after[grown, network.split]) for grown in grown_outputs for network in joint]
    trained = fit_jobs([table.job(network) for network, table in tasks], context.workers)
    fits = [_Fit(network, table, fit) for (network, table), fit in zip(tasks, trained, strict=True)]
    old, retrained = fits[: len(joint) + len(separate)], fits[len(joint) + len(separate) :]
    moved = []
    for i, grown in enumerate(grown_outputs):
        grown_fits = retrained[i * len(joint) : (i + 1) * len(joint)]
        for name in names:
            if name != grown:
                alone = [fit for fit in old if fit.network.group == (name,)]
                moved.append(_moved(seeded, grown, name, JOINT, old[: len(joint)], grown_fits))
                moved.append(_moved(seeded, grown, name, SEPARATE, alone, alone))
    return Retrainings(
        moved=tuple(moved),
        new_labels={grown: _new_labels(seeded, grown, new) for grown in grown_outputs},
        outputs=len(names),
        folds=seeded.splits[0].folds,
        splits=len(seeded.splits),
        seeds=seeded.seeds,
        lost=lost_fits(fit.failure for fit in trained),
    )


def new_rows(split: Split) -> IntArray:
    """The training rows that come later, the same ones for every output."""
    rng = np.random.default_rng([split.seed, split.repeat, split.fold])
    return np.sort(rng.permutation(split.train)[: max(1, round(NEW * len(split.train)))])


def _table(experiment: Experiment, split: Split, names: Sequence[str], rows: IntArray) -> FewerLabels:
    """Without these outputs' labels of these rows."""
    table = without_labels(experiment, split, dict.fromkeys(names, rows))
    for name in names:
        if not len(table.experiment.labelled(split.train, [name])):
            raise BadInput(
                f"{experiment.dataset.slug}: output {name!r} has no training label outside of the rows that are taken "
                f"as new; leave this output out"
            )
    return table


def _new_labels(experiment: Experiment, grown: str, new: Mapping[str, IntArray]) -> float:
    return float(np.mean([len(experiment.labelled(rows, [grown])) for rows in new.values()]))


def _moved(
    experiment: Experiment, grown: str, name: str, arm: str, before: Sequence[_Fit], after: Sequence[_Fit]
) -> Moved:
    """before, after: in one order, of all splits and seeds."""
    changes: dict[str, list[tuple[float, float, float]]] = {retraining: [] for retraining in RETRAININGS}
    spreads = []
    for split in experiment.splits:
        old, new = ([fit for fit in fits if fit.network.split == split.digest] for fits in (before, after))
        spreads.append(_spread(experiment, name, old))
        following = [*range(1, len(old)), 0]
        for retraining, again in (
            (SAME_SEED, new),
            (OTHER_SEED, [new[i] for i in following]),
            (NO_NEW_ROWS, [old[i] for i in following]),
        ):
            changes[retraining].append(_change(experiment, name, old, again, spreads[-1]))
    return Moved(
        grown=grown,
        output=name,
        arm=arm,
        changes={
            retraining: Change(*np.array(by_split).T.reshape(3, len(experiment.splits)))
            for retraining, by_split in changes.items()
        },
        spread=np.array(spreads),
    )


def _change(
    experiment: Experiment, name: str, before: Seeds, after: Seeds, spread: float
) -> tuple[float, float, float]:
    """(flipped, moved, skill) of a ``Change`` in one split."""
    if any(fit.trained.failure is not None for fit in (*before, *after)):
        return (np.nan,) * 3
    flips, moves, gains = [], [], []
    for old, new in zip(before, after, strict=True):
        first, second = (predicted(experiment, name, fit) for fit in (old, new))
        flips.append(np.mean(decisions(first) != decisions(second)) if _is_class(experiment, name) else np.nan)
        moves.append(np.abs(second - first).mean())
        gains.append(_skill(experiment, name, new) - _skill(experiment, name, old))
    moved = float(np.mean(moves))
    in_spreads = 0.0 if moved == 0 else moved / spread if spread > 0 else np.nan
    return float(np.mean(flips)), in_spreads, float(np.mean(gains))


def _spread(experiment: Experiment, name: str, seeds: Seeds) -> float:
    if any(fit.trained.failure is not None for fit in seeds):
        return float("nan")
    values = np.stack([predicted(experiment, name, fit) for fit in seeds])
    return float(values.std(axis=0, ddof=1).mean())


def predicted(experiment: Experiment, name: str, fit: _Fit) -> FloatArray:
    """(test rows, units): standardised values, or the probability of each class, of the second of two."""
    return shown(raw_of(experiment, fit.network, name, fit.trained.predictions), experiment.outputs([name])[0].kind)


def shown(raw: npt.NDArray[np.floating], kind: str) -> FloatArray:
    """A network's raw values of one output, (test rows, units), as values or probabilities."""
    values = raw.astype(np.float64)
    if kind == "regression":
        return values
    return np.asarray(special.expit(values) if kind == "binary" else special.softmax(values, axis=1))


def decisions(probabilities: FloatArray) -> IntArray:
    """(test rows,): class codes."""
    if probabilities.shape[1] == 1:
        return (probabilities[:, 0] > 0.5).astype(np.int64)
    return np.asarray(probabilities.argmax(axis=1))


def _is_class(experiment: Experiment, name: str) -> bool:
    return experiment.outputs([name])[0].kind != "regression"


def _skill(experiment: Experiment, name: str, fit: _Fit) -> float:
    raw = raw_of(experiment, fit.network, name, fit.trained.predictions)
    return skill_of(experiment, name, split_of(experiment, fit.network), raw, fit.table.prepared)
