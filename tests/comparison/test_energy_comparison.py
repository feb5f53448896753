"""Joules of a training, of 1,000 requests and their ratios, beside what is computed here by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from jointbench.comparison.build import summarise
from jointbench.comparison.criteria import DEFAULT_CRITERIA
from jointbench.comparison.energy import cell_energy
from jointbench.comparison.summary.energy import CellEnergy
from jointbench.comparison.summary.run import CellSummary
from jointbench.records import Energy, Record
from jointbench.report.markdown import markdown_report
from jointbench.report.tables.energy import energy_lines, energy_table
from tiny_run import about, energy, records

ORDER = (0, 1, 1, 0, 1, 0, 0, 1)


def of(joules: Sequence[float], seconds: float = 0.5) -> CellEnergy:
    """Of a cell whose visits took these joules; both arms take 40 steps, all networks together."""
    record = replace(
        energy("training", "stock loop", 32),
        order=ORDER,
        joules=np.array(joules),
        seconds=np.full(len(ORDER), seconds),
        load=np.zeros(2),
    )
    costs = tuple(
        SimpleNamespace(arm=name, groups=(("a",),) * groups, steps=40.0)
        for name, groups in (("joint", 1), ("separate", 2))
    )
    found = cell_energy(cast(Any, SimpleNamespace(energies=(record,))), "joint", cast(Any, costs))
    assert found is not None
    return found


def test_joules_watts_and_the_whole_training() -> None:
    joint, separate = of([1.0, 6.0, 4.0, 2.0, 5.0, 3.0, 4.0, 5.0]).arms
    assert (joint.joules, joint.watts) == (2.5, 5.0)  # medians over the visits: 1, 2, 3, 4 J in half a second each
    assert joint.total_joules == 2.5 * 40
    assert (separate.joules, separate.watts) == (5.0, 10.0)  # of 6, 4, 5, 5 J for a step of each of two networks
    assert separate.total_joules == 5.0 / 2 * 40


def test_ratios_are_paired_by_block() -> None:
    (ratio,) = of([2.0, 4.0, 4.0, 2.0, 40.0, 10.0, 10.0, 40.0]).ratios  # a block at ten times the power: 1/2 and 1/4
    assert (ratio.other, ratio.blocks) == ("separate", 2)
    assert ratio.ratio.value == pytest.approx((0.5 * 0.25) ** 0.5)
    assert ratio.ratio.low < 0.25 and ratio.ratio.high > 0.5, "two blocks say little"


def summary_of(run: Sequence[Record]) -> CellSummary:
    return next(cell for cell in _summary(run).cells if cell.backend == "torch")


def _summary(run: Sequence[Record]) -> Any:
    at = about()
    return summarise(
        run, at.datasets, profile="quick", engine="stacked", command="run", notes=at.notes, criteria=DEFAULT_CRITERIA
    )


def test_it_is_in_the_report() -> None:
    cell = summary_of(records())
    assert cell.energy is not None
    assert cell.energy.idle_watts == 21.5
    by_work = {(arm.arm, arm.scenario): arm for arm in cell.energy.arms}
    joint, request = by_work["joint", "training"], by_work["separate", "request"]
    assert joint.joules == pytest.approx(0.05, rel=0.01)
    assert joint.total_joules == pytest.approx(joint.joules * cell.costs[0].steps)
    assert joint.watts == pytest.approx(50)
    assert request.total_joules == pytest.approx(100, rel=0.01)
    table = energy_table(cell, cell.energy)
    assert "idle power included" in table.caption and "21.5 W" in table.caption
    assert [row[0].text for row in table.rows] == ["joint", "separate"] * 2
    assert [row[1].text for row in table.rows] == ["training"] * 2 + ["request"] * 2
    assert [row[2].text for row in table.rows] == ["32"] * 2 + ["1"] * 2
    assert table.rows[1][3].values[0] == pytest.approx(0.5, rel=0.01)
    (line,) = energy_lines(_summary(records()))
    assert "training: joint" in line and "1,000 requests of 1: joint" in line
    assert "<b>" not in markdown_report(_summary(records()))


def test_nothing_is_said_where_nothing_was_measured() -> None:
    run = [record for record in records() if not isinstance(record, Energy)]
    assert summary_of(run).energy is None
    assert energy_lines(_summary(run)) == []
