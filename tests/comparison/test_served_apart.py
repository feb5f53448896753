"""An output that loses in the joint network only because all outputs stop at one epoch: the reason says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import jointbench
from jointbench.comparison.summary.decisions import Decision
from jointbench.records import PlannedArm, Record
from planted import Planted, one_each, spread_out

SHAPE = (2, 5, 1)
OUTPUTS = ("a", "b")


def decisions(regained: float, *, cheap: bool = False) -> dict[str, Decision]:
    """By the other arm. Joint loses 0.1 on "a", of which its own best epoch regains so much; on "b" nothing differs.
    cheap: it is trained for less than separate is."""
    noise = spread_out(0.002, SHAPE)
    base = np.full((2, *SHAPE), 0.5)
    lost = np.stack([noise - 0.1, noise])
    planted = Planted(
        skill={
            "joint": base + lost,
            "separate": base,
            "apart": base + lost + np.array([regained, 0]).reshape(2, 1, 1, 1),
        },
        groups={"joint": (OUTPUTS,), "separate": one_each(OUTPUTS), "apart": (OUTPUTS,)},
        flops={"joint": 500, "separate": 1000, "apart": 500 if cheap else 1000},
    )
    records = [_checkpointed(record) for record in planted.records()]
    return {c.other: c.decision for c in jointbench.compare_arms(records).comparisons}


def _checkpointed(record: Record) -> Record:
    if isinstance(record, PlannedArm) and record.arm.name == "apart":
        return replace(record, arm=replace(record.arm, checkpoint="output"), served_parameters=200)
    return record


def test_joint_is_compared_with_separate_and_with_each_output_s_own_epoch() -> None:
    by_arm = decisions(0.07)
    assert list(by_arm) == ["separate", "apart"]
    assert by_arm["separate"].reason.startswith("sharing costs a 0.100 skill")
    assert by_arm["apart"].reason.startswith("one best epoch for all outputs costs a 0.070 skill")


def test_what_its_own_best_epoch_leaves_of_a_loss_is_said_with_its_interval() -> None:
    reason = decisions(0.07)["separate"].reason
    assert "Served from its own best epoch (apart), a is -0.030 skill against separate (-0.03" in reason
    assert decisions(0.07)["separate"].between is None


def test_where_nothing_is_lost_any_more_and_it_is_cheaper_it_is_what_is_recommended() -> None:
    decision = decisions(0.1, cheap=True)["separate"]
    assert decision.between == "apart"
    assert "Between the two, apart against separate: 50 % fewer training FLOPs" in decision.reason
