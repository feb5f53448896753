"""A run against a baseline: which gates can be used, what each found, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jointbench.check.baseline import NO_COST_PROFILE, Baseline, CellKey
from jointbench.check.cost_ratios import cost_findings
from jointbench.check.counts import exact_findings
from jointbench.check.findings import CheckResult, Finding, Gate
from jointbench.check.from_run import Reading
from jointbench.check.seconds import time_findings
from jointbench.check.skill import quality_findings
from jointbench.errors import BadInput
from jointbench.stats.correlated_t_test import ROPE

NEVER_ASKED = "the run has no such cell: it was not asked for"


def check(
    reading: Reading,
    baseline: Baseline,
    *,
    only_backends: Sequence[str] = (),
    require_cost: bool = False,
    strict_time: bool = False,
    rope: float = ROPE,
) -> CheckResult:
    """Every quantity of the baseline, compared. Raises BadInput where run and baseline are different kinds of run."""
    run = reading.measured
    held = _narrowed(baseline, only_backends)
    _same_kind(run, held)
    off: dict[Gate, str] = {}
    if held.origin.profile == NO_COST_PROFILE:
        off["cost"] = off["time"] = f"profile {NO_COST_PROFILE} takes too few samples to compare times"
    elif held.origin.machine != run.origin.machine:
        off["time"] = f"the baseline is of another machine ({_machine(held)}; this is {_machine(run)})"
    found = [*exact_findings(held, run), *quality_findings(held, run, rope)]
    if "cost" not in off:
        found += cost_findings(held, run)
    if "time" not in off:
        found += time_findings(held, run)
    if require_cost and not held.ratios:
        raise BadInput(f"--require-cost: {off.get('cost', 'the baseline holds no cost ratios')}")
    return CheckResult(
        profile=held.origin.profile,
        commit=held.origin.commit,
        findings=tuple(_with_reason(one, reading) for one in found),
        disabled=off,
        advisory=() if strict_time else ("time",),
        require_cost=require_cost,
        notes=_notes(held, run),
    )


def _narrowed(baseline: Baseline, backends: Sequence[str]) -> Baseline:
    """The part of the baseline that these backends make; all of it when none is named."""
    if not backends:
        return baseline
    there = {size.site.backend for size in baseline.sizes}
    for name in backends:
        if name not in there:
            raise BadInput(
                f"--only-backend {name}: the baseline has no such backend; it has {', '.join(sorted(there))}"
            )

    def kept(site: CellKey) -> bool:
        return site.backend in backends

    slugs = {size.site.dataset for size in baseline.sizes if kept(size.site)}
    return replace(
        baseline,
        data=tuple(data for data in baseline.data if data.dataset in slugs),
        sizes=tuple(one for one in baseline.sizes if kept(one.site)),
        skills=tuple(one for one in baseline.skills if kept(one.site)),
        ratios=tuple(one for one in baseline.ratios if kept(one.site)),
        seconds=tuple(one for one in baseline.seconds if kept(one.site)),
    )


def _same_kind(run: Baseline, baseline: Baseline) -> None:
    for name in ("profile", "engine"):
        ours, theirs = getattr(run.origin, name), getattr(baseline.origin, name)
        if ours != theirs:
            raise BadInput(
                f"the run is of {name} {ours} and the baseline of {name} {theirs}; run again with --{name} {theirs}"
            )
    before = {data.dataset: data for data in baseline.data}
    for data in run.data:
        for name in ("folds", "repeats", "seed"):
            if data.dataset in before and getattr(data, name) != getattr(before[data.dataset], name):
                ours, theirs = getattr(data, name), getattr(before[data.dataset], name)
                raise BadInput(
                    f"{data.dataset}: the run has {name} {ours}, the baseline {theirs}; run again with --{name} {theirs}"
                )


def _machine(baseline: Baseline) -> str:
    cpu, cores, threads = baseline.origin.machine
    return f"{cpu}, {cores} cores, {threads if threads is not None else 'unknown'} threads"


def _with_reason(finding: Finding, reading: Reading) -> Finding:
    """Says why it did not run, as far as the run's own records do."""
    if finding.state != "not run" or finding.reason:
        return finding
    site = finding.site
    key = (site.dataset, site.backend, site.device)
    if key not in reading.reasons:
        return replace(finding, reason=NEVER_ASKED)
    return replace(
        finding, reason=reading.reasons[key] or f"the run has no {finding.quantity} of {site.arm or 'this cell'}"
    )


def _notes(baseline: Baseline, run: Baseline) -> tuple[str, ...]:
    """Versions that differ, and what the run has that the baseline does not hold."""
    notes = [
        f"{name} is {run.origin.versions.get(name, 'not there')}, the baseline's was {version}"
        for name, version in sorted(baseline.origin.versions.items())
        if run.origin.versions.get(name) != version
    ]
    known = {size.site for size in baseline.sizes}
    backends = {site.backend for site in known}
    new = sorted({size.site for size in run.sizes} - known)
    unheld = [
        f"{site.arm} on {site.dataset}, {site.backend} {site.device}"
        for site in new
        if site.arm and site.backend in backends
    ]
    if unheld:
        notes.append(f"not in the baseline, so not held to anything: {'; '.join(unheld)}")
    return tuple(notes)
