"""A planned arm's networks by run."""

from __future__ import annotations

from dataclasses import replace

import tiny_run
from jointbench.records import PlannedArm
from jointbench.types import Arm

PLANNED = next(record for record in tiny_run.records() if isinstance(record, PlannedArm))
ARM = Arm("pairs", (("a", "b"), ("c",)))


def test_a_run_has_one_network_for_each_group_in_the_order_of_the_groups() -> None:
    planned = replace(PLANNED, arm=ARM, network_ids=("ab in fold 0", "c in fold 0", "ab in fold 1", "c in fold 1"))
    assert planned.runs == (("ab in fold 0", "c in fold 0"), ("ab in fold 1", "c in fold 1"))


def test_an_arm_of_one_group_has_a_network_a_run() -> None:
    planned = replace(PLANNED, arm=Arm("joint", (("a", "b", "c"),)), network_ids=("fold 0", "fold 1"))
    assert planned.runs == (("fold 0",), ("fold 1",))
