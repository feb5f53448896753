"""What a run would train and time, and about how long it would take, in lines for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jointbench.report.duration import spoken
from jointbench.study.config import StudyConfig
from jointbench.study.estimate import Estimate
from jointbench.study.plan import Experiment

START_SECONDS = 2.0  # of the command itself: its imports, tables and plans
BELOW, ABOVE = 0.7, 1.4  # times the estimate: what most runs take on a machine that does nothing else


def forecast_lines(
    experiments: Sequence[Experiment], config: StudyConfig, expected: Estimate, families: Sequence[str] = ()
) -> list[str]:
    """What would be trained and timed, and about how long it would take. families: of estimators, whose fits nobody
    can foresee."""
    places = " and ".join(f"{backend} on {device}" for backend in config.backends for device in config.devices)
    designs: dict[str, list[str]] = {}
    for experiment in experiments:
        count = expected.networks[experiment.dataset.slug]
        designs.setdefault(_design(experiment), []).append(f"{experiment.dataset.slug} {count:,} networks")
    lines = [f"{design}, on {places}: {', '.join(counts)}." for design, counts in designs.items()]
    more = f", then up to {config.rounds - 1} rounds of what stays open" if config.rounds > 1 else ""
    lines.append(
        f"In all: {sum(expected.networks.values()):,} networks{more}; {expected.references:,} reference models; "
        f"{_counted(expected.cells, 'timing')} (of a dataset on a framework, a device and a number of threads)."
    )
    if families:
        fits = sum(len(e.splits) * e.seeds * (1 + len(e.dataset.outputs)) for e in experiments)
        lines.append(f"Then {', '.join(families)}: {_counted(fits, 'fit')} each, which are not in the time below.")
    lines.append("Expected: " + ", ".join(f"{phase.name} {spoken(phase.seconds)}" for phase in expected.phases) + ".")
    seconds = START_SECONDS + expected.seconds
    lines.append(
        f"About {spoken(seconds)} on this machine as it is now (most runs: {spoken(BELOW * seconds)} to "
        f"{spoken(ABOVE * seconds)}){_longest(expected)}. Nothing was trained or written."
    )
    return lines


def _design(experiment: Experiment) -> str:
    repeats = 1 + max(split.repeat for split in experiment.splits)
    counts = (len(experiment.splits) // repeats, "fold"), (repeats, "repeat"), (experiment.seeds, "seed")
    arms = ", ".join(arm.name for arm in experiment.arms)
    return f"{arms}; {' x '.join(_counted(*count) for count in counts)}"


def _longest(expected: Estimate) -> str:
    if math.isinf(expected.most):
        return "; without a limit while a verdict is open and can be decided"
    if expected.most <= expected.seconds:
        return ""
    return f"; up to {spoken(START_SECONDS + expected.most)} while a verdict is open and can be decided"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
