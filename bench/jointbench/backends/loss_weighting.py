"""Methods that adapt the loss weights in training: the part that both frameworks share.

They act on each output's mean loss times its loss weight, which by default divides it by its no-skill loss. Dynamic
weight average is here; the other methods are part of a framework's steps.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from jointbench.backends.base import Clock, Job, Trained
from jointbench.backends.fit_loop import StepLoop, fit_loop
from jointbench.measure.device_clock import device_clock
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import backward_flops, train_flops_per_row
from jointbench.types import FloatArray

FIXED = "fixed"
UNCERTAINTY = "uncertainty"  # Kendall, Gal & Cipolla, CVPR 2018
DYNAMIC = "dynamic-average"  # Liu, Johns & Davison, CVPR 2019
PCGRAD = "pcgrad"  # Yu et al., NeurIPS 2020
MGDA = "mgda"  # Desideri 2012; Sener & Koltun, NeurIPS 2018
UPGRAD = "upgrad"  # Quinton & Rey 2024
GRADIENT_METHODS = (PCGRAD, MGDA, UPGRAD)
METHODS = (UNCERTAINTY, DYNAMIC, *GRADIENT_METHODS)
TEMPERATURE = 2.0  # of dynamic weight average, as its authors have it


def dynamic_weights(losses: FloatArray, temperature: float = TEMPERATURE) -> FloatArray:
    """(outputs,): dynamic weight average from the training losses of the epochs before, (epochs, outputs).

    outputs x softmax(r / temperature) with r = last loss / the one before it; 1 for each in the first two epochs.
    """
    count = losses.shape[1]
    if len(losses) < 2:
        return np.ones(count)
    rates = losses[-1] / np.where(losses[-2] > 0, losses[-2], 1.0) / temperature
    powers = np.exp(rates - rates.max())
    result: FloatArray = count * powers / powers.sum()
    return result


def precision_factors(job: Job) -> FloatArray:
    """(outputs,): Kendall's total is sum of factor x exp(-s) x loss + s / 2 with s = log variance.

    The factor is 1/2 for a Gaussian likelihood (regression) and 1 for a softmax with a temperature. Other regression
    losses belong to other likelihoods, which have another total; a job with one raises ValueError.
    """
    job.require_squared_loss("uncertainty weighting")
    return np.array([0.5 if kind == "regression" else 1.0 for kind in job.architecture.kinds])


def step_flops(network: Architecture, batch: int, method: str) -> int:
    """FLOPs of one optimisation step under a method, matrix products only, in closed form.

    The gradient methods go back through the trunk once for each output. They also multiply the trunk's gradients with
    each other (the Gram matrix) and with their weights.
    """
    plain_step = batch * train_flops_per_row([network])
    if method not in GRADIENT_METHODS:
        return plain_step
    trunk, outputs = [*network.convs, *network.trunk], len(network.heads)
    backward = sum(backward_flops(layer) for layer in trunk)
    parameters = sum(layer.parameters for layer in trunk)
    return plain_step + (outputs - 1) * batch * backward + 2 * outputs * parameters * (outputs + 1)


class WeightedLoop(StepLoop, Protocol):
    """A step loop whose outputs' losses can be weighted anew."""

    def factor(self, values: FloatArray) -> None:
        """Sets what multiplies each output's weighted loss from now on, (outputs,)."""
        ...


def fit_weighted(loop: WeightedLoop, method: str, clock: Clock) -> Trained:
    """Trains as the stock loop does, under a method. Early stopping goes by the job's own loss weights."""
    loop.job.require_no_dropout("a method that weights losses")
    average = (lambda losses: loop.factor(dynamic_weights(losses))) if method == DYNAMIC else None
    return fit_loop(loop, clock, average)


class WeightedSteps:
    """A method's loop for timing. A call takes ``steps`` steps; the last, short batch of an epoch is left out."""

    def __init__(self, loop: WeightedLoop, steps: int, synchronise: Callable[[], None]) -> None:
        self.loop, self.steps, self.synchronise = loop, steps, synchronise
        self.batches = self._endless()

    def _endless(self) -> Iterator[Any]:
        whole = max(len(self.loop.job.train) // self.loop.job.recipe.batch_size, 1)
        for epoch in itertools.count():
            yield from itertools.islice(self.loop.batches(epoch), whole)

    def __call__(self, clock: Clock) -> float:
        batches = [next(self.batches) for _ in range(self.steps)]
        waiting_clock = device_clock(self.synchronise, clock)
        started = waiting_clock()
        for rows in batches:
            self.loop.step(rows)
        return waiting_clock() - started
