"""What a run is held to: everything that the gates compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval, MinLen

from jointbench.stats.correlated_t_test import ROPE
from jointbench.types import InCell, Natural, Positive

BASELINE_SCHEMA_VERSION = 1
ARTIFACT = "artifact bytes"
SkillValue = Annotated[float, Interval(ge=-1e100, le=1)]
PositiveRatio = Annotated[float, Interval(ge=1e-100, le=1e100)]
NO_COST_PROFILE = "smoke"  # too few samples to compare times: a baseline of it holds no ratios and no seconds


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the numbers came from. A machine is the same one when CPU, cores and threads are equal.

    when: the run began, in UTC as ISO 8601 writes it; "" in an older run.
    """

    profile: str
    engine: str
    commit: str
    cpu: str
    cores: str
    threads: Positive | None
    versions: dict[str, str]
    when: str = ""

    @property
    def machine(self) -> tuple[str, str, int | None]:
        return self.cpu, self.cores, self.threads


@dataclass(frozen=True)
class DatasetKey:
    """A dataset as it was used. splits: a digest of all folds; two runs with equal ones are paired fold by fold.
    weights: the options by which rows and classes weigh, "" where all rows weigh the same."""

    dataset: str
    sha256: str
    folds: Positive
    repeats: Positive
    seed: Natural
    splits: str
    weights: str = ""


@dataclass(frozen=True, order=True)
class ArmKey:
    """One arm of a cell; ``arm`` is empty for what the cell's arms share."""

    dataset: str
    backend: str
    device: str
    arm: str = ""

    @classmethod
    def of(cls, member: InCell, arm: str = "") -> ArmKey:
        return cls(member.dataset, member.backend, member.device, arm)


@dataclass(frozen=True)
class Count:
    """A count, of one arm or of all, that is the same on every machine."""

    site: ArmKey
    quantity: str
    value: Natural


@dataclass(frozen=True)
class Skill:
    """Skill of one output on each fold of each repeat, seeds averaged, in the order of (repeat, fold).

    metric: of the error that it is made of; "" in an older baseline, where it was squared errors and log loss.
    """

    site: ArmKey
    output: str
    per_fold: Annotated[tuple[SkillValue, ...], MinLen(1)]
    metric: str = ""


@dataclass(frozen=True, kw_only=True)
class CostRatio:
    """A timed cost of joint over that of the site's arm, and its 95 % interval over blocks.

    floor: how far from 0 the interval of the A/A pair's log ratio reaches, control: how far that log ratio is; None
    where no such pair was timed. load: cores that other processes kept busy meanwhile; disturbed: they were too many.
    steady: its kind of work differs little from run to run (``run_spread``). Older baselines have the floor alone.
    """

    site: ArmKey
    quantity: str
    value: PositiveRatio
    low: PositiveRatio
    high: PositiveRatio
    blocks: Positive
    floor: Annotated[float, Interval(ge=0, le=1e3)] | None
    control: Annotated[float, Interval(ge=0, le=1e3)] | None = None
    load: float = 0.0
    disturbed: bool = False
    steady: bool = False


@dataclass(frozen=True)
class Seconds:
    """An absolute time of one arm: the median, in seconds. disturbed: as of a CostRatio."""

    site: ArmKey
    quantity: str
    seconds: Annotated[float, Interval(ge=0, le=1e9)]
    disturbed: bool = False


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """All that the gates look at. A run is read into one too, so that both sides are the same kind of thing.

    rope: how much skill an output may lose: half the region of practical equivalence that the run was asked with.
    """

    schema_version: int
    origin: Origin
    data: tuple[DatasetKey, ...]
    sizes: Annotated[tuple[Count, ...], MinLen(1)]
    skills: Annotated[tuple[Skill, ...], MinLen(1)]
    ratios: tuple[CostRatio, ...]
    seconds: tuple[Seconds, ...]
    rope: float = ROPE
