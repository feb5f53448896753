"""A history of runs: a folder of baselines, one a run, whose quantities are followed from run to run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jointbench.check.baseline import ArmKey, Baseline, DatasetKey
from jointbench.check.baseline_file import baseline_text, read_baseline
from jointbench.check.cost_ratios import doubtful
from jointbench.check.findings import Gate
from jointbench.errors import BadInput
from jointbench.records.whole_file import is_there, reason, write_text
from jointbench.stats.correlated_t_test import ROPE

MOST_RUNS = 365  # that are looked at, the latest ones: a year of nightly runs


@dataclass(frozen=True, eq=False)
class KeptRun:
    """A run of the history. name: of its file."""

    name: str
    measured: Baseline

    @property
    def order(self) -> tuple[str, str]:
        return self.measured.origin.when, self.name


@dataclass(frozen=True, eq=False)
class Series:
    """A quantity over the runs that measured it under the same conditions, in order of time."""

    gate: Gate
    site: ArmKey
    quantity: str
    runs: tuple[KeptRun, ...]
    values: tuple[float, ...]


def keep(folder: Path, measured: Baseline) -> KeptRun:
    """Writes the run into the history, which is made where there is none. A run that it has already stays one run.

    Raises BadInput where it cannot be written.
    """
    kept = KeptRun(_name(measured), measured)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--history {folder}: it cannot be made ({reason(error)}); name a folder") from error
    path = folder / kept.name
    if not is_there(path):
        write_text(path, baseline_text(measured))
    return replace(kept, measured=read_baseline(path))  # rounded as the other runs are


def read_history(folder: Path) -> tuple[KeptRun, ...]:
    """The latest runs, in order of time. Raises BadInput for a file among them that is no baseline."""
    try:
        paths = sorted(folder.glob("*.json"))
    except OSError as error:
        raise BadInput(f"--history {folder}: it cannot be read ({reason(error)})") from error
    # Files are named by their time, so older ones need not be read.
    runs = [KeptRun(path.name, read_baseline(path)) for path in paths[-MOST_RUNS:]]
    return tuple(sorted(runs, key=lambda run: run.order))


def _name(measured: Baseline) -> str:
    """By the run's time, then by all that it measured, whatever verdicts were asked of it."""
    digest = hashlib.sha256(baseline_text(replace(measured, rope=ROPE)).encode()).hexdigest()[:12]
    began = re.sub(r"[^0-9T]", "", measured.origin.when.partition("+")[0])
    return f"{began}-{digest}.json"


def series_of(runs: Sequence[KeptRun], last: KeptRun) -> tuple[Series, ...]:
    """Every quantity of the run ``last``, over the runs up to it that measured the same under the same conditions."""
    found: dict[_Key, list[tuple[KeptRun, float]]] = {key: [] for key, _ in _quantities(last.measured)}
    for run in runs:
        if run.order <= last.order:
            for key, value in _quantities(run.measured):
                if key in found:
                    found[key].append((run, value))
    return tuple(
        Series(key.gate, key.site, key.quantity, tuple(run for run, _ in points), tuple(value for _, value in points))
        for key, points in found.items()
    )


@dataclass(frozen=True)
class _Key:
    """A quantity and what it was measured under: equal keys are one series."""

    gate: Gate
    site: ArmKey
    quantity: str
    conditions: tuple[object, ...]


def _quantities(measured: Baseline) -> Iterator[tuple[_Key, float]]:
    """What the run measured, each under its conditions. Times are of one machine, and ratios too: machines differ in them.

    A ratio that is not to be judged, and a time that was disturbed, are left out.
    """
    origin, data = measured.origin, {key.dataset: key for key in measured.data}
    same = (origin.profile, origin.engine)

    def conditions(site: ArmKey, *more: object) -> tuple[object, ...]:
        return (*same, *_conditions(data.get(site.dataset)), *more)

    for count in measured.sizes:
        yield _Key("exact", count.site, count.quantity, conditions(count.site)), float(count.value)
    for skill in measured.skills:
        key = _Key("quality", skill.site, f"skill of {skill.output}", conditions(skill.site, skill.metric))
        yield key, sum(skill.per_fold) / len(skill.per_fold)
    for ratio in measured.ratios:
        if not doubtful(ratio, "the run"):
            quantity = f"{ratio.quantity}, joint : {ratio.site.arm}"
            yield _Key("cost", ratio.site, quantity, conditions(ratio.site, origin.machine)), ratio.value
    for time in measured.seconds:
        if not time.disturbed:
            yield _Key("time", time.site, time.quantity, conditions(time.site, origin.machine)), time.seconds


def _conditions(data: DatasetKey | None) -> tuple[object, ...]:
    return () if data is None else (data.sha256, data.splits, data.folds, data.repeats, data.seed, data.weights)
