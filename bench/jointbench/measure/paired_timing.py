"""Paired timing: variants take turns in one process, in blocks of mirrored order such as A B C C B A.

Each block draws a new random order and mirrors it. A visit is one turn of one variant.
"""

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

MIN_BLOCKS = 8  # the fewest that give an interval
FEWEST_BLOCKS = 3  # that show a ratio far beyond what builds of one network differ by
MOST_OF_A_BUILD = math.log(1.6)  # by which builds of one network were seen to differ, on a small and busy machine
FIRST_CHECK, CHECK_EVERY = 24, 8  # blocks; checks from 8 blocks on would stop at intervals that are narrow by luck
TARGET_HALF_WIDTH = 0.03  # of the log ratio's 95 % interval, that is 3 %
TRIM = 0.1  # of the blocks, at each end
OVERRUN = 1.5  # of the budget, at the most, for the blocks that an interval needs
NORMAL = 1.96  # standard deviations on either side that hold 95 % of a normal distribution
BUILD_SPREAD = 0.003  # standard deviation of log seconds between builds of one network (addresses of its arrays)
MOST_LAGS, LEAST_BLOCKS_PER_LAG = 4, 6  # of the autocorrelation between blocks
LEAST_SECONDS = 1e-12  # of an interval, as its record may hold it
VISIT_SECONDS = 0.005  # a machine's speed drifts over tens of milliseconds: shorter visits share the drift


@dataclass(frozen=True, eq=False)
class Paired(Generic[K]):
    """The samples of a paired timing.

    order: the variant of each visit. seconds: (visits, clocked intervals). block: visits per block.
    load: (blocks,), the mean number of cores that other processes kept busy.
    """

    order: tuple[K, ...]
    seconds: FloatArray
    block: int
    load: FloatArray

    def without(self, left_out: Collection[K]) -> Paired[K]:
        """The samples of the other variants."""
        visits = [i for i, name in enumerate(self.order) if name not in left_out]
        removed = len({name for name in self.order if name in left_out})
        return Paired(tuple(self.order[i] for i in visits), self.seconds[visits], self.block - 2 * removed, self.load)


def paired(
    samplers: Mapping[K, Callable[[], list[float]]],
    budget_seconds: float,
    max_blocks: int = 200,
    pairs: Sequence[tuple[K, K]] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    seed: int = 0,
    target: float = TARGET_HALF_WIDTH,
) -> Paired[K]:
    """Takes samples in mirrored blocks until every pair's ratio is known to ``target``, or the budget is spent.

    samplers: per variant, a call that does one visit's work and returns its clocked seconds. pairs: the ratios that
    matter (by default each variant's to the first). target: half-width of a log ratio's 95 % interval. Two blocks are
    taken however long they last, MIN_BLOCKS where OVERRUN times the budget allows. Each block's order is drawn from
    ``seed``: what precedes a visit (another variant's caches, the sampling of the load) changes its seconds by up to a
    fifth, and a fixed order would always change the same variant's.
    """
    rng = np.random.default_rng(seed)
    for sample in samplers.values():
        sample()
    names = list(samplers)
    ratios = [(name, names[0]) for name in names[1:]] if pairs is None else list(pairs)
    order: list[K] = []
    seconds: list[list[float]] = []
    load: list[float] = []
    system_load = SystemLoad(clock)
    started = clock()
    for count in range(1, max_blocks + 1):
        turns = [names[i] for i in rng.permutation(len(names))]
        for name in (*turns, *turns[::-1]):
            seconds.append(samplers[name]())
            order.append(name)
        load.append(system_load.cores())
        _drop_if_the_clock_stepped(order, seconds, load, 2 * len(names))
        spent = clock() - started
        if count >= 2 and spent > budget_seconds * (1 if count >= MIN_BLOCKS else OVERRUN):
            break
        if count >= FIRST_CHECK and count % CHECK_EVERY == 0:
            samples = Paired(tuple(order), np.array(seconds), 2 * len(names), np.array(load))
            if all(settled(log_ratios(samples, *pair), target) for pair in ratios):
                break
    if not load:
        raise RuntimeError("the clock of this machine goes backwards")
    return Paired(tuple(order), np.array(seconds), 2 * len(names), np.array(load))


def _drop_if_the_clock_stepped(order: list[K], seconds: list[list[float]], load: list[float], block: int) -> None:
    """Takes the last block away again where an interval in it is no time: a virtual machine was moved, say."""
    if min(map(min, seconds[-block:])) < LEAST_SECONDS:
        del order[-block:], seconds[-block:], load[-1:]


def visit_count(unit_seconds: float, most: int) -> int:
    """How many units of work, of ``unit_seconds`` each, fill a visit of VISIT_SECONDS: from 1 to ``most``."""
    return max(1, min(most, math.ceil(VISIT_SECONDS / max(unit_seconds, 1e-9))))


def enough_seconds(round_seconds: float, budget_seconds: float, longest_seconds: float) -> float:
    """The budget, or the time of MIN_BLOCKS where that is longer, up to ``longest_seconds``.

    round_seconds: of one visit of each variant.
    """
    return max(budget_seconds, min(2.2 * MIN_BLOCKS * round_seconds, longest_seconds))


def log_ratios(samples: Paired[K], first: K, second: K) -> FloatArray:
    """Log of first / second in each block, (blocks,).

    A variant's log in a block is the mean over its two visits of the log of the visit's median interval.
    """
    visits = np.log(np.median(samples.seconds, axis=1)).reshape(-1, samples.block)
    indices = {name: i for i, name in enumerate(dict.fromkeys(samples.order))}
    visitor = np.array([indices[name] for name in samples.order]).reshape(-1, samples.block)

    def log_seconds(name: K) -> FloatArray:
        result: FloatArray = np.where(visitor == indices[name], visits, 0).sum(axis=1) / 2
        return result

    return log_seconds(first) - log_seconds(second)


def interval(values: FloatArray) -> tuple[float, float, float]:
    """(mean, low, high): the 10 % trimmed mean over blocks and its 95 % interval (Yuen 1974).

    Student's t on the Winsorised deviation: neither the mean nor the interval follows a burst of other work that
    spoils a block or two. On eight blocks the interval covers the truth 95 times in 100, a percentile bootstrap
    88 times. A single block has no deviation: its interval is infinite.
    """
    count = len(values)
    cut = int(TRIM * count)
    ordered = np.sort(values)
    mean = float(ordered[cut : count - cut].mean())
    if count < 2:
        return mean, -np.inf, np.inf
    remaining = count - 2 * cut
    squares = (count - 1) * float(np.clip(ordered, ordered[cut], ordered[count - cut - 1]).var(ddof=1))
    half = float(stats.t.ppf(0.975, remaining - 1)) * float(np.sqrt(squares / (remaining * (remaining - 1))))
    return mean, mean - half, mean + half


def ratio_interval(values: FloatArray) -> tuple[float, float, float]:
    """(mean, low, high) of a log ratio: ``interval``, widened for dependent blocks and for the spread of builds.

    values: (blocks,), in the order in which the blocks were taken. Blocks are dependent: a scheduler's choice lasts for
    several. More blocks say more about these two builds, but not about the next two: copies of one network, timed in
    pairs, differed by 0.1 to 0.4 % (standard deviations in five processes on one machine). The spread of builds is
    therefore a component of its own (JCGM 100:2008, 5.1.2). Few blocks often hide a strong autocorrelation: where it is
    0.35 from block to block, 89 of 100 intervals over 8 blocks cover the truth, 92 over 24.
    """
    mean, low, _ = interval(values)
    half = math.hypot((mean - low) * math.sqrt(dependence(values)), NORMAL * math.sqrt(2) * BUILD_SPREAD)
    return mean, mean - half, mean + half


def dependence(values: FloatArray) -> float:
    """The variance of the values' mean over that of independent values: 1 + 2 x the sum of autocorrelations.

    The autocorrelations are of the Winsorised values, up to the first lag where they are not positive (Geyer 1992, with
    single lags), each corrected for its bias of -1/n. At least 1.
    """
    count = len(values)
    clipped = np.clip(values, *np.quantile(values, (TRIM, 1 - TRIM)))
    clipped = clipped - clipped.mean()
    squares = float(clipped @ clipped)
    total = 1.0
    for lag in range(1, min(MOST_LAGS, count // LEAST_BLOCKS_PER_LAG) + 1):
        correlation = float(clipped[lag:] @ clipped[:-lag]) / squares + 1 / count if squares > 0 else 0.0
        if correlation <= 0:
            break
        total += 2 * correlation
    return total


def settled(values: FloatArray, target: float = TARGET_HALF_WIDTH) -> bool:
    """Whether enough blocks give an interval narrower than the target."""
    _, low, high = ratio_interval(values)
    return len(values) >= MIN_BLOCKS and (high - low) / 2 < target
