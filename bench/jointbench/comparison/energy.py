"""The energy of a cell's arms, from its records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.summary.costs import ArmCost
from jointbench.comparison.summary.energy import ArmEnergy, CellEnergy, EnergyRatio
from jointbench.measure.paired_timing import Paired, log_ratios
from jointbench.records import Energy
from jointbench.stats.time_ratio import time_ratio

REQUESTS = 1000


def cell_energy(cell: BenchmarkCell, joint: str, costs: tuple[ArmCost, ...]) -> CellEnergy | None:
    """None where nothing was measured."""
    if not cell.energies:
        return None
    first = cell.energies[0]
    return CellEnergy(
        source=first.source,
        idle_watts=first.idle_watts,
        update_seconds=max(energy.update_seconds for energy in cell.energies),
        arms=tuple(arm for energy in cell.energies for arm in _arms(energy, costs)),
        ratios=tuple(ratio for energy in cell.energies for ratio in _ratios(energy, joint)),
    )


def _arms(energy: Energy, costs: tuple[ArmCost, ...]) -> Iterator[ArmEnergy]:
    by_arm = {cost.arm: cost for cost in costs}
    for variant in energy.variants:
        visits = energy.visits_of(variant)
        joules = float(np.median(energy.joules[visits]))
        cost = by_arm.get(variant.arm)
        if cost is None:
            continue
        yield ArmEnergy(
            arm=variant.arm,
            scenario=energy.scenario,
            batch_size=energy.batch_size,
            joules=joules,
            watts=float(np.median(energy.joules[visits] / energy.seconds[visits])),
            total_joules=REQUESTS * joules if energy.scenario == "request" else _of_training(joules, cost),
        )


def _of_training(step_joules: float, cost: ArmCost) -> float | None:
    """Of all steps that were taken. step_joules: of a step of each of the arm's networks."""
    return step_joules / len(cost.groups) * cost.steps if cost.steps else None


def _ratios(energy: Energy, joint: str) -> Iterator[EnergyRatio]:
    """Joint over every other arm, with its interval over blocks."""
    samples = Paired(tuple(energy.variants[i] for i in energy.order), energy.joules[:, None], energy.block, energy.load)
    own = next((variant for variant in energy.variants if variant.arm == joint), None)
    if own is None:
        return
    for other in energy.variants:
        if other != own:
            ratios = log_ratios(samples, own, other)
            yield EnergyRatio(
                other=other.arm,
                scenario=energy.scenario,
                batch_size=energy.batch_size,
                ratio=time_ratio(ratios),
                blocks=len(ratios),
            )
