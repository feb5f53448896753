"""Cost of joint over another arm's, against the baseline's: a ratio of two ratios, so that the machine cancels.

A change is a regression where it is credible, given the intervals of both runs and the spread between runs
(``run_spread``), and larger than what the A/A controls show by themselves. What was timed on a disturbed machine, from
too few blocks, without an A/A control or with a noisy one, is not judged.

Where many datasets were timed, the changes of one request on all of them show the spread between runs as well: around
their median, since a path that got slower moves the median and not the spread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from jointbench.check.baseline import ArmKey, Baseline, CostRatio
from jointbench.check.findings import Finding, State
from jointbench.check.run_spread import MOST_OF_A_BUILD, RunSpread, load_variance, run_spreads
from jointbench.measure.paired_timing import MIN_BLOCKS, TRIM
from jointbench.stats.estimate import Estimate
from jointbench.types import CellKey

LEAST_CHANGE = math.log(1.05)
MOST_NOISE = math.log(1.25)  # of the A/A pair: beyond it the clock is too poor to judge anything
ENOUGH = 8  # ratios of one kind that show their spread between runs
LEVEL = 0.05  # of false alarms among all alarms (Benjamini and Hochberg 1995): a run asks hundreds of times


def cost_findings(
    baseline: Baseline, run: Baseline, cut_short: Mapping[tuple[ArmKey, str], str] | None = None
) -> Iterator[Finding]:
    """Every timed ratio of the baseline: changed either way, as before, or too noisy to say.

    cut_short: the run's ratios that its time for timing did not suffice for, with the reason.
    """
    now = {(ratio.site, ratio.quantity): ratio for ratio in run.ratios}
    pairs: list[tuple[CostRatio, CostRatio]] = []
    for old in baseline.ratios:
        new = now.get((old.site, old.quantity))
        if new is None:
            reason = (cut_short or {}).get((old.site, old.quantity), "")
            yield _unjudged(old, None, reason)
        elif doubt := doubtful(old, "the baseline") or doubtful(new, "the run"):
            yield _unjudged(old, new, doubt)
        else:
            pairs.append((old, new))
    yield from _judged(pairs, run_spreads(baseline.ratios, run.ratios))


def doubtful(ratio: CostRatio, whose: str) -> str:
    """Why a ratio is not to be judged; "" where it is."""
    if ratio.disturbed:
        return f"{whose} was timed while other processes kept {ratio.load:.1f} cores busy"
    if ratio.blocks < MIN_BLOCKS:
        return f"{whose} has {ratio.blocks} blocks of timings, and an interval needs {MIN_BLOCKS}"
    if ratio.floor is None:
        return f"{whose} has no A/A control, which shows the noise"
    if ratio.floor > MOST_NOISE:
        return f"two copies of one arm may differ by {math.expm1(ratio.floor):.0%} in {whose}"
    return ""


def _unjudged(old: CostRatio, new: CostRatio | None, reason: str) -> Finding:
    """A ratio of which nothing can be said; one that is missing for no known reason did not run."""
    state: State = "too noisy" if reason else "not run"
    return Finding(
        gate="cost",
        state=state,
        site=old.site,
        quantity=_quantity(old),
        baseline=old.value,
        run=None if new is None else new.value,
        reason=f"too noisy to say: {reason}" if reason else "",
    )


def _quantity(ratio: CostRatio) -> str:
    return f"{ratio.quantity}, joint : {ratio.site.arm}"


@dataclass(frozen=True, kw_only=True)
class _Change:
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

    def alone(self, changes: Sequence[_Change]) -> bool:
        """Could one slow build of the other arm be all of it? (Joint's build has an A/A control of its own.)

        It could not where the change is credibly larger than builds differ, where another arm at the same work shows
        it, or two other ratios to the same arm do.
        """
        if abs(self.value) - self.half > MOST_OF_A_BUILD:
            return False
        here = self.old.site
        agreeing = [c.old for c in changes if c is not self and c.beyond_noise and self.value * c.value > 0]
        same_work = [r for r in agreeing if replace(r.site, arm=here.arm) == here and r.quantity == self.old.quantity]
        same_arm = [r for r in agreeing if replace(r.site, dataset=here.dataset) == here]
        return not same_work and len(same_arm) < 2


def _judged(pairs: Sequence[tuple[CostRatio, CostRatio]], spreads: Mapping[CellKey, RunSpread]) -> Iterator[Finding]:
    if not pairs:
        return
    observed = _observed_spread(pairs)
    changes = [
        _change(old, new, spreads[CellKey.of(old.site)], seen) for (old, new), seen in zip(pairs, observed, strict=True)
    ]
    adjusted = stats.false_discovery_control([change.p_value for change in changes]).tolist()
    for change, p_value in zip(changes, adjusted, strict=True):
        yield _finding(change, credible=p_value < LEVEL, alone=change.alone(changes), compared=len(changes))


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


def _change(old: CostRatio, new: CostRatio, spread: RunSpread, observed: float) -> _Change:
    """The degrees of freedom are those of Welch and Satterthwaite; the load's variance is a bound, not an estimate."""
    parts = [_variance(old), _variance(new), (max(spread.variance, observed**2), spread.df)]
    bound = load_variance(old.load) + load_variance(new.load)
    total = sum(variance for variance, _ in parts) + bound
    df = total**2 / sum(variance**2 / df for variance, df in parts)
    negligible = max(LEAST_CHANGE, old.floor or 0.0, new.floor or 0.0)
    return _Change(
        old=old,
        new=new,
        value=_log_change(old, new),
        error=math.sqrt(total),
        df=df,
        negligible=negligible,
        least=max(negligible, spread.least_change),
    )


def _variance(ratio: CostRatio) -> tuple[float, int]:
    """Variance of the mean log ratio, and its degrees of freedom.

    Taken from its interval (``measure.paired_timing.ratio_interval``), as if that came from its blocks alone.
    """
    df = ratio.blocks - 2 * int(TRIM * ratio.blocks) - 1
    half = (math.log(ratio.high) - math.log(ratio.low)) / 2
    return (half / float(special.stdtrit(df, 0.975))) ** 2, df


def _finding(change: _Change, *, credible: bool, alone: bool, compared: int) -> Finding:
    """What became of one ratio of as many as were ``compared``. alone: no other ratio shows it.

    It is too noisy, unless a change that is not negligible is excluded on either side at 5 % (Schuirmann 1987).
    """
    old, new, value = change.old, change.new, change.value
    widest = abs(value) + change.error * float(special.stdtrit(change.df, 0.95))
    smallest = change.error * float(special.stdtrit(change.df, 1 - LEVEL / (2 * compared)))
    state: State = "as before"
    reason = ""
    if credible and abs(value) > change.least and alone:
        state = "too noisy"
        reason = (
            f"too noisy to say: it went from {old.value:.3g} to {new.value:.3g} and no other ratio did, as where one "
            f"build of {old.site.arm} was slower; run again"
        )
    elif credible and abs(value) > change.least:
        state = "regressed"
        direction = "dearer" if value > 0 else "cheaper"
        reason = f"it went from {old.value:.3g} to {new.value:.3g}: joint is relatively {direction} than it was"
    elif widest > change.negligible:
        state = "too noisy"
        reason = f"too noisy to say: a change of {math.expm1(widest):.0%} cannot be excluded"
    return Finding(
        gate="cost",
        state=state,
        site=old.site,
        quantity=_quantity(old),
        baseline=old.value,
        run=new.value,
        change=Estimate(*(math.exp(x) for x in (value, value - change.half, value + change.half))),
        limit=math.exp(max(change.least, smallest)),
        reason=reason,
    )
