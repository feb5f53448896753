"""Absolute seconds, only against a baseline of the same machine."""

from __future__ import annotations

from collections.abc import Iterator

from jointbench.check.baseline import Baseline
from jointbench.check.findings import Finding
from jointbench.stats.estimate import Estimate

SLOWER = 1.25  # a machine's neighbours, clocks and temperature move seconds with nothing changed


def time_findings(baseline: Baseline, run: Baseline) -> Iterator[Finding]:
    """Every time of the baseline; slower than SLOWER times as long is a regression."""
    now = {(time.site, time.quantity): time.seconds for time in run.seconds}
    for old in baseline.seconds:
        seconds = now.get((old.site, old.quantity))
        if seconds is None:
            yield Finding(gate="time", state="not run", site=old.site, quantity=old.quantity, baseline=old.seconds)
            continue
        change = seconds / old.seconds
        fails = change > SLOWER
        reason = f"it takes {change:.2f} times as long as it did" if fails else ""
        yield Finding(
            gate="time",
            state="regressed" if fails else "as before",
            site=old.site,
            quantity=old.quantity,
            baseline=old.seconds,
            run=seconds,
            change=Estimate(change, change, change),
            limit=SLOWER,
            reason=reason,
        )
