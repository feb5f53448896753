"""Counted sizes: by hand for a small network, and a sentence that follows them."""

from __future__ import annotations

from dataclasses import replace

from jointbench.explain.parameter_sharing import LayerSize, NetworkSizes, answer

TRUNK = LayerSize("trunk_0", "trunk", 90, 200, 100)
HEADS = (LayerSize("head_0_0", "head of a", 5, 30, 10), LayerSize("head_1_0", "head of b", 5, 30, 10))
SIZES = NetworkSizes((TRUNK, *HEADS), ((TRUNK, HEADS[0]), (TRUNK, replace(HEADS[1], layer="head_0_0"))))


def test_a_large_trunk_is_one_set() -> None:
    shared = answer(SIZES, "d", "torch")
    assert shared.sentence.startswith("One set")
    assert "90 of the joint network's 100 parameters (90.0%)" in shared.sentence
    assert "190 (1.90 times" in shared.sentence
    assert shared.numbers["shared_train_flop_share"] == 200 / 260
    assert shared.numbers["shared_inference_flop_share"] == 100 / 120
    assert shared.numbers["shared_parameters"] == 90
    assert shared.numbers["separate_parameters"] == 190
    assert shared.data == SIZES


def test_large_heads_are_mostly_one_set_each() -> None:
    heads = tuple(replace(head, parameters=500) for head in HEADS)
    mostly_apart = answer(NetworkSizes((TRUNK, *heads), ((TRUNK, heads[0]), (TRUNK, heads[1]))), "d", "torch")
    assert mostly_apart.sentence.startswith("Mostly one for each loss")
    assert "90 of the joint network's 1,090" in mostly_apart.sentence


def test_without_a_trunk_nothing_is_shared() -> None:
    apart = answer(NetworkSizes(HEADS, ((HEADS[0],), (HEADS[1],))), "d", "torch")
    assert apart.sentence.startswith("One for each loss")
    assert "0 of the joint network's 10 parameters" in apart.sentence
