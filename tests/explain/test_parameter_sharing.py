"""Counted sizes: by hand for a small network, and a sentence that follows them."""

from __future__ import annotations

from dataclasses import replace

from jointbench.explain.parameter_sharing import LayerSize, Sizes, answer

TRUNK = LayerSize("trunk_0", "trunk", 90, 200, 100)
HEADS = (LayerSize("head_0_0", "head of a", 5, 30, 10), LayerSize("head_1_0", "head of b", 5, 30, 10))
SIZES = Sizes((TRUNK, *HEADS), ((TRUNK, HEADS[0]), (TRUNK, replace(HEADS[1], layer="head_0_0"))))


def test_a_large_trunk_is_one_set() -> None:
    said = answer(SIZES, "d", "torch")
    assert said.sentence.startswith("One set: 90 of the joint network's 100 parameters (90.0%)")
    assert "2 separate networks have 190 (1.90 times as many)" in said.sentence
    assert (said.numbers["shared_train_flop_share"], said.numbers["shared_inference_flop_share"]) == (
        200 / 260,
        100 / 120,
    )
    totals = {row[:2]: row[2] for row in said.tables[0].rows}
    assert totals["joint", "trunk"] == 90
    assert totals["separate", "all of them"] == 190


def test_large_heads_are_mostly_one_set_each() -> None:
    heads = tuple(replace(head, parameters=500) for head in HEADS)
    said = answer(Sizes((TRUNK, *heads), ((TRUNK, heads[0]), (TRUNK, heads[1]))), "d", "torch")
    assert said.sentence.startswith("Mostly one for each loss: 90 of the joint network's 1,090")


def test_without_a_trunk_nothing_is_shared() -> None:
    said = answer(Sizes(HEADS, ((HEADS[0],), (HEADS[1],))), "d", "torch")
    assert said.sentence.startswith("One for each loss: 0 of the joint network's 10 parameters")
