"""Do methods that set the loss weights by themselves beat fixed weights, and what do they cost?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jointbench.explain.answer import Answer, AnswerData, Unanswerable, Value, interval
from jointbench.explain.context import Context
from jointbench.explain.number_text import signed
from jointbench.explain.skill import difference, known_mean, simultaneous
from jointbench.explain.weighting_trial import MethodResult, WeightingTrial, run_trial
from jointbench.stats.correlated_t_test import Posterior
from jointbench.stats.estimate import Estimate
from jointbench.study.plan import Experiment

KEY = "weighting-methods"
QUESTION = "Do methods that set the loss weights by themselves beat fixed weights, and what do they cost?"


@dataclass(frozen=True, kw_only=True)
class MethodSkill:
    """A method's result, or that of fixed weights; None where it was not measured.

    gain: over the best fixed weights, in mean skill. step_flops, seconds: of a step, over one with fixed weights.
    train_flops: to the stop, over equal weights. failure: why there is no result.
    """

    name: str
    failure: str | None = None
    skill: float | None = None
    gain: Estimate | None = None
    step_flops: float | None = None
    seconds: float | None = None
    seconds_low: float | None = None
    seconds_high: float | None = None
    train_flops: float | None = None


@dataclass(frozen=True)
class MethodComparison(AnswerData):
    """Equal weights, the best of the fixed settings, and every method, over so many splits."""

    splits: int
    methods: tuple[MethodSkill, ...]


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises Unanswerable when no method ran."""
    return answer(run_trial(experiment, backend, context), experiment.dataset.slug, backend)


def answer(trial: WeightingTrial, dataset: str, backend: str) -> Answer:
    """The sentence and its data. Raises Unanswerable when no method ran."""
    gains = {
        method.name: difference(method.skill, trial.best, trial.folds)
        for method in trial.methods
        if method.failure is None
    }
    known = {name: gain for name, gain in gains.items() if gain is not None}
    if not known or not trial.equal_flops > 0:
        raise Unanswerable(f"no method could be compared with fixed weights: {_reasons(trial)}")
    best = next(m for m in trial.methods if m.name == max(known, key=lambda name: known[name].mean))
    low, high = simultaneous(known[best.name], len(known))
    numbers: dict[str, Value] = {
        "methods": len(gains),
        "best_gain": known[best.name].mean,
        "best_gain_low": low,
        "best_gain_high": high,
        "best_step_flop_ratio": best.step_flops,
        "best_step_seconds_ratio": best.seconds.value if best.seconds else None,
        "sweep_flop_ratio": trial.sweep_flops / trial.equal_flops,
        "splits": len(trial.best),
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(trial, best, known),
        numbers=numbers,
        data=MethodComparison(len(trial.best), _method_skills(trial, gains)),
    )


def _sentence(trial: WeightingTrial, best: MethodResult, gains: Mapping[str, Posterior]) -> str:
    """gains: over the best fixed weights, of every method that can be compared."""
    ran = [method for method in trial.methods if method.failure is None]
    intervals = {name: simultaneous(gain, len(gains)) for name, gain in gains.items()}
    low, high = intervals[best.name]
    if low > 0:
        verdict = f"{best.name} beats them"
    elif all(end < 0 for _, end in intervals.values()):
        verdict = "Fixed weights win"
    else:
        verdict = "Not shown to"
    slowest = max(ran, key=lambda method: method.seconds.value if method.seconds else 0.0)
    slowest_text = "" if slowest is best else f"; the most expensive, {slowest.name}, takes {_cost(slowest)}"
    absent = [method.name for method in trial.methods if method.failure is not None]
    absent_text = f" Did not run here: {', '.join(absent)}." if absent else ""
    return (
        f"{verdict}: the best of {len(ran)} methods, {best.name}, differs by {signed(gains[best.name].mean)} mean "
        f"skill ({signed(low)} to {signed(high)}, an interval for all of them) from the best of {trial.settings} fixed "
        f"settings, chosen on validation rows, over {len(trial.best)} splits. A step of {best.name} takes "
        f"{_cost(best)} of one with fixed weights{slowest_text}. Trying all fixed settings takes "
        f"{trial.sweep_flops / trial.equal_flops:.1f} times the FLOPs of training once at equal weights, {best.name} "
        f"{best.train_flops / trial.equal_flops:.1f} times.{absent_text}"
    )


def _reasons(trial: WeightingTrial) -> str:
    """Why no method could be compared: what became of the methods, or of the fixed weights."""
    names: dict[str, list[str]] = {}
    for method in trial.methods:
        names.setdefault(method.failure or trial.lost or "too few splits", []).append(method.name)
    return "; ".join(f"{', '.join(methods)}: {reason}" for reason, methods in names.items())


def _cost(method: MethodResult) -> str:
    seconds = f"{method.seconds.value:.2f} times the seconds" if method.seconds else "seconds not measured"
    return f"{method.step_flops:.2f} times the FLOPs and {seconds}"


def _method_skills(trial: WeightingTrial, gains: Mapping[str, Posterior | None]) -> tuple[MethodSkill, ...]:
    """gains: by name of each method that ran, over the best fixed weights."""
    equal = MethodSkill(
        name="equal weights",
        skill=float(known_mean(trial.equal)),
        gain=interval(difference(trial.equal, trial.best, trial.folds)),
        step_flops=1.0,
        seconds=1.0,
        train_flops=1.0,
    )
    best = MethodSkill(
        name=f"best of {trial.settings} fixed settings",
        skill=float(known_mean(trial.best)),
        gain=Estimate(0.0, 0.0, 0.0),
        step_flops=1.0,
        seconds=1.0,
        train_flops=trial.sweep_flops / trial.equal_flops,
    )
    return (equal, best, *(_method_skill(method, gains.get(method.name), trial) for method in trial.methods))


def _method_skill(method: MethodResult, gain: Posterior | None, trial: WeightingTrial) -> MethodSkill:
    if method.failure is not None:
        return MethodSkill(name=method.name, failure=method.failure)
    return MethodSkill(
        name=method.name,
        skill=float(known_mean(method.skill)),
        gain=interval(gain),
        step_flops=method.step_flops,
        seconds=method.seconds.value if method.seconds else None,
        seconds_low=method.seconds.low if method.seconds else None,
        seconds_high=method.seconds.high if method.seconds else None,
        train_flops=method.train_flops / trial.equal_flops,
    )
