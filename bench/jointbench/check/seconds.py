"""Absolute seconds, only against a baseline of the same machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jointbench.check.baseline import ArmKey, Baseline, Seconds
from jointbench.check.findings import Finding, State
from jointbench.stats.estimate import Estimate

SLOWER = 1.25  # a machine's neighbours, clocks and temperature move seconds with nothing changed


def time_findings(
    baseline: Baseline, run: Baseline, cut_short: Mapping[tuple[ArmKey, str], str] | None = None
) -> Iterator[Finding]:
    """Every time of the baseline; slower than SLOWER times as long is a regression, unless one was disturbed.

    cut_short: as of ``cost_findings``.
    """
    now = {(time.site, time.quantity): time for time in run.seconds}
    for old in baseline.seconds:
        new = now.get((old.site, old.quantity))
        if new is not None:
            yield _finding(old, new)
            continue
        reason = (cut_short or {}).get((old.site, old.quantity), "")
        yield Finding(
            gate="time",
            state="too noisy" if reason else "not run",
            site=old.site,
            quantity=old.quantity,
            baseline=old.seconds,
            reason=f"too noisy to say: {reason}" if reason else "",
        )


def _finding(old: Seconds, new: Seconds) -> Finding:
    change = new.seconds / old.seconds
    state: State = "as before"
    reason = ""
    if change > SLOWER:
        reason = f"it takes {change:.2f} times as long as it did"
        state = "regressed"
        if old.disturbed or new.disturbed:
            state = "too noisy"
            reason += f", and other processes disturbed {'the run' if new.disturbed else 'the baseline'}"
    return Finding(
        gate="time",
        state=state,
        site=old.site,
        quantity=old.quantity,
        baseline=old.seconds,
        run=new.seconds,
        change=Estimate(change, change, change),
        limit=SLOWER,
        reason=reason,
    )
