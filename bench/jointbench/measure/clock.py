"""Paired timing: arms take turns in one process, in blocks that read the same both ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from jointbench.types import FloatArray

MIN_BLOCKS = 8
TARGET_HALF_WIDTH = 0.03  # of the log ratio's 95 % interval, that is 3 %
RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Paired:
    """order[i]: who took visit i; seconds: (visits, clocked intervals). A block is ``block`` visits."""

    order: tuple[str, ...]
    seconds: FloatArray
    block: int


def paired(samplers: Mapping[str, Callable[[], list[float]]], budget_seconds: float, max_blocks: int = 200) -> Paired:
    """Takes samples in blocks A B C C B A until every ratio to the first is known to 3 %, or the budget is spent.

    samplers: per participant, a call that does one visit's work and returns its clocked seconds. At least
    two blocks are taken however long they last, at least MIN_BLOCKS if the budget allows. Even blocks run in
    the given order, odd ones in reverse, so that no one is always first.
    """
    for sample in samplers.values():
        sample()
    names = list(samplers)
    order: list[str] = []
    seconds: list[list[float]] = []
    deadline = time.perf_counter() + budget_seconds
    for count in range(1, max_blocks + 1):
        turn = names if count % 2 else names[::-1]
        for name in (*turn, *turn[::-1]):
            seconds.append(samplers[name]())
            order.append(name)
        if count >= 2 and time.perf_counter() > deadline:
            break
        if count >= MIN_BLOCKS and count % 4 == 0:
            so_far = Paired(tuple(order), np.array(seconds), 2 * len(names))
            if all(_half_width(log_ratios(so_far, names[0], name)) < TARGET_HALF_WIDTH for name in names[1:]):
                break
    return Paired(tuple(order), np.array(seconds), 2 * len(names))


def log_ratios(samples: Paired, first: str, second: str) -> FloatArray:
    """(blocks,): log of first / second, each the mean log of its two visits' median interval in that block."""
    visits = np.log(np.median(samples.seconds, axis=1)).reshape(-1, samples.block)
    who = np.array(samples.order).reshape(-1, samples.block)

    def of(name: str) -> FloatArray:
        result: FloatArray = np.where(who == name, visits, 0).sum(axis=1) / 2
        return result

    return of(first) - of(second)


def bootstrap_interval(values: FloatArray, seed: int = 0) -> tuple[float, float, float]:
    """(mean, low, high): the mean and its 95 % percentile bootstrap interval over blocks."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def _half_width(values: FloatArray) -> float:
    _, low, high = bootstrap_interval(values)
    return (high - low) / 2
