"""Trains and times the methods that set loss weights by themselves, beside fixed weights."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from jointbench.backends.base import Job, Trainer
from jointbench.backends.protocols import TimingBackend
from jointbench.backends.registry import untrainable_reason
from jointbench.explain.context import Context, networks_of
from jointbench.explain.loss_weight_sweep import train_sweep
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.skill import mean_over_outputs, skills
from jointbench.measure.paired_timing import log_ratios, paired, ratio_interval
from jointbench.networks.flops import train_flops_per_row, weighting_flops
from jointbench.networks.loss_weighting import METHODS
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import FloatArray, Network, Weighting

SPLITS = 3  # splits that the methods are trained on: their loops are not stacked
TIMED_STEPS = 20
TIMING_SECONDS = 4.0


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


def step_times(backend: TimingBackend, tasks: Mapping[str, Job]) -> dict[str, StepTimeRatio]:
    """Seconds of each method's step over fixed weights in the same loop, sampled alternately in one process. tasks: the
    same job with fixed weights, named "", and under every method."""
    trainers = {method: backend.trainer([task], TIMED_STEPS) for method, task in tasks.items()}
    samples = paired({method: partial(_sample, trainer) for method, trainer in trainers.items()}, TIMING_SECONDS)
    ratios = {}
    for method in tasks:
        if method:
            value, low, high = (float(np.exp(number)) for number in ratio_interval(log_ratios(samples, method, "")))
            ratios[method] = StepTimeRatio(value, low, high)
    for trainer in trainers.values():
        trainer.close()
    return ratios


def _sample(trainer: Trainer) -> list[float]:
    return [trainer(time.perf_counter)]


def weighted(network: Network, method: Weighting) -> Network:
    """The network, trained under a method."""
    return replace(network, recipe=replace(network.recipe, weighting=method), engine="stock")


def run_trial(experiment: Experiment, backend: str, context: Context) -> WeightingTrial:
    """Every method on the first splits, side by side on the workers; then the timing, alone."""
    sweep = train_sweep(experiment, backend, context)
    networks = networks_of(experiment, "joint", backend, context.device)[:: experiment.seeds][:SPLITS]
    unavailable = {method: untrainable_reason(backend, method) for method in METHODS}
    chosen = [method for method, reason in unavailable.items() if reason is None]
    every = context.fits(experiment, [weighted(network, method) for method in chosen for network in networks])
    fits = {method: every[place * len(networks) :][: len(networks)] for place, method in enumerate(chosen)}
    seconds = _step_times(experiment, networks[0], chosen, context)
    keys = [(network.repeat, network.fold) for network in networks]
    methods = []
    for method, known in METHODS.items():
        ratio = _step_flops(experiment, networks[0], method) / _step_flops(experiment, networks[0], "")
        if method not in fits:
            no_skill = np.full(len(keys), np.nan)
            methods.append(MethodResult(known.title, no_skill, ratio, np.nan, None, unavailable[method]))
            continue
        failure = lost_fits(fit.failure for fit in fits[method]) or None
        skill = mean_over_outputs(skills(experiment, fits[method], keys))
        train_flops = float(sum(fit.train_flops for fit in fits[method]))
        methods.append(MethodResult(known.title, skill, ratio, train_flops, seconds[method], failure))
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


def _step_times(
    experiment: Experiment, network: Network, methods: Sequence[Weighting], context: Context
) -> dict[str, StepTimeRatio]:
    if not methods:
        return {}
    prepared = prepared_split(experiment, network.repeat, network.fold)
    fixed: tuple[Weighting, ...] = ("",)
    tasks: dict[str, Job] = {
        method: job(experiment, weighted(network, method), prepared) for method in (*fixed, *methods)
    }
    return context.workers.submit(step_times, tasks).result()


def _step_flops(experiment: Experiment, network: Network, method: Weighting) -> int:
    built = [experiment.architecture(network)]
    return network.recipe.batch_size * train_flops_per_row(built, method) + weighting_flops(built, method)
