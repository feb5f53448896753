"""Words for the steps of a history, the same in the terminal, in a comment and on the page."""

from __future__ import annotations

import math
from itertools import pairwise

from jointbench.check.findings import Gate
from jointbench.check.history import KeptRun, Series
from jointbench.check.steps import LEAST_RUNS, HistoryResult, Step
from jointbench.report import format as show

UNITS: dict[Gate, str] = {"exact": "", "quality": "skill", "cost": "joint / other", "time": "time"}


def place(series: Series) -> str:
    """Where the series was measured."""
    site = series.site
    return f"{show.plain(site.dataset)}, {show.plain(site.backend)} on {show.plain(site.device)}"


def subject(series: Series) -> str:
    """What was measured; a cost names its other arm itself."""
    arm = series.site.arm if series.gate != "cost" else ""
    return (f"{show.plain(arm)}, " if arm else "") + show.plain(series.quantity)


def level(gate: Gate, value: float) -> str:
    """A level in its unit."""
    if gate == "exact":
        return show.count(value) if value == round(value) else show.significant(value)
    if gate == "quality":
        return show.fixed(value, 3)
    return show.times(value) if gate == "cost" else show.seconds(value)


def change(step: Step) -> str:
    """How large a step is: of skill the difference, of everything else the part of the level before."""
    if step.series.gate == "quality" or step.before == 0:
        return show.fixed(step.after - step.before, 3, sign=True)
    return show.fixed(100 * (step.after / step.before - 1), 1, sign=True) + " %"


def run_name(run: KeptRun) -> str:
    """When a run was and of which commit."""
    origin = run.measured.origin
    when = origin.when.partition("+")[0].replace("T", " ")
    return f"{show.plain(when)} ({show.plain(origin.commit or 'unknown commit')})"


def kind(result: HistoryResult, step: Step) -> str:
    """Which way a step goes, and whether it fails."""
    way = "worse" if step.worse else "better"
    if not step.new:
        return f"{way}, earlier"
    return f"{way}, new" if result.fails(step) or not step.worse else f"{way}, new (shown only)"


def sentence(step: Step) -> str:
    """One step in words: what, from where to where, since when, and what else changed between the two runs."""
    levels = f"from {level(step.series.gate, step.before)} to {level(step.series.gate, step.after)}"
    return (
        f"{place(step.series)}: {subject(step.series)}: {levels} ({change(step)}) since the run of "
        f"{run_name(step.first)}; the run before was that of {run_name(step.last_before)}{_versions(step)}"
    )


def _versions(step: Step) -> str:
    before, after = (run.measured.origin.versions for run in (step.last_before, step.first))
    changed = [
        f"{name} went from {before.get(name, 'not there')} to {version}"
        for name, version in sorted(after.items())
        if before.get(name) != version
    ]
    return f"; {', '.join(changed)}" if changed else ""


def headline(result: HistoryResult) -> str:
    """The history's outcome in one sentence."""
    if result.left_out:
        return result.left_out
    runs = f"{result.runs} run{'s' if result.runs != 1 else ''}"
    if not result.judged:
        longest = max((len(series.values) for series in result.series), default=0)
        return f"History of {runs}: a step shows in a quantity with {LEAST_RUNS} runs or more, and none has more than {longest}."
    failing = sum(result.fails(step) for step in result.steps)
    other = len(result.steps) - failing
    found = f"{failing} new step{'s' if failing != 1 else ''} for the worse, {other} other{'s' if other != 1 else ''}"
    return f"History of {runs}: {found}, in {result.judged} quantities."


def spread(series: Series) -> float:
    """The standard deviation from run to run, without steps: of logarithms where the unit is a ratio or a time.

    From the differences of runs that follow each other, by their median: a step is one difference.
    """
    if len(series.values) < 2:
        return math.nan
    values = [math.log(v) for v in series.values] if series.gate in ("cost", "time") else list(series.values)
    changes = sorted(abs(after - before) for before, after in pairwise(values))
    return changes[len(changes) // 2] / 0.9539  # the median of the difference of two standard normals
