"""Which loss moves the trunk, and do the losses pull in different directions?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Backend, Job, TrunkGramians
from jointbench.errors import BadInput
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.context import Context, networks_of
from jointbench.explain.number_text import percent, signed
from jointbench.explain.skill import difference, places_of, skills
from jointbench.networks.initialization import epoch_order
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment, job, prepared_split
from jointbench.types import FloatArray, IntArray

KEY = "who-moves-the-trunk"
QUESTION = "Which loss moves the shared layers, and do the losses pull in different directions?"
POINTS = 48  # steps looked at in a fit, evenly from the first to the last
SPLITS = 3  # splits looked at
PERPENDICULAR = 0.1  # a mean cosine nearer to 0 is neither together nor apart
LARGE_BATCH_ROWS = 1_000  # training rows of the calmer second look


@dataclass(frozen=True, eq=False)
class Movement:
    """The outputs' trunk gradients along training.

    products: one entry a fit; batch and broad are (points, outputs, outputs). loss_weights: (outputs,) of each fit.
    skill: per output, the means of joint and of separate networks and what is believed about their difference.
    """

    outputs: tuple[str, ...]
    products: tuple[TrunkGramians, ...]
    loss_weights: tuple[FloatArray, ...]
    joint: tuple[float, ...]
    separate: tuple[float, ...]
    gained: tuple[Posterior | None, ...]

    @property
    def cosines(self) -> FloatArray:
        """(fits, points, pairs): cosine of each pair of outputs on the step's own batch; NaN where one has no gradient."""
        return np.stack([cosines(one.batch) for one in self.products])

    @property
    def broad_cosines(self) -> FloatArray:
        return np.stack([cosines(one.large_batch) for one in self.products])

    @property
    def norms(self) -> FloatArray:
        """(fits, points, outputs): length of each output's weighted gradient on the step's own batch."""
        return np.stack(
            [
                np.sqrt(np.diagonal(one.batch, axis1=1, axis2=2)) * weights
                for one, weights in zip(self.products, self.loss_weights, strict=True)
            ]
        )

    @property
    def shares(self) -> FloatArray:
        """(fits, points, outputs): each output's part of the weighted gradient, its projection on it; sums to 1."""
        return np.stack([shares(one.batch, w) for one, w in zip(self.products, self.loss_weights, strict=True)])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(itertools.combinations(self.outputs, 2))


def cosines(products: FloatArray) -> FloatArray:
    """(points, pairs) from inner products (points, outputs, outputs)."""
    norms = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    first, second = np.triu_indices(products.shape[1], 1)
    lengths = norms[:, first] * norms[:, second]
    result: FloatArray = np.divide(
        products[:, first, second], lengths, out=np.full(lengths.shape, np.nan), where=lengths > 0
    )
    return result


def shares(products: FloatArray, weights: FloatArray) -> FloatArray:
    """(points, outputs): weight_i g_i . G / |G|^2 with G the weighted sum; NaN where G is zero."""
    weighted = products * weights[:, None] * weights[None, :]
    along = weighted.sum(axis=2)
    whole = along.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(along, whole, out=np.full(along.shape, np.nan), where=whole > 0)
    return result


def measure(backend: Backend, task: Job, at: Sequence[int], rows: IntArray) -> TrunkGramians:
    return backend.trunk_gramians(task, at, rows)


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Trained anew with the stock loop's steps for as long as the engine's fit of the same network took."""
    joint = networks_of(experiment, "joint", backend, context.device)
    separate = networks_of(experiment, "separate", backend, context.device)
    if not (experiment.architecture(joint[0]).trunk or experiment.architecture(joint[0]).convs):
        raise BadInput(f"{experiment.dataset.slug}: the network has no shared layers, so there is nothing to move")
    joint_fits, separate_fits = context.fits(experiment, joint), context.fits(experiment, separate)
    places = places_of(experiment)
    waiting = []
    for network, fit in list(zip(joint, joint_fits, strict=True))[:: experiment.seeds][:SPLITS]:
        if fit.failure is not None:
            raise RuntimeError(f"the joint network failed in fold {network.fold}: {fit.failure}")
        task = job(experiment, network, prepared_split(experiment, network.repeat, network.fold))
        at = sorted({int(step) for step in np.linspace(0, fit.steps - 1, POINTS)})
        rows = task.train[epoch_order(task.seed, 0, len(task.train))[:LARGE_BATCH_ROWS]]
        waiting.append((task, context.workers.submit(measure, task, at, rows)))
    products = tuple(future.result() for _, future in waiting)
    points = min(len(one.batch) for one in products)  # a short fit has fewer steps than POINTS
    products = tuple(TrunkGramians(one.batch[:points], one.large_batch[:points]) for one in products)
    ours, theirs = skills(experiment, joint_fits, places), skills(experiment, separate_fits, places)
    names = tuple(output.name for output in experiment.dataset.outputs)
    found = Movement(
        names,
        products,
        tuple(np.array(task.loss_weights) for task, _ in waiting),
        tuple(float(np.nanmean(ours[name])) for name in names),
        tuple(float(np.nanmean(theirs[name])) for name in names),
        tuple(difference(ours[name], theirs[name], experiment.splits[0].folds) for name in names),
    )
    return answer(found, experiment.dataset.slug, backend)


def answer(found: Movement, dataset: str, backend: str) -> Answer:
    """The sentence and its tables."""
    cosine, broad = found.cosines, found.broad_cosines
    known = cosine[np.isfinite(cosine)]
    conflict, mean = float((known < 0).mean()), float(known.mean())
    broad_known = broad[np.isfinite(broad)]
    part = np.nanmedian(found.shares, axis=(0, 1))
    most = int(part.argmax())
    gains = [one - other for one, other in zip(found.joint, found.separate, strict=True)]
    verdict = (
        "They pull apart more than together"
        if mean < -PERPENDICULAR
        else "They pull together more than apart"
        if mean > PERPENDICULAR
        else "They pull neither apart nor together, nearly at right angles"
    )
    even = part[most] < 1.25 / len(part)
    moved = "no output moves it alone" if even else f"{found.outputs[most]} moves it most"
    pair_word = "" if len(found.pairs) == 1 else " and pairs"
    sentence = (
        f"{verdict}: the outputs' gradients in the shared layers are in conflict (cosine below 0) in {percent(conflict)} of "
        f"the {known.size:,} steps{pair_word} looked at, mean cosine {signed(mean, 2)} ({signed(float(broad_known.mean()), 2)} on up to "
        f"{LARGE_BATCH_ROWS:,} rows instead of a batch); {moved}: {found.outputs[most]} makes {percent(part[most])} of the update's "
        f"gradient at the median step. Joint minus separate, mean skill over the outputs: {signed(float(np.mean(gains)))}."
    )
    numbers: dict[str, Value] = {
        "conflict_share": conflict,
        "mean_cosine": mean,
        "mean_cosine_broad": float(broad_known.mean()),
        "conflict_share_broad": float((broad_known < 0).mean()),
        "largest_share": float(part[most]),
        "mean_skill_difference": float(np.mean(gains)),
        "worst_skill_difference": float(min(gains)),
        "fits": len(found.products),
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(_outputs(found, part, gains), _pairs(found), _course(found)),
    )


def _outputs(found: Movement, part: FloatArray, gains: Sequence[float]) -> Table:
    lengths = np.nanmean(found.norms, axis=(0, 1))
    rows = []
    for i, name in enumerate(found.outputs):
        gained = found.gained[i]
        ends = (gained.low, gained.high) if gained is not None else (None, None)
        rows.append((name, float(part[i]), float(lengths[i]), found.joint[i], found.separate[i], gains[i], *ends))
    return Table(
        "What each output contributes to the shared layers' update, and its skill (joint minus separate, 95 % interval)",
        (
            "Output",
            "Share of the update (median step)",
            "Mean length of its weighted gradient",
            "Skill joint",
            "Skill separate",
            "Joint minus separate",
            "from",
            "to",
        ),
        tuple(rows),
    )


def _pairs(found: Movement) -> Table:
    cosine, broad = found.cosines, found.broad_cosines
    rows: list[tuple[Value, ...]] = []
    for i, (first, second) in enumerate(found.pairs):
        one, other = (values[..., i][np.isfinite(values[..., i])] for values in (cosine, broad))
        if one.size and other.size:
            rows.append(
                (
                    first,
                    second,
                    float(one.mean()),
                    float((one < 0).mean()),
                    float(other.mean()),
                    float((other < 0).mean()),
                )
            )
        else:
            rows.append((first, second, None, None, None, None))
    return Table(
        "Cosine of the outputs' gradients in the shared layers, on the step's own batch and on more rows",
        (
            "Output",
            "Other output",
            "Mean cosine",
            "Share of steps below 0",
            "Mean cosine, more rows",
            "Share below 0, more rows",
        ),
        tuple(rows),
    )


COURSE = "Along training, mean over fits and pairs"


def _course(found: Movement) -> Table:
    """By point of training; what the figure is drawn from."""
    cosine, broad, lengths = found.cosines, found.broad_cosines, found.norms
    points = cosine.shape[1]
    rows = []
    for i in range(points):
        one, other = (values[:, i][np.isfinite(values[:, i])] for values in (cosine, broad))
        if one.size and other.size:
            rows.append(
                (
                    i / max(points - 1, 1),
                    float(one.mean()),
                    float((one < 0).mean()),
                    float(other.mean()),
                    *(float(length) for length in lengths[:, i].mean(axis=0)),
                )
            )
    columns = (
        "Part of training",
        "Mean cosine",
        "Share below 0",
        "Mean cosine, more rows",
        *(f"Gradient length: {name}" for name in found.outputs),
    )
    return Table(COURSE, columns, tuple(rows))
