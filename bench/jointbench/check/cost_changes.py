"""The changes of cost ratios between two runs, and how sure they are.

The standard error of a change has the blocks of both runs, the spread between runs and the load of both
(``run_spread``). Where many datasets were timed, the changes of one request on all of them show the spread between runs
as well: around their median, since a path that got slower moves the median and not the spread.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from jointbench.check.baseline import CostRatio
from jointbench.check.run_spread import UNSTEADY, UNSTEADY_DF, RunSpread, load_variance
from jointbench.measure.paired_timing import MOST_OF_A_BUILD, TRIM
from jointbench.types import CellKey

LEAST_CHANGE = math.log(1.05)
ENOUGH = 8  # ratios of one kind that show their spread between runs
LEVEL = 0.05  # of false alarms among all alarms (Benjamini and Hochberg 1995): a run asks hundreds of times


@dataclass(frozen=True, kw_only=True)
class CostChange:
    """A ratio in both runs: the change of its logarithm, with its standard error and degrees of freedom.

    negligible: a change that may pass unseen. least: no smaller one is a regression, however credible.
    """

    old: CostRatio
    new: CostRatio
    value: float
    error: float
    df: float
    negligible: float
    least: float

    @property
    def half(self) -> float:
        """Half the width of its 95 % interval."""
        return self.error * float(special.stdtrit(self.df, 0.975))

    @property
    def p_value(self) -> float:
        return 2 * float(special.stdtr(self.df, -abs(self.value) / self.error))

    @property
    def beyond_noise(self) -> bool:
        """Is it one, looked at alone?"""
        return self.p_value < LEVEL and abs(self.value) > self.least

    def smallest(self, compared: int) -> float:
        """The smallest change that would be credible as the only one among so many."""
        return max(self.least, self.error * float(special.stdtrit(self.df, 1 - LEVEL / (2 * compared))))

    def may_be_a_build(self, changes: Iterable[CostChange]) -> bool:
        """Could one slow build of the other arm be all of it? (Joint's build has an A/A control of its own.)

        It could not where the change is credibly larger than builds differ, where another arm at the same work shows
        it, or two other ratios to the same arm do.
        """
        if abs(self.value) - self.half > MOST_OF_A_BUILD:
            return False
        site = self.old.site
        agreeing = [c.old for c in changes if c is not self and c.beyond_noise and self.value * c.value > 0]
        same_work = [r for r in agreeing if replace(r.site, arm=site.arm) == site and r.quantity == self.old.quantity]
        same_arm = [r for r in agreeing if replace(r.site, dataset=site.dataset) == site]
        return not same_work and len(same_arm) < 2


def cost_changes(
    pairs: Sequence[tuple[CostRatio, CostRatio]], spreads: Mapping[CellKey, RunSpread]
) -> list[CostChange]:
    """The change of each ratio from the first run to the second. spreads: by cell."""
    observed = _observed_spread(pairs)
    return [
        _change(old, new, spreads[CellKey.of(old.site)], seen) for (old, new), seen in zip(pairs, observed, strict=True)
    ]


def _log_change(old: CostRatio, new: CostRatio) -> float:
    return math.log(new.value / old.value)


def _observed_spread(pairs: Sequence[tuple[CostRatio, CostRatio]]) -> list[float]:
    """Per ratio, the standard deviation of the changes of its kind (one backend, one quantity), 0 where they are few.

    Estimated by the median absolute deviation: now and then a run is far off.
    """
    kinds: dict[object, list[float]] = {}
    for old, new in pairs:
        kinds.setdefault((old.site.backend, old.site.device, old.quantity), []).append(_log_change(old, new))
    observed = {
        kind: float(stats.median_abs_deviation(np.array(values), scale="normal")) if len(values) >= ENOUGH else 0.0
        for kind, values in kinds.items()
    }
    return [observed[old.site.backend, old.site.device, old.quantity] for old, _ in pairs]


def _change(old: CostRatio, new: CostRatio, spread: RunSpread, observed: float) -> CostChange:
    """The degrees of freedom are those of Welch and Satterthwaite; the load's variance is a bound, not an estimate."""
    parts = [_variance(old), _variance(new), (max(spread.variance, observed**2), spread.df)]
    least = spread.least_change
    if not (old.steady and new.steady):
        parts.append((UNSTEADY**2, UNSTEADY_DF))
        least = max(least, MOST_OF_A_BUILD)
    estimated = sum(variance for variance, _ in parts)
    total = estimated + load_variance(old.load) + load_variance(new.load)
    negligible = max(LEAST_CHANGE, old.floor or 0.0, new.floor or 0.0)
    return CostChange(
        old=old,
        new=new,
        value=_log_change(old, new),
        error=math.sqrt(total),
        df=total**2 / sum(variance**2 / df for variance, df in parts),
        negligible=negligible,
        least=max(negligible, least),
    )


def _variance(ratio: CostRatio) -> tuple[float, int]:
    """Variance of the mean log ratio, and its degrees of freedom.

    Taken from its interval (``measure.paired_timing.ratio_interval``), as if that came from its blocks alone.
    """
    df = ratio.blocks - 2 * int(TRIM * ratio.blocks) - 1
    half = (math.log(ratio.high) - math.log(ratio.low)) / 2
    return (half / float(special.stdtrit(df, 0.975))) ** 2, df
