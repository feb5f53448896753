"""The drawings of an arm's networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jointbench.report.figures.arm_diagram import arm_diagram, describe
from svg_reader import tree


def test_arm_diagrams_show_trunk_and_heads_and_count_the_rest(maker: Callable[..., Any]) -> None:
    summary = maker(datasets=(("d", tuple("abcdefgh")),), backends=("torch",)).summary()
    joint, separate, _ = summary.cells[0].costs
    drawn = str(arm_diagram(joint, 11, "#0072b2"))
    assert drawn.count("<circle") == 5
    assert "and 3 more" in drawn
    assert [drawn.count(f">{width}<") for width in (11, 64, 16)] == [1, 2, 5]
    assert "8 outputs;" in describe(joint)
    apart = str(arm_diagram(separate, 11, "#0072b2"))
    assert apart.count("<circle") == 3
    assert "and 5 more networks" in apart
    words = describe(separate)
    assert words.startswith("separate: ")
    assert all(fact in words for fact in ("8 networks", "1 output each", "trunk 64-64", "heads of 16"))
    tree(drawn)
    served = describe(replace(joint, checkpoint="output", served_parameters=12345))
    assert served == describe(joint) + ", 12,345 to serve each output from its own epoch"
