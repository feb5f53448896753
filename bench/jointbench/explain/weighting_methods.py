"""Do methods that set the loss weights by themselves beat fixed weights, and what do they cost?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from jointbench.backends.base import Backend, Clock, Job, Trained
from jointbench.backends.loss_weighting import FIXED, METHODS, step_flops
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.context import Context, networks_of
from jointbench.explain.loss_weights import sweep
from jointbench.explain.number_text import signed
from jointbench.explain.skill import difference, mean_over_outputs, simultaneous, skills
from jointbench.measure.paired_timing import log_ratios, paired, ratio_interval
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment, job, prepared_split
from jointbench.study.scoring import fit_record
from jointbench.types import FloatArray

KEY = "weighting-methods"
QUESTION = "Do methods that set the loss weights by themselves beat fixed weights, and what do they cost?"
SPLITS = 3  # splits that the methods are trained on: their loops are not stacked
TIMED_STEPS = 20
TIMING_SECONDS = 4.0
NAMES = {
    "uncertainty": "uncertainty (Kendall)",
    "dynamic-average": "dynamic average (DWA)",
    "pcgrad": "PCGrad",
    "mgda": "MGDA",
    "upgrad": "UPGrad",
}


@dataclass(frozen=True)
class Ratio:
    """Seconds of a step over those of a step with fixed weights, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Tried:
    """What one method gave on the first splits.

    skill: (places,), the outputs' mean test skill. step_flops and seconds: a step's, over one with fixed weights;
    train_flops: of all its fits, to the stop. failure: why there is nothing.
    """

    name: str
    skill: FloatArray
    step_flops: float
    train_flops: float
    seconds: Ratio | None
    failure: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """The methods beside equal weights and the fixed weights that each split's validation rows choose.

    equal, best: (places,), the outputs' mean test skill. *_flops: equal weights' fits; the whole sweep's on these splits.
    """

    folds: int
    settings: int
    equal: FloatArray
    best: FloatArray
    equal_flops: float
    sweep_flops: float
    methods: tuple[Tried, ...]


def available(backend: Backend) -> dict[str, str | None]:
    return dict(backend.weighting_methods())


def fitted(backend: Backend, task: Job, method: str) -> Trained:
    return backend.fit_weighted(task, method)


def timed(backend: Backend, task: Job, methods: Sequence[str]) -> dict[str, Ratio]:
    """Seconds a step of each method over fixed weights in the same loop, taken in turns in one process."""
    trainers = {method: backend.weighted_steps(task, method, TIMED_STEPS) for method in (FIXED, *methods)}
    samples = paired({method: partial(_visit, trainer) for method, trainer in trainers.items()}, TIMING_SECONDS)
    made = {}
    for method in methods:
        value, low, high = (float(np.exp(number)) for number in ratio_interval(log_ratios(samples, method, FIXED)))
        made[method] = Ratio(value, low, high)
    return made


def _visit(trainer: Callable[[Clock], float]) -> list[float]:
    return [trainer(time.perf_counter)]


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    return answer(trial(experiment, backend, context), experiment.dataset.slug, backend)


def trial(experiment: Experiment, backend: str, context: Context) -> Trial:
    """Every method on the first splits, side by side on the workers; then the timing, alone."""
    swept = sweep(experiment, backend, context)
    plain = networks_of(experiment, "joint", backend, context.device)
    networks = plain[:: experiment.seeds][:SPLITS]
    places = [(network.repeat, network.fold) for network in networks]
    ready = [prepared_split(experiment, *place) for place in places]
    tasks = [job(experiment, network, prepared) for network, prepared in zip(networks, ready, strict=True)]
    why = context.workers.submit(available).result()
    runs = {
        method: [context.workers.submit(fitted, task, method) for task in tasks]
        for method, reason in why.items()
        if reason is None
    }
    fits = {
        method: [
            fit_record(experiment, network, future.result(), prepared)
            for network, future, prepared in zip(networks, futures, ready, strict=True)
        ]
        for method, futures in runs.items()
    }
    seconds = context.workers.submit(timed, tasks[0], list(fits)).result()
    network, batch = tasks[0].architecture, tasks[0].recipe.batch_size
    once = step_flops(network, batch, FIXED)
    methods = []
    for method in METHODS:
        ratio = step_flops(network, batch, method) / once
        if method not in fits:
            methods.append(Tried(NAMES[method], np.full(len(places), np.nan), ratio, np.nan, None, why[method]))
            continue
        mine = fits[method]
        broken = next((fit.failure for fit in mine if fit.failure is not None), None)
        skill = mean_over_outputs(skills(experiment, mine, places))
        spent = ratio * sum(fit.train_flops for fit in mine)
        methods.append(Tried(NAMES[method], skill, ratio, spent, seconds[method], broken))
    count = len(places)
    # A split's fits cost what the sweep's do on average over its splits.
    part = count / swept.test.shape[2]
    return Trial(
        folds=swept.folds,
        settings=len(swept.settings),
        equal=swept.test[0, :, :count].mean(axis=0),
        best=swept.chosen_skill[:, :count].mean(axis=0),
        equal_flops=float(swept.flops[0]) * part / experiment.seeds,
        sweep_flops=float(swept.flops.sum()) * part / experiment.seeds,
        methods=tuple(methods),
    )


def answer(found: Trial, dataset: str, backend: str) -> Answer:
    """The sentence and its table. Raises RuntimeError when no method ran."""
    ran = [tried for tried in found.methods if tried.failure is None]
    gains = {tried.name: difference(tried.skill, found.best, found.folds) for tried in ran}
    believed = {name: gain for name, gain in gains.items() if gain is not None}
    if not believed:
        raise RuntimeError(
            "no method could be compared with fixed weights: "
            + "; ".join(f"{t.name}: {t.failure}" for t in found.methods)
        )
    best = max(believed, key=lambda name: believed[name].mean)
    gain, tried = believed[best], next(one for one in ran if one.name == best)
    ends = {name: simultaneous(one, len(believed)) for name, one in believed.items()}
    low, high = ends[best]
    if low > 0:
        verdict = f"{best} beats them"
    elif all(end < 0 for _, end in ends.values()):
        verdict = "Fixed weights win"
    else:
        verdict = "Not shown to"
    dearest = max(ran, key=lambda one: one.seconds.value if one.seconds else 0.0)
    absent = [one.name for one in found.methods if one.failure is not None]
    sentence = (
        f"{verdict}: the best of {len(ran)} methods, {best}, differs by {signed(gain.mean)} mean skill ({signed(low)} to {signed(high)}, "
        f"an interval for all of them) from the best of {found.settings} fixed settings, chosen on validation rows, over "
        f"{len(found.best)} splits. {_cost(tried)}"
        + (f"; the dearest, {_cost(dearest, small=True)}" if dearest is not tried else "")
        + f". Trying all fixed settings takes {found.sweep_flops / found.equal_flops:.1f} times the FLOPs of training once at equal weights, "
        f"{best} {tried.train_flops / found.equal_flops:.1f} times."
        + (f" Did not run here: {', '.join(absent)}." if absent else "")
    )
    numbers: dict[str, Value] = {
        "methods": len(ran),
        "best_gain": gain.mean,
        "best_gain_low": low,
        "best_gain_high": high,
        "best_step_flop_ratio": tried.step_flops,
        "best_step_seconds_ratio": tried.seconds.value if tried.seconds else None,
        "sweep_flop_ratio": found.sweep_flops / found.equal_flops,
        "splits": len(found.best),
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(_table(found, gains),),
    )


def _cost(tried: Tried, small: bool = False) -> str:
    seconds = f"{tried.seconds.value:.2f} times the seconds" if tried.seconds else "seconds not measured"
    said = f"{tried.name}, takes" if small else f"A step of {tried.name} takes"
    return f"{said} {tried.step_flops:.2f} times the FLOPs and {seconds}" + (
        "" if small else " of one with fixed weights"
    )


def _table(found: Trial, gains: Mapping[str, Posterior | None]) -> Table:
    def gain_of(skill: FloatArray, believed: Posterior | None) -> tuple[Value, ...]:
        ends = (None, None, None) if believed is None else (believed.mean, believed.low, believed.high)
        return (float(np.nanmean(skill)), *ends)

    equal = difference(found.equal, found.best, found.folds)
    rows: list[tuple[Value, ...]] = [
        ("equal weights", "trained", *gain_of(found.equal, equal), 1.0, 1.0, None, None, 1.0),
        (
            f"best of {found.settings} fixed settings",
            "trained",
            float(np.nanmean(found.best)),
            0.0,
            0.0,
            0.0,
            1.0,
            1.0,
            None,
            None,
            found.sweep_flops / found.equal_flops,
        ),
    ]
    for tried in found.methods:
        if tried.failure is not None:
            rows.append((tried.name, tried.failure, *(None,) * 9))
            continue
        seconds = (tried.seconds.value, tried.seconds.low, tried.seconds.high) if tried.seconds else (None,) * 3
        rows.append(
            (
                tried.name,
                "trained",
                *gain_of(tried.skill, gains[tried.name]),
                tried.step_flops,
                *seconds,
                tried.train_flops / found.equal_flops,
            )
        )
    return Table(
        f"Methods beside fixed weights, over {len(found.best)} splits (differences in mean test skill, 95 % interval)",
        (
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
        ),
        tuple(rows),
    )
