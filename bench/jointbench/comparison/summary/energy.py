"""The energy of a cell's arms, as in the summary."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.records import Scenario
from jointbench.stats.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class ArmEnergy:
    """Joules of an arm at one kind of work, the device's idle power included.

    joules: of one step of each of its networks, or of one request of ``batch_size`` rows, the median over visits. watts:
    that the device drew meanwhile. total_joules: of its whole training, by the steps really taken, or of 1,000 requests;
    None where its networks failed.
    """

    arm: str
    scenario: Scenario
    batch_size: int
    joules: float
    watts: float
    total_joules: float | None


@dataclass(frozen=True, kw_only=True)
class EnergyRatio:
    """Joules of joint over another arm's: of a step, or of a request. Over so many blocks, paired as times are."""

    other: str
    scenario: Scenario
    batch_size: int
    ratio: Estimate
    blocks: int


@dataclass(frozen=True, kw_only=True)
class CellEnergy:
    """source: the counter, and whose joules it counts. idle_watts: what the device drew in a pause. update_seconds: the
    usual time between two changes of the counter."""

    source: str
    idle_watts: float
    update_seconds: float
    arms: tuple[ArmEnergy, ...]
    ratios: tuple[EnergyRatio, ...]
