"""Cost of joint over another arm's, against the baseline's: a ratio of two ratios, so that the machine cancels.

A change is a regression where it is credible (``cost_changes``), larger than what the A/A controls show by themselves,
and no slow build of one arm explains it. What was timed on a disturbed machine, from too few blocks, without an A/A
control or with a noisy one, is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from scipy import special, stats

from jointbench.check.baseline import ArmKey, Baseline, CostRatio
from jointbench.check.cost_changes import LEVEL, CostChange, cost_changes
from jointbench.check.findings import Finding, State
from jointbench.check.run_spread import run_spreads
from jointbench.measure.paired_timing import MIN_BLOCKS
from jointbench.stats.estimate import Estimate

MOST_NOISE = math.log(1.25)  # of the A/A pair: beyond it the clock is too poor to judge anything
UNSURE = "too noisy to say: "


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
            yield _unjudged(old, None, (cut_short or {}).get((old.site, old.quantity), ""))
        elif doubt := doubtful(old, "the baseline") or doubtful(new, "the run"):
            yield _unjudged(old, new, doubt)
        else:
            pairs.append((old, new))
    if pairs:
        changes = cost_changes(pairs, run_spreads(baseline.ratios, run.ratios))
        adjusted = stats.false_discovery_control([change.p_value for change in changes]).tolist()
        for change, p_value in zip(changes, adjusted, strict=True):
            yield _finding(change, changes, credible=p_value < LEVEL)


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
    return Finding(
        gate="cost",
        state="too noisy" if reason else "not run",
        site=old.site,
        quantity=_quantity(old),
        baseline=old.value,
        run=None if new is None else new.value,
        reason=UNSURE + reason if reason else "",
    )


def _quantity(ratio: CostRatio) -> str:
    return f"{ratio.quantity}, joint : {ratio.site.arm}"


def _finding(change: CostChange, changes: list[CostChange], *, credible: bool) -> Finding:
    """What became of one of the ratios."""
    state, reason = _verdict(change, changes, credible=credible)
    value = change.value
    return Finding(
        gate="cost",
        state=state,
        site=change.old.site,
        quantity=_quantity(change.old),
        baseline=change.old.value,
        run=change.new.value,
        change=Estimate(*(math.exp(x) for x in (value, value - change.half, value + change.half))),
        limit=math.exp(change.smallest(len(changes))),
        reason=reason,
    )


def _verdict(change: CostChange, changes: list[CostChange], *, credible: bool) -> tuple[State, str]:
    """Too noisy, unless a change that is not negligible is excluded on either side at 5 % (Schuirmann 1987)."""
    moved = f"it went from {change.old.value:.3g} to {change.new.value:.3g}"
    if credible and abs(change.value) > change.least:
        if change.may_be_a_build(changes):
            arm = change.old.site.arm
            return (
                "too noisy",
                f"{UNSURE}{moved} and no other ratio did, as where one build of {arm} was slow; run again",
            )
        return "regressed", f"{moved}: joint is relatively {'dearer' if change.value > 0 else 'cheaper'} than it was"
    widest = abs(change.value) + change.error * float(special.stdtrit(change.df, 0.95))
    if widest > change.negligible:
        return "too noisy", f"{UNSURE}a change of {math.expm1(widest):.0%} cannot be excluded"
    return "as before", ""
