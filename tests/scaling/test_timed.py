"""On a machine of known costs the measured ratios are the known ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jointbench.measure.paired_timing import MIN_BLOCKS
from jointbench.scaling.points import SweepLine, predicted
from jointbench.scaling.timed import DISTINCT, time_line

LINES = (
    SweepLine("training", 32, 2, 32),
    SweepLine("training", 128, 1, 8),
    SweepLine("request", 64, 3, 1),
    SweepLine("request", 32, 2, 64),
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("per_call", "per_flop", "which"), [(1e-3, 0.0, "calls_ratio"), (0.0, 1e-9, "flops_ratio")])
def test_measured_is_what_the_machine_charges_for(
    machine: Callable[..., Any], line: SweepLine, per_call: float, per_flop: float, which: str
) -> None:
    """Also where more networks are counted than timed."""
    cells = time_line(machine(per_call, per_flop), line, (1, 2, 3 * DISTINCT), 1e6)
    assert [cell.outputs for cell in cells] == [1, 2, 3 * DISTINCT]
    for cell in cells:
        for point in predicted(line, cell.outputs):
            ratios = cell.block_ratios[point.other]
            assert len(ratios) >= MIN_BLOCKS
            assert ratios == pytest.approx([getattr(point, which)] * len(ratios), rel=1e-4)


def test_seconds_are_of_one_step_of_each_network(machine: Callable[..., Any]) -> None:
    """Eight networks of two layers and a head call 24 layers; joint calls two and eight heads."""
    (cell,) = time_line(machine(1e-3, 0.0), LINES[0], (8,), 1e6)
    assert cell.seconds == pytest.approx({"joint": 10e-3, "separate": 24e-3, "separate-matched": 24e-3})


def test_a_request_really_asks_few_networks(machine: Callable[..., Any]) -> None:
    pretend = machine(1e-3, 0.0)
    time_line(pretend, LINES[2], (32,), 1e6)
    assert pretend.asked == DISTINCT


def test_a_spent_budget_is_said_and_the_first_two_cells_are_timed_all_the_same(machine: Callable[..., Any]) -> None:
    pretend = machine(1e-4, 0.0)
    cells = time_line(pretend, LINES[0], (1, 8, 2, 4), 0.0)
    assert [bool(cell.block_ratios) for cell in cells] == [True, True, False, False]
    assert all("not measured" in cell.reason for cell in cells[2:])
    assert not any(cell.reason for cell in cells[:2])
    assert pretend.open == 0


def test_too_few_blocks_are_no_measurement(machine: Callable[..., Any]) -> None:
    """On a machine so slow that the blocks an interval needs would take minutes."""
    (cell,) = time_line(machine(1.0, 0.0), LINES[0], (8,), 0.0)
    assert cell.block_ratios == {}
    assert "8 are needed" in cell.reason
