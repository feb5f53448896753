"""Instead of sharing: train on one output, then replace the head. What it gains and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.verdict import PROBABILITY
from jointbench.explain.answer import Answer, AnswerData, Value, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.lost_fits import because
from jointbench.explain.skill import fold_difference
from jointbench.explain.transfer_training import FROZEN, SCRATCH, TUNED, TransferPair, TransferResult, measure
from jointbench.stats.correlated_t_test import ROPE, Posterior
from jointbench.study.plan import Experiment

KEY = "transfer"
QUESTION = "What about replacing the last layers of a trained model?"
SAME_ANSWER = 1e-4  # of a standardised value or a logit, in float32


@dataclass(frozen=True, eq=False)
class Means:
    """Over the pairs. skill, train_flops and gain: by way of training, FLOPs and gain against SCRATCH.

    shared_inference, source_before, source_after: as in TransferPair; one_pass: the largest.
    """

    skill: Mapping[str, float]
    train_flops: Mapping[str, float]
    gain: Mapping[str, Posterior | None]
    shared_inference: float
    one_pass: float
    source_before: float
    source_after: float


@dataclass(frozen=True, kw_only=True)
class TransferWay:
    """A pair of outputs and a way to train the second's network.

    skill, train_flops: mean over folds. flops_over_scratch: train_flops over that of SCRATCH. inference_flops: of
    answering both outputs, over that of two networks.
    """

    source: str
    target: str
    way: str
    skill: float
    train_flops: float
    flops_over_scratch: float
    inference_flops: float


@dataclass(frozen=True)
class TransferComparison(AnswerData):
    """Every pair of outputs, every way."""

    ways: tuple[TransferWay, ...]


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return answer(measure(experiment, backend, context.workers), experiment.dataset.slug, backend)


def answer(result: TransferResult, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where no pair was trained."""
    pairs = [pair for pair in result.pairs if pair.ways]
    if not pairs:
        reason = "no fold has networks of two outputs to transfer between" + because(result.lost)
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    means = _means(pairs, result.folds)
    numbers: dict[str, Value] = {
        "pairs": len(pairs),
        "skill_from_scratch": means.skill[SCRATCH],
        "skill_frozen": means.skill[FROZEN],
        "skill_fine_tuned": means.skill[TUNED],
        "training_flops_frozen_over_scratch": means.train_flops[FROZEN],
        "training_flops_fine_tuned_over_scratch": means.train_flops[TUNED],
        "inference_flops_frozen_over_two_networks": means.shared_inference,
        "one_pass_difference": means.one_pass,
        "inference_flops_fine_tuned_over_two_networks": 1.0,
        "source_skill_before": means.source_before,
        "source_skill_on_fine_tuned_trunk": means.source_after,
    }
    for name, gain in means.gain.items():
        key = name.replace("-", "_").replace(" ", "_")
        if gain is not None:
            numbers |= {f"{key}_difference": gain.mean, f"{key}_low": gain.low, f"{key}_high": gain.high}
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=f"{_training_sentence(means)} {_inference_sentence(means)}",
        numbers=numbers,
        data=TransferComparison(tuple(way for pair in pairs for way in _ways(pair))),
    )


def _means(pairs: Sequence[TransferPair], folds: int) -> Means:
    """Folds count alike within a pair, and pairs alike."""

    def over_folds(skills: Sequence[Mapping[int, float]]) -> float:
        return float(np.mean([np.mean(list(skill.values())) for skill in skills]))

    return Means(
        skill={
            name: float(np.mean([pair.ways[name].mean_skill for pair in pairs])) for name in (SCRATCH, FROZEN, TUNED)
        },
        train_flops={
            name: float(np.mean([pair.ways[name].train_flops / pair.ways[SCRATCH].train_flops for pair in pairs]))
            for name in (FROZEN, TUNED)
        },
        gain={
            name: fold_difference(_skill_by_fold(pairs, name), _skill_by_fold(pairs, SCRATCH), folds)
            for name in (FROZEN, TUNED)
        },
        shared_inference=float(np.mean([pair.shared_inference for pair in pairs])),
        one_pass=max(pair.one_pass for pair in pairs),
        source_before=over_folds([pair.source_before for pair in pairs]),
        source_after=over_folds([pair.source_after for pair in pairs]),
    )


def _skill_by_fold(pairs: Sequence[TransferPair], way: str) -> dict[int, float]:
    """Mean over pairs, of the folds that every pair has."""
    folds = set.intersection(*(set(pair.ways[way].skill) for pair in pairs))
    return {fold: float(np.mean([pair.ways[way].skill[fold] for pair in pairs])) for fold in folds}


def _training_sentence(means: Means) -> str:
    frozen, tuned = (_against_scratch(means.gain[name], means.skill[SCRATCH]) for name in (FROZEN, TUNED))
    return (
        f"A new head on another output's frozen trunk reaches a mean skill of {means.skill[FROZEN]:.3f} {frozen}, for "
        f"{means.train_flops[FROZEN]:.0%} of the training FLOPs; fine-tuning that trunk {means.skill[TUNED]:.3f} "
        f"{tuned}, for {means.train_flops[TUNED]:.0%} (the first output's own training not counted)."
    )


def _against_scratch(gain: Posterior | None, scratch: float) -> str:
    if gain is None:
        return f"against {scratch:.3f} from scratch"
    if gain.probability_equivalent >= PROBABILITY:
        reading = f"as good with probability {gain.probability_equivalent:.2f}"
    elif gain.probability_other_better >= PROBABILITY:
        reading = f"worse with probability {gain.probability_other_better:.2f}"
    elif gain.probability_joint_better >= PROBABILITY:
        reading = f"better with probability {gain.probability_joint_better:.2f}"
    else:
        reading = "not clear which is better"
    return (
        f"against {scratch:.3f} from scratch ({gain.mean:+.3f}, 95 % interval {gain.low:+.3f} to {gain.high:+.3f}: "
        f"{reading})"
    )


def _inference_sentence(means: Means) -> str:
    """The cost of answering both outputs: a trunk is saved only where both heads work on it."""
    if means.one_pass > SAME_ANSWER:
        frozen = (
            f"At inference one pass through the frozen trunk changes the answers by up to {means.one_pass:.1e}: it "
            f"cannot be shared"
        )
    else:
        frozen = (
            f"At inference the frozen trunk runs once for both outputs, with the same answers, for "
            f"{means.shared_inference:.0%} of the FLOPs of two networks"
        )
    before, after = means.source_before, means.source_after
    if after < before - ROPE:
        return (
            f"{frozen}; fine-tuning saves nothing there: on the trunk it leaves, the first output falls from "
            f"{before:.3f} to {after:.3f}, so both networks must run whole."
        )
    return (
        f"{frozen}; the fine-tuned trunk still serves the first output ({before:.3f} before, {after:.3f} after), so it "
        f"could be shared too."
    )


def _ways(pair: TransferPair) -> list[TransferWay]:
    return [
        TransferWay(
            source=pair.source,
            target=pair.target,
            way=name,
            skill=way.mean_skill,
            train_flops=way.train_flops,
            flops_over_scratch=way.train_flops / pair.ways[SCRATCH].train_flops,
            inference_flops=pair.shared_inference if name == FROZEN else 1.0,
        )
        for name, way in pair.ways.items()
    ]
