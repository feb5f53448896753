"""Up to how many labels of an output does it pay to share?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from jointbench.comparison.decision import MIN_PAIRS
from jointbench.explain.answer import Answer, AnswerData, Value, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.label_crossing import Crossing, Side, crossing, gain_of
from jointbench.explain.label_learning import LabelCurve, LabelCurves, measure
from jointbench.explain.lost_fits import because
from jointbench.explain.number_text import signed
from jointbench.explain.skill import known_mean
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.estimate import Estimate
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

KEY = "label-efficiency"
QUESTION = "Up to how many labels of an output does it pay to share?"


@dataclass(frozen=True, kw_only=True)
class LabelPoint:
    """With so many labels of the output: mean test skill, None where no fit has one, and joint - separate."""

    labels: float
    joint: float | None
    separate: float | None
    gain: Estimate | None

    def __post_init__(self) -> None:
        check_positive(self.labels)


@dataclass(frozen=True, kw_only=True)
class OutputLabels:
    """An output's curve, and where sharing stops paying: see ``label_crossing.Crossing``. advice: in words."""

    output: str
    points: tuple[LabelPoint, ...]
    crossing: float | None
    low: float | None
    high: float | None
    advice: str

    def __post_init__(self) -> None:
        check_positive(*(labels for labels in (self.crossing, self.low, self.high) if labels is not None))


@dataclass(frozen=True)
class LabelEfficiency(AnswerData):
    """The outputs whose labels were left out, one at a time, over so many splits. outputs: how many the table has."""

    splits: int
    outputs: int
    curves: tuple[OutputLabels, ...]


def check_positive(*labels: float) -> None:
    """Raises ValueError for a number of labels that no logarithmic axis can show, as a file may have one."""
    if not all(0 < number < math.inf for number in labels):
        raise ValueError(f"{labels} are no numbers of labels")


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return answer(measure(experiment, backend, context), experiment.dataset.slug, backend)


def answer(curves: LabelCurves, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where no curve has joint and separate networks in two splits."""
    crossings = [
        crossing(curve.labels, curve.separate - curve.joint, partial(curves.gains, curve)) for curve in curves.curves
    ]
    if not any(crossings):
        reason = "too few splits have joint and separate networks at every share of the labels"
        reason += because(curves.lost, "ask for more with --folds")
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    measured = [_output(curves, curve, place) for curve, place in zip(curves.curves, crossings, strict=True)]
    numbers: dict[str, Value] = {"outputs": len(measured), "splits": curves.splits}
    for i, (own, place) in enumerate(zip(measured, crossings, strict=True), 1):
        if place is not None:
            name = f"output_{i}"
            numbers |= {f"{name}_crossing_labels": own.crossing, f"{name}_low": own.low, f"{name}_high": own.high}
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(measured, curves),
        numbers=numbers,
        data=LabelEfficiency(curves.splits, curves.outputs, tuple(measured)),
    )


def _output(curves: LabelCurves, curve: LabelCurve, place: Crossing | None) -> OutputLabels:
    points = tuple(
        LabelPoint(
            labels=float(curve.labels[i]),
            joint=_skill(curves, curve.joint[i]),
            separate=_skill(curves, curve.separate[i]),
            gain=gain_of(curve.separate[i] - curve.joint[i], partial(curves.gains, curve)),
        )
        for i in range(len(curve.labels))
    )
    return OutputLabels(
        output=curve.output,
        points=points,
        crossing=place.labels if place else None,
        low=place.low if place else None,
        high=place.high if place else None,
        advice=(
            f"Undecided for {curve.output}, over so few splits"
            if curves.splits < MIN_PAIRS
            else _advice(curve.output, points, place)
        ),
    )


def _skill(curves: LabelCurves, losses: FloatArray) -> float | None:
    """Mean over folds of 1 - the mean loss, (rows, repeats, seeds); None where nothing is known."""
    folds = [
        known_mean(losses[curves.fold[:, repeat] == fold, repeat])
        for repeat in range(losses.shape[1])
        for fold in range(int(curves.fold.max()) + 1)
    ]
    mean = float(known_mean(np.array(folds)))
    return 1 - mean if math.isfinite(mean) else None


def _advice(output: str, points: tuple[LabelPoint, ...], place: Crossing | None) -> str:
    """What to do with so many labels of this output."""
    if place is None:
        return f"Not measured for {output}"
    fewest, most = (f"{points[end].labels:,.0f}" for end in (0, -1))
    gains = [point.gain for point in points if point.gain is not None]
    falls = None if place.few == "no gain" else place.labels
    about = "" if falls is None else f" (the mean gain falls to {ROPE:g} at about {_count(falls)})"
    tried = f"number of labels tried, {fewest} to {most}"
    if all(gain.low > ROPE for gain in gains):
        return f"Share {output} at every {tried}"
    if all(gain.high < -ROPE for gain in gains):
        return f"Train {output} alone at every {tried}"
    if all(gain.high < ROPE for gain in gains):
        costs = ", and costs skill at some" if any(gain.high < -ROPE for gain in gains) else ""
        return f"Sharing does not pay for {output} at any {tried}{costs}"
    if place.low is not None and place.high is not None and place.labels is not None:
        return (
            f"Share below about {_count(place.labels)} labels of {output} (95 % interval {_count(place.low)} to "
            f"{_count(place.high)})"
        )
    if place.low is not None and place.many == "open":
        return f"Share up to {_count(place.low)} labels of {output}; from there to {most} it is undecided{about}"
    if place.high is not None and place.few == "open":
        return (
            f"From {_count(place.high)} labels of {output} on sharing gains nothing that matters; below, it is "
            f"undecided{about}"
        )
    few, many = _effect(place.few, gains[0]), _effect(place.many, gains[-1])
    if few == many:
        return f"Sharing {few} for {output} with {fewest} labels and with {most}{about}"
    return f"Sharing {few} for {output} with {fewest} labels; with {most} it {many}{about}"


def _effect(side: Side, gain: Estimate) -> str:
    """Of sharing at one end of the curve."""
    if side == "no gain":
        return "costs skill" if gain.high < -ROPE else "gains nothing that matters"
    return "pays" if side == "gains" else "is undecided"


def _count(labels: float) -> str:
    """A number of labels that was interpolated: two digits of it."""
    digits = max(0, math.floor(math.log10(labels)) - 1) if labels >= 1 else 0
    return f"{round(labels / 10**digits) * 10**digits:,}"


def _sentence(outputs: list[OutputLabels], curves: LabelCurves) -> str:
    texts = [f"{own.advice}{_evidence(own)}." for own in outputs]
    first = f" (the first {len(outputs)} of {curves.outputs} outputs)" if len(outputs) < curves.outputs else ""
    few = (
        f" Intervals over {curves.splits} splits cannot be trusted: ask for at least {MIN_PAIRS} --folds."
        if curves.splits < MIN_PAIRS
        else ""
    )
    narrower = (
        " More --seeds narrow the intervals." if any("undecided" in own.advice.lower() for own in outputs) else ""
    )
    return (
        " ".join(texts)
        + f" Labels were left out of one output at a time{first}, over {curves.splits} splits; a gain in skill of {ROPE:g} "
        f"or less does not matter.{few or narrower}"
    )


def _evidence(own: OutputLabels) -> str:
    """Joint - separate at the fewest labels and with all of them."""
    ends = [point for point in (own.points[0], own.points[-1]) if point.gain is not None]
    if not ends:
        return ""
    texts = [
        f"{signed(p.gain.value)} ({signed(p.gain.low)} to {signed(p.gain.high)}) with {p.labels:,.0f}"
        for p in ends
        if p.gain is not None
    ]
    return f": joint − separate is {' and '.join(texts)}"
