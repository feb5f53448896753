"""A run against a baseline: which gates can be used, what each found, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jointbench.check.baseline import NO_COST_PROFILE, ArmKey, Baseline
from jointbench.check.cost_ratios import cost_findings
from jointbench.check.counts import exact_findings
from jointbench.check.findings import CheckResult, Finding, Gate
from jointbench.check.from_run import Reading
from jointbench.check.seconds import time_findings
from jointbench.check.skill import quality_findings
from jointbench.errors import BadInput
from jointbench.types import CellKey

NOT_REQUESTED = "the run has no such cell: it was not asked for"


def check(
    reading: Reading,
    baseline: Baseline,
    *,
    only_backends: Sequence[str] = (),
    require_cost: bool = False,
    strict_time: bool = False,
) -> CheckResult:
    """Every quantity of the baseline, compared with the run's.

    Raises BadInput where run and baseline are different kinds of run.
    """
    run = reading.measured
    narrowed = _narrowed(baseline, only_backends)
    _same_kind(run, narrowed)
    disabled: dict[Gate, str] = {}
    if narrowed.origin.profile == NO_COST_PROFILE:
        disabled["cost"] = disabled["time"] = f"profile {NO_COST_PROFILE} takes too few samples to compare times"
    elif narrowed.origin.machine != run.origin.machine:
        disabled["time"] = f"the baseline is of another machine ({_machine(narrowed)}; this is {_machine(run)})"
    findings = [*exact_findings(narrowed, run), *quality_findings(narrowed, run)]
    if "cost" not in disabled:
        findings += cost_findings(narrowed, run, reading.cut_short)
    if "time" not in disabled:
        findings += time_findings(narrowed, run, reading.cut_short)
    if require_cost and not narrowed.ratios:
        raise BadInput(f"--require-cost: {disabled.get('cost', 'the baseline holds no cost ratios')}")
    return CheckResult(
        profile=narrowed.origin.profile,
        commit=narrowed.origin.commit,
        findings=tuple(_with_reason(finding, reading) for finding in findings),
        disabled=disabled,
        advisory=() if strict_time else ("time",),
        require_cost=require_cost,
        notes=_notes(narrowed, run),
    )


def _narrowed(baseline: Baseline, backends: Sequence[str]) -> Baseline:
    """The part of the baseline that these backends make; all of it when none is named."""
    if not backends:
        return baseline
    known = {size.site.backend for size in baseline.sizes}
    for name in backends:
        if name not in known:
            raise BadInput(
                f"--only-backend {name}: the baseline has no such backend; it has {', '.join(sorted(known))}"
            )

    def chosen(site: ArmKey) -> bool:
        return site.backend in backends

    slugs = {size.site.dataset for size in baseline.sizes if chosen(size.site)}
    return replace(
        baseline,
        data=tuple(data for data in baseline.data if data.dataset in slugs),
        sizes=tuple(size for size in baseline.sizes if chosen(size.site)),
        skills=tuple(skill for skill in baseline.skills if chosen(skill.site)),
        ratios=tuple(ratio for ratio in baseline.ratios if chosen(ratio.site)),
        seconds=tuple(time for time in baseline.seconds if chosen(time.site)),
    )


def _same_kind(run: Baseline, baseline: Baseline) -> None:
    for name in ("profile", "engine"):
        now, then = getattr(run.origin, name), getattr(baseline.origin, name)
        if now != then:
            raise BadInput(
                f"the run is of {name} {now} and the baseline of {name} {then}; run again with --{name} {then}"
            )
    before = {data.dataset: data for data in baseline.data}
    for data in run.data:
        for name in ("folds", "repeats", "seed"):
            if data.dataset in before and getattr(data, name) != getattr(before[data.dataset], name):
                now, then = getattr(data, name), getattr(before[data.dataset], name)
                raise BadInput(
                    f"{data.dataset}: the run has {name} {now}, the baseline {then}; run again with --{name} {then}"
                )


def _machine(baseline: Baseline) -> str:
    cpu, cores, threads = baseline.origin.machine
    return f"{cpu}, {cores} cores, {threads if threads is not None else 'unknown'} threads"


def _with_reason(finding: Finding, reading: Reading) -> Finding:
    """The finding with the reason why it did not run, where the run's records have one."""
    if finding.state != "not run" or finding.reason:
        return finding
    site = finding.site
    cell = CellKey.of(site)
    if cell not in reading.reasons:
        return replace(finding, reason=NOT_REQUESTED)
    return replace(
        finding, reason=reading.reasons[cell] or f"the run has no {finding.quantity} of {site.arm or 'this cell'}"
    )


def _notes(baseline: Baseline, run: Baseline) -> tuple[str, ...]:
    """Versions and criteria that differ, noise, and what the run has that the baseline lacks."""
    notes = [
        f"{name} is {run.origin.versions.get(name, 'not there')}, the baseline's was {version}"
        for name, version in sorted(baseline.origin.versions.items())
        if run.origin.versions.get(name) != version
    ]
    if run.rope != baseline.rope:
        notes.append(
            f"the run was asked with --rope {run.rope:g}; its skills are held to the baseline's {baseline.rope:g}"
        )
    disturbed = sum(ratio.disturbed for ratio in run.ratios)
    if disturbed and baseline.ratios:
        notes.append(
            f"other processes disturbed {disturbed} of the run's {len(run.ratios)} cost ratios, which are not judged; "
            "run it again on a quiet machine"
        )
    known = {size.site for size in baseline.sizes}
    backends = {site.backend for site in known}
    new = sorted({size.site for size in run.sizes} - known)
    unknown = [
        f"{site.arm} on {site.dataset}, {site.backend} {site.device}"
        for site in new
        if site.arm and site.backend in backends
    ]
    if unknown:
        notes.append(f"not in the baseline, so not held to anything: {'; '.join(unknown)}")
    return tuple(notes)
