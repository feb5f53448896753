"""Cost of joint over another arm's, against the baseline's: a ratio of two ratios, so that the machine cancels.

Two runs of the same code differ by more than their intervals show: each process gets its own memory, clocks and
neighbours, and keeps them. That scatter between runs goes into the interval too. One run cannot show it, so it is
estimated from the changes of the same request on the other datasets, around their median (a path that got slower moves
the median, not the scatter). It gets few degrees of freedom, because now and then a run is far off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import special, stats

from jointbench.check.baseline import Baseline, CostRatio
from jointbench.check.findings import Finding, State
from jointbench.measure.paired_timing import TRIM
from jointbench.stats.estimate import Estimate

LEAST_CHANGE = math.log(1.05)
MOST_NOISE = math.log(1.25)  # of the A/A pair: beyond it the clock is too poor to pass anything
BETWEEN_RUNS = 0.02  # least standard deviation of a log ratio's change between two runs of one code
BETWEEN_RUNS_DF = 4
ENOUGH = 8  # ratios of one kind that show their scatter
LEVEL = 0.05  # of false alarms among all alarms (Benjamini and Hochberg 1995): a run asks hundreds of times


def cost_findings(baseline: Baseline, run: Baseline) -> Iterator[Finding]:
    """Every timed ratio of the baseline: changed either way, as before, or too noisy to say."""
    now = {(ratio.site, ratio.quantity): ratio for ratio in run.ratios}
    pairs: list[tuple[CostRatio, CostRatio]] = []
    for old in baseline.ratios:
        new = now.get((old.site, old.quantity))
        if new is None:
            yield Finding(gate="cost", state="not run", site=old.site, quantity=_quantity(old), baseline=old.value)
        else:
            pairs.append((old, new))
    if not pairs:
        return
    change = [math.log(new.value / old.value) for old, new in pairs]
    scatter = _scatter([old for old, _ in pairs], change)
    errors = [_error(old, new, between) for (old, new), between in zip(pairs, scatter, strict=True)]
    p_values = [2 * float(special.stdtr(df, -abs(x) / error)) for x, (error, df) in zip(change, errors, strict=True)]
    adjusted = stats.false_discovery_control(p_values).tolist()
    for (old, new), x, (error, df), p_value in zip(pairs, change, errors, adjusted, strict=True):
        yield _finding(old, new, x, error, df, p_value < LEVEL)


def _quantity(ratio: CostRatio) -> str:
    return f"{ratio.quantity}, joint : {ratio.site.arm}"


def _scatter(ratios: Sequence[CostRatio], change: Sequence[float]) -> list[float]:
    """Per ratio, the standard deviation between runs of its kind (one backend, one quantity).

    Estimated by the median absolute deviation of their changes.
    """
    kinds: dict[object, list[float]] = {}
    for ratio, x in zip(ratios, change, strict=True):
        kinds.setdefault((ratio.site.backend, ratio.site.device, ratio.quantity), []).append(x)
    observed = {
        kind: float(stats.median_abs_deviation(np.array(values), scale="normal")) if len(values) >= ENOUGH else 0.0
        for kind, values in kinds.items()
    }
    return [max(BETWEEN_RUNS, observed[r.site.backend, r.site.device, r.quantity]) for r in ratios]


def _error(old: CostRatio, new: CostRatio, between: float) -> tuple[float, float]:
    """Standard error of the change of the log ratio, and its degrees of freedom (Welch and Satterthwaite)."""
    parts = [_variance(old), _variance(new), (between**2, BETWEEN_RUNS_DF)]
    total = sum(variance for variance, _ in parts)
    return math.sqrt(total), total**2 / sum(variance**2 / df for variance, df in parts)


def _variance(ratio: CostRatio) -> tuple[float, int]:
    """Variance of the mean log ratio, and its degrees of freedom.

    Taken from its interval (``measure.paired_timing.ratio_interval``), as if that came from its blocks alone.
    """
    df = ratio.blocks - 2 * int(TRIM * ratio.blocks) - 1
    half = (math.log(ratio.high) - math.log(ratio.low)) / 2
    return (half / float(special.stdtrit(df, 0.975))) ** 2, df


def _finding(old: CostRatio, new: CostRatio, change: float, error: float, df: float, credible: bool) -> Finding:
    """What became of one ratio. change: of its log, with its standard error and degrees of freedom.

    It is too noisy, unless a change beyond the limit is excluded on either side at 5 % (Schuirmann 1987).
    """
    limit = max(LEAST_CHANGE, old.floor, new.floor)
    half = error * float(special.stdtrit(df, 0.975))
    widest = abs(change) + error * float(special.stdtrit(df, 0.95))
    estimate = Estimate(*(math.exp(x) for x in (change, change - half, change + half)))
    state: State = "as before"
    reason = ""
    if credible and abs(change) > limit:
        state = "regressed"
        direction = "dearer" if change > 0 else "cheaper"
        reason = f"it went from {old.value:.3g} to {new.value:.3g}: joint is relatively {direction} than it was"
    elif limit > MOST_NOISE:
        state = "too noisy"
        reason = f"too noisy to say: two copies of one arm differ by {math.expm1(limit):.0%}"
    elif widest > limit:
        state = "too noisy"
        reason = f"too noisy to say: a change of {math.expm1(widest):.0%} cannot be excluded"
    return Finding(
        gate="cost",
        state=state,
        site=old.site,
        quantity=_quantity(old),
        baseline=old.value,
        run=new.value,
        change=estimate,
        limit=math.exp(limit),
        reason=reason,
    )
