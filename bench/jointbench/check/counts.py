"""Counts that are the same on every machine: any change is a change of the code."""

from __future__ import annotations

from collections.abc import Iterator

from jointbench.check.baseline import ARTIFACT, Baseline
from jointbench.check.findings import Finding
from jointbench.stats.estimate import Estimate

TOLERANCE = {ARTIFACT: 0.01}  # of the value; file formats carry names and versions


def exact_findings(baseline: Baseline, run: Baseline) -> Iterator[Finding]:
    """FLOPs, parameters, networks, compilations and artifact bytes. Larger or smaller: both are named."""
    now = {(size.site, size.quantity): size.value for size in run.sizes}
    for size in baseline.sizes:
        value = now.get((size.site, size.quantity))
        if value is None:
            yield Finding(gate="exact", state="not run", site=size.site, quantity=size.quantity, baseline=size.value)
            continue
        times = value / size.value if size.value else None
        change = None if times is None else Estimate(times, times, times)
        if abs(value - size.value) > TOLERANCE.get(size.quantity, 0) * size.value:
            reason = f"it {'grew' if value > size.value else 'shrank'} from {size.value:,} to {value:,}"
            yield Finding(
                gate="exact",
                state="regressed",
                site=size.site,
                quantity=size.quantity,
                baseline=size.value,
                run=value,
                change=change,
                reason=reason,
            )
        else:
            yield Finding(
                gate="exact",
                state="as before",
                site=size.site,
                quantity=size.quantity,
                baseline=size.value,
                run=value,
                change=change,
            )
