"""The table of the energy that arms take, and the same in a sentence."""

from __future__ import annotations

from jointbench.comparison.summary.energy import ArmEnergy, CellEnergy
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Table, columns, name, number
from jointbench.stats.estimate import Estimate

SELF = Cell("—", tone="absent")


def energy_table(cell: CellSummary, energy: CellEnergy) -> Table:
    """Joules of each arm's training and requests, and joint's over the other arms'."""
    return Table(
        f"Energy in {cell_name(cell)}, by {show.plain(energy.source)}, idle power included: in a pause it drew "
        f"{show.watts(energy.idle_watts)}. Training by the stock loop, validation left out; requests network after network.",
        columns(
            ("Arm", "Work"),
            (
                ("Batch", "rows of a step or a request"),
                ("Joint / other", "joules of joint over the arm's, with the 95 % interval over blocks"),
                ("One step or request", "of every network of the arm, one after the other"),
                ("Power", "of the device meanwhile"),
                ("In all", "the training to the stop, or 1,000 requests"),
            ),
        ),
        tuple(_row(cell, energy, arm) for arm in energy.arms),
        heads=2,
    )


def _row(cell: CellSummary, energy: CellEnergy, arm: ArmEnergy) -> tuple[Cell, ...]:
    ratio = _ratio(energy, arm)
    return (
        name(arm.arm),
        name(arm.scenario),
        number(arm.batch_size, show.count),
        SELF if ratio is None else Cell(show.ratio(ratio), (ratio.value, ratio.low, ratio.high)),
        number(arm.joules, show.joules),
        number(arm.watts, show.watts),
        number(arm.total_joules, show.joules),
    )


def _ratio(energy: CellEnergy, arm: ArmEnergy) -> Estimate | None:
    """Joint's joules over this arm's; None for joint itself."""
    own = (arm.arm, arm.scenario, arm.batch_size)
    return next((r.ratio for r in energy.ratios if (r.other, r.scenario, r.batch_size) == own), None)


def energy_sentence(cell: CellSummary) -> str:
    """What training and 1,000 requests take, arm by arm; "" where no joules were counted."""
    energy = cell.energy
    if energy is None or not energy.arms:
        return ""
    parts = []
    for work in dict.fromkeys((arm.scenario, arm.batch_size) for arm in energy.arms):
        arms = [arm for arm in energy.arms if (arm.scenario, arm.batch_size) == work]
        what = "training" if work[0] == "training" else f"1,000 requests of {work[1]:,}"
        listed = ", ".join(f"{show.plain(arm.arm)} {show.joules(arm.total_joules)}" for arm in arms)
        parts.append(f"{what}: {listed}")
    return f"Energy ({show.plain(energy.source)}, idle power included): {'; '.join(parts)}."


def energy_lines(summary: Summary) -> list[str]:
    """The sentences, with their places."""
    said = [(cell, sentence) for cell in summary.cells if (sentence := energy_sentence(cell))]
    return [f"{cell_name(cell)}: {sentence}" for cell, sentence in said]
