"""Which loss moves the trunk, and do the losses pull in different directions?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Job, TrunkGramians
from jointbench.backends.protocols import DiagnosedBackend, diagnostics_of
from jointbench.errors import BadInput
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.context import Context, networks_of
from jointbench.explain.number_text import percent, signed
from jointbench.explain.skill import difference, skills, split_keys
from jointbench.networks.initialization import epoch_order
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment, job, prepared_split
from jointbench.types import FloatArray, IntArray

KEY = "who-moves-the-trunk"
QUESTION = "Which loss moves the shared layers, and do the losses pull in different directions?"
POINTS = 48  # steps measured in a fit, evenly from the first to the last
SPLITS = 3  # splits measured
PERPENDICULAR = 0.1  # a mean cosine nearer to 0 counts as neither agreement nor conflict
LARGE_BATCH_ROWS = 1_000  # training rows of the less noisy second measurement
COURSE = "Along training, mean over fits and pairs"


@dataclass(frozen=True, eq=False)
class TrunkGradients:
    """The outputs' trunk gradients along training, and the outputs' skill.

    gramians: one entry a fit, (points, outputs, outputs) each. loss_weights: (outputs,) of each fit.
    joint_skill, separate_skill: mean of each output. skill_differences: the posterior of joint - separate.
    """

    outputs: tuple[str, ...]
    gramians: tuple[TrunkGramians, ...]
    loss_weights: tuple[FloatArray, ...]
    joint_skill: tuple[float, ...]
    separate_skill: tuple[float, ...]
    skill_differences: tuple[Posterior | None, ...]

    @property
    def cosines(self) -> FloatArray:
        """(fits, points, pairs): cosine of each pair of outputs on the step's own batch; NaN without a gradient."""
        return np.stack([cosines(gramians.batch) for gramians in self.gramians])

    @property
    def large_batch_cosines(self) -> FloatArray:
        """``cosines`` on up to LARGE_BATCH_ROWS rows."""
        return np.stack([cosines(gramians.large_batch) for gramians in self.gramians])

    @property
    def norms(self) -> FloatArray:
        """(fits, points, outputs): length of each output's weighted gradient on the step's own batch."""
        return np.stack(
            [
                np.sqrt(np.diagonal(gramians.batch, axis1=1, axis2=2)) * weights
                for gramians, weights in zip(self.gramians, self.loss_weights, strict=True)
            ]
        )

    @property
    def shares(self) -> FloatArray:
        """(fits, points, outputs): each output's part of the weighted gradient, its projection on it; sums to 1."""
        return np.stack(
            [
                shares(gramians.batch, weights)
                for gramians, weights in zip(self.gramians, self.loss_weights, strict=True)
            ]
        )

    @property
    def median_shares(self) -> FloatArray:
        """(outputs,): each output's share at the median step."""
        medians: FloatArray = np.nanmedian(self.shares, axis=(0, 1))
        return medians

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(itertools.combinations(self.outputs, 2))

    @property
    def skill_gains(self) -> list[float]:
        """Joint minus separate, by output."""
        return [joint - separate for joint, separate in zip(self.joint_skill, self.separate_skill, strict=True)]


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


def measure(backend: DiagnosedBackend, task: Job, steps: Sequence[int], rows: IntArray) -> TrunkGramians:
    """``Diagnostics.trunk_gramians``, as a worker's task."""
    return diagnostics_of(backend).trunk_gramians(task, steps, rows)


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Trains again, one step at a time, for as long as the engine's fit of the same network took.

    Raises BadInput where no layer is shared.
    """
    joint = networks_of(experiment, "joint", backend, context.device)
    separate = networks_of(experiment, "separate", backend, context.device)
    if not (experiment.architecture(joint[0]).trunk or experiment.architecture(joint[0]).convs):
        raise BadInput(f"{experiment.dataset.slug}: the network has no shared layers, so there is nothing to move")
    joint_fits, separate_fits = context.fits(experiment, joint), context.fits(experiment, separate)
    pending = []
    for network, fit in list(zip(joint, joint_fits, strict=True))[:: experiment.seeds][:SPLITS]:
        if fit.failure is not None:
            raise RuntimeError(f"the joint network failed in fold {network.fold}: {fit.failure}")
        task = job(experiment, network, prepared_split(experiment, network.repeat, network.fold))
        steps = sorted({int(step) for step in np.linspace(0, fit.steps - 1, POINTS)})
        rows = task.train[epoch_order(task.seed, 0, len(task.train))[:LARGE_BATCH_ROWS]]
        pending.append((task, context.workers.submit(measure, task, steps, rows)))
    measured = [future.result() for _, future in pending]
    points = min(len(gramians.batch) for gramians in measured)  # a short fit has fewer steps than POINTS
    keys = split_keys(experiment)
    joint_skill, separate_skill = skills(experiment, joint_fits, keys), skills(experiment, separate_fits, keys)
    names = tuple(output.name for output in experiment.dataset.outputs)
    gradients = TrunkGradients(
        outputs=names,
        gramians=tuple(TrunkGramians(gramians.batch[:points], gramians.large_batch[:points]) for gramians in measured),
        loss_weights=tuple(np.array(task.loss_weights) for task, _ in pending),
        joint_skill=tuple(float(np.nanmean(joint_skill[name])) for name in names),
        separate_skill=tuple(float(np.nanmean(separate_skill[name])) for name in names),
        skill_differences=tuple(
            difference(joint_skill[name], separate_skill[name], experiment.splits[0].folds) for name in names
        ),
    )
    return answer(gradients, experiment.dataset.slug, backend)


def answer(gradients: TrunkGradients, dataset: str, backend: str) -> Answer:
    """The sentence and its tables."""
    known, large_batch = _known(gradients.cosines), _known(gradients.large_batch_cosines)
    numbers: dict[str, Value] = {
        "conflict_share": float((known < 0).mean()),
        "mean_cosine": float(known.mean()),
        "mean_cosine_broad": float(large_batch.mean()),
        "conflict_share_broad": float((large_batch < 0).mean()),
        "largest_share": float(gradients.median_shares.max()),
        "mean_skill_difference": float(np.mean(gradients.skill_gains)),
        "worst_skill_difference": float(min(gradients.skill_gains)),
        "fits": len(gradients.gramians),
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(gradients, known, large_batch),
        numbers=numbers,
        tables=(_outputs_table(gradients), _pairs_table(gradients), _course_table(gradients)),
    )


def _known(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _sentence(gradients: TrunkGradients, known: FloatArray, large_batch: FloatArray) -> str:
    """known, large_batch: the finite cosines, in any order."""
    mean = float(known.mean())
    if mean < -PERPENDICULAR:
        verdict = "They pull apart more than together"
    elif mean > PERPENDICULAR:
        verdict = "They pull together more than apart"
    else:
        verdict = "They pull neither apart nor together, nearly at right angles"
    medians = gradients.median_shares
    largest = int(medians.argmax())
    even = medians[largest] < 1.25 / len(medians)
    moved = "no output moves it alone" if even else f"{gradients.outputs[largest]} moves it most"
    pairs_text = "" if len(gradients.pairs) == 1 else " and pairs"
    return (
        f"{verdict}: the outputs' gradients in the shared layers are in conflict (cosine below 0) in "
        f"{percent(float((known < 0).mean()))} of the {known.size:,} steps{pairs_text} looked at, mean cosine "
        f"{signed(mean, 2)} ({signed(float(large_batch.mean()), 2)} on up to {LARGE_BATCH_ROWS:,} rows instead of a "
        f"batch); {moved}: {gradients.outputs[largest]} makes {percent(medians[largest])} of the update's gradient at "
        f"the median step. Joint minus separate, mean skill over the outputs: "
        f"{signed(float(np.mean(gradients.skill_gains)))}."
    )


def _outputs_table(gradients: TrunkGradients) -> Table:
    lengths = np.nanmean(gradients.norms, axis=(0, 1))
    rows = []
    for i, name in enumerate(gradients.outputs):
        posterior = gradients.skill_differences[i]
        interval = (posterior.low, posterior.high) if posterior is not None else (None, None)
        rows.append(
            (
                name,
                float(gradients.median_shares[i]),
                float(lengths[i]),
                gradients.joint_skill[i],
                gradients.separate_skill[i],
                gradients.skill_gains[i],
                *interval,
            )
        )
    return Table(
        "What each output contributes to the shared layers' update, "
        "and its skill (joint minus separate, 95 % interval)",
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


def _pairs_table(gradients: TrunkGradients) -> Table:
    rows: list[tuple[Value, ...]] = []
    for i, (first, second) in enumerate(gradients.pairs):
        known = _known(gradients.cosines[..., i])
        large_batch = _known(gradients.large_batch_cosines[..., i])
        cells: tuple[Value, ...] = (None, None, None, None)
        if known.size and large_batch.size:
            cells = tuple(
                float(value)
                for value in (known.mean(), (known < 0).mean(), large_batch.mean(), (large_batch < 0).mean())
            )
        rows.append((first, second, *cells))
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


def _course_table(gradients: TrunkGradients) -> Table:
    """By point of training; the figure is drawn from it."""
    cosine, large_batch_cosine, lengths = gradients.cosines, gradients.large_batch_cosines, gradients.norms
    points = cosine.shape[1]
    rows = []
    for i in range(points):
        known, large_batch = _known(cosine[:, i]), _known(large_batch_cosine[:, i])
        if known.size and large_batch.size:
            rows.append(
                (
                    i / max(points - 1, 1),
                    float(known.mean()),
                    float((known < 0).mean()),
                    float(large_batch.mean()),
                    *(float(length) for length in lengths[:, i].mean(axis=0)),
                )
            )
    columns = (
        "Part of training",
        "Mean cosine",
        "Share below 0",
        "Mean cosine, more rows",
        *(f"Gradient length: {name}" for name in gradients.outputs),
    )
    return Table(COURSE, columns, tuple(rows))
