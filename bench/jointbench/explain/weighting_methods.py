"""Do methods that set the loss weights by themselves beat fixed weights, and what do they cost?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.context import Context
from jointbench.explain.number_text import signed
from jointbench.explain.skill import difference, simultaneous
from jointbench.explain.weighting_trial import MethodResult, WeightingTrial, run_trial
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

KEY = "weighting-methods"
QUESTION = "Do methods that set the loss weights by themselves beat fixed weights, and what do they cost?"
COLUMNS = (
    "Method",
    "State",
    "Mean skill",
    "Method minus best fixed",
    "from",
    "to",
    "FLOPs of a step, over fixed",
    "Seconds of a step, over fixed",
    "at least",
    "at most",
    "Training FLOPs to the stop, over equal weights",
)


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises RuntimeError when no method ran."""
    return answer(run_trial(experiment, backend, context), experiment.dataset.slug, backend)


def answer(trial: WeightingTrial, dataset: str, backend: str) -> Answer:
    """The sentence and its table. Raises RuntimeError when no method ran."""
    gains = {
        method.name: difference(method.skill, trial.best, trial.folds)
        for method in trial.methods
        if method.failure is None
    }
    known = {name: gain for name, gain in gains.items() if gain is not None}
    if not known:
        raise RuntimeError(
            "no method could be compared with fixed weights: "
            + "; ".join(f"{method.name}: {method.failure}" for method in trial.methods)
        )
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
        tables=(_table(trial, gains),),
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
    slowest_text = "" if slowest is best else f"; the dearest, {slowest.name}, takes {_cost(slowest)}"
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


def _cost(method: MethodResult) -> str:
    seconds = f"{method.seconds.value:.2f} times the seconds" if method.seconds else "seconds not measured"
    return f"{method.step_flops:.2f} times the FLOPs and {seconds}"


def _table(trial: WeightingTrial, gains: Mapping[str, Posterior | None]) -> Table:
    """gains: by name of each method that ran, over the best fixed weights."""
    equal = difference(trial.equal, trial.best, trial.folds)
    best_skill, sweep_cost = float(np.nanmean(trial.best)), trial.sweep_flops / trial.equal_flops
    rows: list[tuple[Value, ...]] = [
        ("equal weights", "trained", *_skill_cells(trial.equal, equal), 1.0, 1.0, None, None, 1.0),
        (
            f"best of {trial.settings} fixed settings",
            "trained",
            best_skill,
            *(0.0, 0.0, 0.0),
            *(1.0, 1.0, None, None),
            sweep_cost,
        ),
    ]
    for method in trial.methods:
        if method.failure is not None:
            rows.append((method.name, method.failure, *(None,) * 9))
            continue
        seconds = (method.seconds.value, method.seconds.low, method.seconds.high) if method.seconds else (None,) * 3
        rows.append(
            (
                method.name,
                "trained",
                *_skill_cells(method.skill, gains[method.name]),
                method.step_flops,
                *seconds,
                method.train_flops / trial.equal_flops,
            )
        )
    title = (
        f"Methods beside fixed weights, over {len(trial.best)} splits (differences in mean test skill, 95 % interval)"
    )
    return Table(title, COLUMNS, tuple(rows))


def _skill_cells(skill: FloatArray, gain: Posterior | None) -> tuple[Value, ...]:
    """Mean skill, its difference from the best fixed weights and the interval."""
    cells = (None, None, None) if gain is None else (gain.mean, gain.low, gain.high)
    return (float(np.nanmean(skill)), *cells)
