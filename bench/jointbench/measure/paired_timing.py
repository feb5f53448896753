"""Paired timing: participants take turns in one process, in blocks that read the same both ways, in an order drawn anew."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy import stats

from jointbench.measure.system_load import SystemLoad
from jointbench.types import FloatArray

K = TypeVar("K", bound=Hashable)

MIN_BLOCKS = 8  # fewer are too few for an interval
FIRST_CHECK, CHECK_EVERY = 24, 8  # blocks; stopping at the first narrow interval of 8 would catch the lucky ones
TARGET_HALF_WIDTH = 0.03  # of the log ratio's 95 % interval, that is 3 %
TRIM = 0.1  # of the blocks, at each end
OVERRUN = 1.5  # of the budget, at the most, for the blocks that an interval needs
NORMAL = 1.96  # standard deviations on either side that hold 95 % of a normal distribution
BUILD_SPREAD = 0.003  # standard deviation of log seconds between builds of one network: where its arrays happen to lie
MOST_LAGS, LEAST_BLOCKS_PER_LAG = 4, 6  # of the autocorrelation between blocks
VISIT_SECONDS = 0.005  # a machine's speed drifts over tens of milliseconds: turns that are shorter share the drift


@dataclass(frozen=True, eq=False)
class Paired(Generic[K]):
    """order[i]: who took visit i; seconds: (visits, clocked intervals). A block is ``block`` visits.

    load: (blocks,): cores that other processes kept busy during each.
    """

    order: tuple[K, ...]
    seconds: FloatArray
    block: int
    load: FloatArray

    def without(self, left_out: Collection[K]) -> Paired[K]:
        """The samples of the others."""
        kept = [i for i, name in enumerate(self.order) if name not in left_out]
        gone = len({name for name in self.order if name in left_out})
        return Paired(tuple(self.order[i] for i in kept), self.seconds[kept], self.block - 2 * gone, self.load)


def paired(
    samplers: Mapping[K, Callable[[], list[float]]],
    budget_seconds: float,
    max_blocks: int = 200,
    pairs: Sequence[tuple[K, K]] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    seed: int = 0,
    target: float = TARGET_HALF_WIDTH,
) -> Paired[K]:
    """Takes samples in blocks such as A B C C B A until the ratio of every pair is known to ``target``, or the budget is spent.

    samplers: per participant, a call that does one visit's work and returns its clocked seconds. pairs: whose ratios
    matter (by default everyone's to the first). Two blocks are taken however long they last, MIN_BLOCKS if the budget
    and half of it allow. Each block's order is drawn by ``seed``: what came before a visit (another's caches, the
    sampling of the load) moves its seconds by up to a fifth, and in a fixed order always the same participant's.
    """
    rng = np.random.default_rng(seed)
    for sample in samplers.values():
        sample()
    names = list(samplers)
    wanted = [(name, names[0]) for name in names[1:]] if pairs is None else list(pairs)
    order: list[K] = []
    seconds: list[list[float]] = []
    load: list[float] = []
    others = SystemLoad(clock)
    started = clock()
    for count in range(1, max_blocks + 1):
        turn = [names[place] for place in rng.permutation(len(names))]
        for name in (*turn, *turn[::-1]):
            seconds.append(samplers[name]())
            order.append(name)
        load.append(others.cores())
        spent = clock() - started
        if count >= 2 and spent > budget_seconds * (1 if count >= MIN_BLOCKS else OVERRUN):
            break
        if count >= FIRST_CHECK and count % CHECK_EVERY == 0:
            so_far = Paired(tuple(order), np.array(seconds), 2 * len(names), np.array(load))
            if all(settled(log_ratios(so_far, *pair), target) for pair in wanted):
                break
    return Paired(tuple(order), np.array(seconds), 2 * len(names), np.array(load))


def visit_count(unit_seconds: float, most: int) -> int:
    """How many units of work, of ``unit_seconds`` each, make a visit: VISIT_SECONDS of them, at least one, ``most`` at most."""
    return max(1, min(most, math.ceil(VISIT_SECONDS / max(unit_seconds, 1e-9))))


def enough_seconds(round_seconds: float, budget_seconds: float, longest_seconds: float) -> float:
    """The budget, or what MIN_BLOCKS take where that is more, within reason. round_seconds: of one visit of everyone."""
    return max(budget_seconds, min(2.2 * MIN_BLOCKS * round_seconds, longest_seconds))


def log_ratios(samples: Paired[K], first: K, second: K) -> FloatArray:
    """(blocks,): log of first / second, each the mean log of its two visits' median interval in that block."""
    visits = np.log(np.median(samples.seconds, axis=1)).reshape(-1, samples.block)
    places = {name: i for i, name in enumerate(dict.fromkeys(samples.order))}
    who = np.array([places[name] for name in samples.order]).reshape(-1, samples.block)

    def of(name: K) -> FloatArray:
        result: FloatArray = np.where(who == places[name], visits, 0).sum(axis=1) / 2
        return result

    return of(first) - of(second)


def interval(values: FloatArray) -> tuple[float, float, float]:
    """(mean, low, high): the 10 % trimmed mean over blocks and its 95 % interval (Yuen 1974).

    Student's t on the Winsorised deviation: a burst of other work spoils a block or two, and neither the mean nor its
    interval should follow it. On eight blocks it holds the truth as often as it says, where a percentile bootstrap does
    so 88 times in 100. One block has no spread: its interval is everything.
    """
    count = len(values)
    cut = int(TRIM * count)
    ordered = np.sort(values)
    mean = float(ordered[cut : count - cut].mean())
    if count < 2:
        return mean, -np.inf, np.inf
    kept = count - 2 * cut
    squares = (count - 1) * float(np.clip(ordered, ordered[cut], ordered[count - cut - 1]).var(ddof=1))
    half = float(stats.t.ppf(0.975, kept - 1)) * float(np.sqrt(squares / (kept * (kept - 1))))
    return mean, mean - half, mean + half


def ratio_interval(values: FloatArray) -> tuple[float, float, float]:
    """(mean, low, high): a log ratio over blocks in the order they were taken, with what ``interval`` leaves out of its 95 %.

    Blocks are not independent: a scheduler's choice lasts for several. And more blocks tell better how these two builds
    compare, but no better how the next two would: copies of one network, timed in pairs, differed by 0.1 to 0.4 %
    (standard deviations in five processes on one machine). The spread of builds is a component of its own (JCGM
    100:2008, 5.1.2). With few blocks a strong autocorrelation is seen too rarely: where each block resembles the one
    before by 0.35, 89 of 100 intervals over 8 blocks hold the truth, 92 over 24.
    """
    mean, low, _ = interval(values)
    half = math.hypot((mean - low) * math.sqrt(dependence(values)), NORMAL * math.sqrt(2) * BUILD_SPREAD)
    return mean, mean - half, mean + half


def dependence(values: FloatArray) -> float:
    """How many times the variance of their mean is that of independent values: 1 + 2 x the sum of autocorrelations.

    Of the Winsorised values, up to the first lag whose autocorrelation is not positive (Geyer 1992, with single lags),
    each corrected for its bias of -1/n; at least 1.
    """
    count = len(values)
    calm = np.clip(values, *np.quantile(values, (TRIM, 1 - TRIM)))
    calm = calm - calm.mean()
    squares = float(calm @ calm)
    total = 1.0
    for lag in range(1, min(MOST_LAGS, count // LEAST_BLOCKS_PER_LAG) + 1):
        correlation = float(calm[lag:] @ calm[:-lag]) / squares + 1 / count if squares > 0 else 0.0
        if correlation <= 0:
            break
        total += 2 * correlation
    return total


def settled(values: FloatArray, target: float = TARGET_HALF_WIDTH) -> bool:
    """Whether enough blocks give an interval narrower than the target."""
    _, low, high = ratio_interval(values)
    return len(values) >= MIN_BLOCKS and (high - low) / 2 < target
