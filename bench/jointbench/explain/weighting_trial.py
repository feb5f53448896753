"""Trains and times the methods that set loss weights by themselves, beside fixed weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.loss_weighting import FIXED, METHODS, step_flops
from jointbench.backends.protocols import DiagnosedBackend, diagnostics_of
from jointbench.explain.context import Context, networks_of
from jointbench.explain.loss_weight_sweep import train_sweep
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.skill import mean_over_outputs, skills
from jointbench.measure.paired_timing import log_ratios, paired, ratio_interval
from jointbench.records import Fit
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.scoring import fit_record
from jointbench.types import FloatArray, Network

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
class StepTimeRatio:
    """Seconds of a step over those of a step with fixed weights, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class MethodResult:
    """One method's result on the first splits.

    skill: (splits,), the outputs' mean test skill. step_flops and seconds: a step's, over one with fixed weights;
    train_flops: of all its fits, until they stopped. failure: why there is no result.
    """

    name: str
    skill: FloatArray
    step_flops: float
    train_flops: float
    seconds: StepTimeRatio | None
    failure: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightingTrial:
    """The methods beside equal weights and the fixed weights that each split's validation rows choose.

    equal, best: (splits,), the outputs' mean test skill. equal_flops: training FLOPs of equal weights' fits;
    sweep_flops: of the whole sweep's on these splits. lost: fits that failed, in words.
    """

    folds: int
    settings: int
    equal: FloatArray
    best: FloatArray
    equal_flops: float
    sweep_flops: float
    methods: tuple[MethodResult, ...]
    lost: str = ""


def unavailable_reasons(backend: DiagnosedBackend) -> dict[str, str | None]:
    """``Diagnostics.weighting_methods``, as a worker's task."""
    return dict(diagnostics_of(backend).weighting_methods())


def fitted(backend: DiagnosedBackend, task: Job, method: str) -> Trained:
    """``Diagnostics.fit_weighted``, as a worker's task."""
    return diagnostics_of(backend).fit_weighted(task, method)


def step_times(backend: DiagnosedBackend, task: Job, methods: Sequence[str]) -> dict[str, StepTimeRatio]:
    """Seconds of each method's step over fixed weights in the same loop, sampled alternately in one process."""
    diagnostics = diagnostics_of(backend)
    trainers = {method: diagnostics.weighted_steps(task, method, TIMED_STEPS) for method in (FIXED, *methods)}
    samples = paired({method: partial(_sample, trainer) for method, trainer in trainers.items()}, TIMING_SECONDS)
    ratios = {}
    for method in methods:
        value, low, high = (float(np.exp(number)) for number in ratio_interval(log_ratios(samples, method, FIXED)))
        ratios[method] = StepTimeRatio(value, low, high)
    return ratios


def _sample(trainer: Callable[[Clock], float]) -> list[float]:
    return [trainer(time.perf_counter)]


def run_trial(experiment: Experiment, backend: str, context: Context) -> WeightingTrial:
    """Every method on the first splits, side by side on the workers; then the timing, alone."""
    sweep = train_sweep(experiment, backend, context)
    networks = networks_of(experiment, "joint", backend, context.device)[:: experiment.seeds][:SPLITS]
    tasks = [job(experiment, n, prepared_split(experiment, n.repeat, n.fold)) for n in networks]
    unavailable = context.workers.submit(unavailable_reasons).result()
    fits = _fit_methods(
        experiment, networks, tasks, [name for name, reason in unavailable.items() if reason is None], context
    )
    seconds = context.workers.submit(step_times, tasks[0], list(fits)).result()
    network, batch = tasks[0].architecture, tasks[0].recipe.batch_size
    fixed_flops = step_flops(network, batch, FIXED)
    keys = [(network.repeat, network.fold) for network in networks]
    methods = []
    for method in METHODS:
        ratio = step_flops(network, batch, method) / fixed_flops
        if method not in fits:
            no_skill = np.full(len(keys), np.nan)
            methods.append(MethodResult(NAMES[method], no_skill, ratio, np.nan, None, unavailable[method]))
            continue
        failure = lost_fits(fit.failure for fit in fits[method]) or None
        skill = mean_over_outputs(skills(experiment, fits[method], keys))
        train_flops = ratio * sum(fit.train_flops for fit in fits[method])
        methods.append(MethodResult(NAMES[method], skill, ratio, train_flops, seconds[method], failure))
    splits = len(keys)
    # The sweep's FLOPs are known over all splits and seeds: these splits' part is their average, for one seed.
    part = splits / sweep.test.shape[2]
    return WeightingTrial(
        folds=sweep.folds,
        settings=len(sweep.settings),
        equal=sweep.test[0, :, :splits].mean(axis=0),
        best=sweep.chosen_skill[:, :splits].mean(axis=0),
        equal_flops=float(sweep.flops[0]) * part / experiment.seeds,
        sweep_flops=float(sweep.flops.sum()) * part / experiment.seeds,
        methods=tuple(methods),
        lost=sweep.lost,
    )


def _fit_methods(
    experiment: Experiment, networks: Sequence[Network], tasks: Sequence[Job], methods: Sequence[str], context: Context
) -> dict[str, list[Fit]]:
    """By method, a fit of each network, all submitted before the first is awaited."""
    pending = {method: [context.workers.submit(fitted, task, method) for task in tasks] for method in methods}
    return {
        method: [
            fit_record(experiment, n, future.result(), prepared_split(experiment, n.repeat, n.fold))
            for n, future in zip(networks, futures, strict=True)
        ]
        for method, futures in pending.items()
    }
