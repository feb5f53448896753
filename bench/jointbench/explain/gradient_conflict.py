"""Which loss moves the trunk, and do the losses pull in different directions?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Job, TrunkGramians
from jointbench.backends.protocols import DiagnosedBackend, diagnostics_of
from jointbench.errors import BadInput
from jointbench.explain.answer import Answer, AnswerData, Unanswerable, Value, check_lengths, failed_answer
from jointbench.explain.context import Context, networks_of
from jointbench.explain.number_text import percent, signed
from jointbench.explain.skill import difference, known_mean, skills, split_keys
from jointbench.explain.trunk_gradients import TrunkGradients
from jointbench.networks.initialization import epoch_order
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import FloatArray, IntArray

KEY = "who-moves-the-trunk"
QUESTION = "Which loss moves the shared layers, and do the losses pull in different directions?"
POINTS = 48  # steps measured in a fit, evenly from the first to the last
SPLITS = 3  # splits measured
PERPENDICULAR = 0.1  # a mean cosine nearer to 0 counts as neither agreement nor conflict
LARGE_BATCH_ROWS = 1_000  # training rows of the less noisy second measurement


@dataclass(frozen=True, kw_only=True)
class OutputPull:
    """What one output contributes to the trunk's update, and its skill.

    share: its part of the update at the median step. length: of its weighted gradient, mean. gain: joint - separate.
    """

    output: str
    share: float
    length: float
    joint_skill: float
    separate_skill: float
    gain: float
    gain_low: float | None
    gain_high: float | None


@dataclass(frozen=True, kw_only=True)
class PairConflict:
    """The cosine of two outputs' gradients: mean, and share of steps below 0; None where no step has both gradients.

    large_batch: the same on up to LARGE_BATCH_ROWS rows.
    """

    first: str
    second: str
    cosine: float | None
    conflict_share: float | None
    large_batch_cosine: float | None
    large_batch_conflict_share: float | None


@dataclass(frozen=True, kw_only=True)
class GradientCourse:
    """By point of training, mean over fits and pairs. part: of training, from 0 to 1.

    lengths: (points, outputs), of each output's weighted gradient.
    """

    outputs: tuple[str, ...]
    part: tuple[float, ...]
    cosine: tuple[float, ...]
    conflict_share: tuple[float, ...]
    large_batch_cosine: tuple[float, ...]
    lengths: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        check_lengths(len(self.part), self.cosine, self.conflict_share, self.large_batch_cosine, self.lengths)
        check_lengths(len(self.outputs), *self.lengths)


@dataclass(frozen=True, kw_only=True)
class GradientConflict(AnswerData):
    """What every output contributes, how every pair agrees, and both along training."""

    outputs: tuple[OutputPull, ...]
    pairs: tuple[PairConflict, ...]
    course: GradientCourse


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
            raise Unanswerable(f"the joint network failed in fold {network.fold}: {fit.failure}")
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
        joint_skill=tuple(float(known_mean(joint_skill[name])) for name in names),
        separate_skill=tuple(float(known_mean(separate_skill[name])) for name in names),
        skill_differences=tuple(
            difference(joint_skill[name], separate_skill[name], experiment.splits[0].folds) for name in names
        ),
    )
    return answer(gradients, experiment.dataset.slug, backend)


def answer(gradients: TrunkGradients, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where no step has the gradients of two outputs."""
    known, large_batch = _known(gradients.cosines), _known(gradients.large_batch_cosines)
    if not (known.size and large_batch.size):
        reason = "no step looked at has gradients of two outputs: their labels are never known in the same rows"
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
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
        data=GradientConflict(
            outputs=_pulls(gradients),
            pairs=tuple(_pair_conflict(gradients, i) for i in range(len(gradients.pairs))),
            course=_course(gradients),
        ),
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
    gain = float(np.mean(gradients.skill_gains))
    gain_text = signed(gain) if np.isfinite(gain) else "not measured"
    pairs_text = "" if len(gradients.pairs) == 1 else " and pairs"
    return (
        f"{verdict}: the outputs' gradients in the shared layers are in conflict (cosine below 0) in "
        f"{percent(float((known < 0).mean()))} of the {known.size:,} steps{pairs_text} looked at, mean cosine "
        f"{signed(mean, 2)} ({signed(float(large_batch.mean()), 2)} on up to {LARGE_BATCH_ROWS:,} rows instead of a "
        f"batch); {moved}: {gradients.outputs[largest]} makes {percent(medians[largest])} of the update's gradient at "
        f"the median step. Joint minus separate, mean skill over the outputs: {gain_text}."
    )


def _pulls(gradients: TrunkGradients) -> tuple[OutputPull, ...]:
    shares, lengths = gradients.median_shares, known_mean(gradients.norms, axis=(0, 1))
    return tuple(
        OutputPull(
            output=name,
            share=float(shares[i]),
            length=float(lengths[i]),
            joint_skill=gradients.joint_skill[i],
            separate_skill=gradients.separate_skill[i],
            gain=gradients.skill_gains[i],
            gain_low=None if posterior is None else posterior.low,
            gain_high=None if posterior is None else posterior.high,
        )
        for i, (name, posterior) in enumerate(zip(gradients.outputs, gradients.skill_differences, strict=True))
    )


def _pair_conflict(gradients: TrunkGradients, pair: int) -> PairConflict:
    known = _known(gradients.cosines[..., pair])
    large_batch = _known(gradients.large_batch_cosines[..., pair])
    measured = known.size > 0 and large_batch.size > 0
    first, second = gradients.pairs[pair]
    return PairConflict(
        first=first,
        second=second,
        cosine=float(known.mean()) if measured else None,
        conflict_share=float((known < 0).mean()) if measured else None,
        large_batch_cosine=float(large_batch.mean()) if measured else None,
        large_batch_conflict_share=float((large_batch < 0).mean()) if measured else None,
    )


def _course(gradients: TrunkGradients) -> GradientCourse:
    """Of the points at which some pair has both gradients."""
    cosines, lengths = gradients.cosines, gradients.norms
    points = cosines.shape[1]
    known = [_known(cosines[:, i]) for i in range(points)]
    large_batch = [_known(gradients.large_batch_cosines[:, i]) for i in range(points)]
    measured = [i for i in range(points) if known[i].size and large_batch[i].size]
    return GradientCourse(
        outputs=gradients.outputs,
        part=tuple(i / max(points - 1, 1) for i in measured),
        cosine=tuple(float(known[i].mean()) for i in measured),
        conflict_share=tuple(float((known[i] < 0).mean()) for i in measured),
        large_batch_cosine=tuple(float(large_batch[i].mean()) for i in measured),
        lengths=tuple(tuple(lengths[:, i].mean(axis=0).tolist()) for i in measured),
    )
