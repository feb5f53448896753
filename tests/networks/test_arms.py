"""Partitions that users write, and the sizes that keep sharing apart from shrinking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.errors import BadInput
from jointbench.networks.arms import (
    DEFAULT_ARMS,
    NAMED,
    architectures,
    compared,
    parameters,
    parse_arm,
    parse_arms,
    scaled,
    sized,
)
from jointbench.networks.loss_weighting import weighting_notes
from jointbench.types import Arm, Output, Shape

A, B, C = Output("a", "regression"), Output("b", "binary", ("n", "y")), Output("c", "multiclass", ("p", "q", "r"))
OUTPUTS = (A, B, C)
ALL = (("a", "b", "c"),)
EACH = (("a",), ("b",), ("c",))


def test_named_arms_are_the_partitions_they_say() -> None:
    joint, separate, matched, wide = (parse_arm(name, OUTPUTS) for name in (*DEFAULT_ARMS, "joint-wide"))
    assert (joint.groups, joint.sizing) == (ALL, "same-width")
    assert (separate.groups, separate.sizing) == (EACH, "same-width")
    assert (matched.groups, matched.sizing, matched.reference) == (EACH, "same-parameters", ALL)
    assert (wide.groups, wide.sizing, wide.reference) == (ALL, "same-parameters", EACH)
    apart = parse_arm("joint-checkpointed", OUTPUTS)
    assert (apart.groups, apart.sizing, apart.checkpoint, apart.served) == (ALL, "same-width", "output", EACH)
    assert {arm.checkpoint for arm in (joint, separate, matched, wide)} == {"network"}
    assert (joint.served, separate.served) == (ALL, EACH)


def test_arms_are_taken_once_and_those_that_serve_outputs_apart_come_last() -> None:
    arms = parse_arms(["joint-checkpointed", "joint", "a,c|b", "joint"], OUTPUTS)
    assert [arm.name for arm in arms] == ["joint", "a,c|b", "joint-checkpointed"]


@pytest.mark.parametrize("name", NAMED)
def test_arms_keep_the_name_they_were_asked_for_by(name: str) -> None:
    """Tables and `--arm` speak of arms by the words of the user."""
    assert parse_arm(name, OUTPUTS).name == name
    assert parse_arm("a,c|b", OUTPUTS).name == "a,c|b"


@pytest.mark.parametrize("text", ["a,c|b", "c,a|b", " c , a | b ", "a,c|b@same-width"])
def test_a_written_partition_in_any_order_and_spacing(text: str) -> None:
    """Outputs stand in the dataset's order, so that one network has one id however it is written."""
    arm = parse_arm(text, OUTPUTS)
    assert arm.groups == (("a", "c"), ("b",))
    assert arm.sizing == "same-width"


def test_a_written_partition_can_be_matched_to_the_joint_network() -> None:
    arm = parse_arm("a,c|b@same-parameters", OUTPUTS)
    assert (arm.groups, arm.sizing, arm.reference) == ((("a", "c"), ("b",)), "same-parameters", ALL)


@pytest.mark.parametrize(
    ("text", "partition"),
    [
        ("joint@uw", "joint"),
        ("a,c|b@pcgrad", "a,c|b"),
        ("joint-wide@dwa", "joint-wide"),
        ("a,c|b@same-parameters@uw", "a,c|b@same-parameters"),
    ],
)
def test_a_way_of_weighing_losses_is_the_last_suffix(text: str, partition: str) -> None:
    weighted, plain = parse_arm(text, OUTPUTS), parse_arm(partition, OUTPUTS)
    assert weighted == replace(plain, name=text, weighting=text.rpartition("@")[2])


def test_arms_with_a_method_come_after_those_without() -> None:
    """So that the verdict is on the plain joint network, where there is one, and on sharing."""
    arms = parse_arms(["joint@uw", "separate", "joint@dwa", "joint", "separate"], OUTPUTS)
    assert [arm.name for arm in arms] == ["separate", "joint", "joint@uw", "joint@dwa"]
    first, other = compared(arms, lambda arm: arm)
    assert (first.name, other.name) == ("joint", "separate")
    alone = compared(parse_arms(["joint@uw", "separate"], OUTPUTS), lambda arm: arm)
    assert [arm.name for arm in alone] == ["joint@uw", "separate"]


def test_notes_say_what_a_method_is_and_what_verdicts_between_methods_mean() -> None:
    alike = weighting_notes(parse_arms(["joint", "joint@pcgrad", "joint@famo"], OUTPUTS))
    assert "Arm joint@pcgrad: losses weighed by PCGrad" in alike[0]
    assert "back through the shared trunk once for each output" in alike[0]
    assert "goes forward twice" in alike[1]
    assert "“joint” stands for joint" in alike[2]
    assert len(weighting_notes(parse_arms(["joint", "separate", "joint@uw"], OUTPUTS))) == 1
    assert weighting_notes(parse_arms(["joint", "joint-wide"], OUTPUTS)) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("joint@tiny", "not 'tiny'"),
        ("joint@", "uw, dwa, famo, pcgrad, mgda, upgrad"),
        ("separate@uw", "each network of separate has one"),
        ("a|b|c@dwa", "each network of a|b|c has one"),
        ("a,nope|b,c@uw", "'a,nope|b,c@uw': there is no output 'nope'"),
        ("@uw", "--arm '@uw'"),
        ("a,nope|b,c", "'nope'"),
        ("a|b", "'c' is in no group"),
        ("a,b|b,c", "'b' is in two groups"),
        ("a,a,b,c", "'a' is in two groups"),
        ("", "no output ''"),
        ("a,b,c|", "no output ''"),
        ("a,,b,c", "no output ''"),
        ("A,b,c", "no output 'A'"),
        ("separate_matched", "separate-matched"),
        ("a,b,c@tiny", "'tiny'"),
        ("a,b,c@", "same-parameters"),
    ],
)
def test_bad_partitions_are_one_sentence_that_names_the_mistake(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_arm(text, OUTPUTS)
    message = str(caught.value)
    assert says in message
    assert "--arm" in message
    assert "\n" not in message


def test_an_unknown_output_is_answered_with_the_known_ones_and_the_named_arms() -> None:
    with pytest.raises(BadInput, match=r"a, b, c.*joint, separate"):
        parse_arm("jiont", OUTPUTS)


def test_an_output_called_like_a_word_of_the_grammar_still_trains() -> None:
    """Named arms need no parsing of names, so hostile column names work in them."""
    odd = (Output("a,b|c@d", "regression"), Output("joint", "regression"))
    assert parse_arm("separate", odd).groups == (("a,b|c@d",), ("joint",))


@st.composite
def partitions(draw: st.DrawFn) -> tuple[tuple[Output, ...], tuple[tuple[str, ...], ...]]:
    outputs = tuple(
        Output(f"o{i}", "multiclass", tuple(map(str, range(n)))) if n > 1 else Output(f"o{i}", "regression")
        for i, n in enumerate(draw(st.lists(st.integers(1, 6), min_size=1, max_size=5)))
    )
    places = draw(st.lists(st.integers(0, 2), min_size=len(outputs), max_size=len(outputs)))
    groups = (tuple(o.name for o, p in zip(outputs, places, strict=True) if p == place) for place in range(3))
    return outputs, tuple(group for group in groups if group)


@given(partitions())
def test_a_partition_survives_being_written_and_read(
    case: tuple[tuple[Output, ...], tuple[tuple[str, ...], ...]],
) -> None:
    outputs, groups = case
    arm = parse_arm("|".join(",".join(reversed(group)) for group in groups), outputs)
    assert arm.groups == groups
    assert sorted(name for group in arm.groups for name in group) == sorted(output.name for output in outputs)


def count(shape: Shape, features: int, groups: Sequence[Sequence[int]]) -> int:
    """Parameters of table networks written out: sum of (inputs + 1) x units, heads of the given final widths."""
    total = 0
    for group in groups:
        inputs = features
        for width in shape.trunk:
            total += (inputs + 1) * width
            inputs = width
        for units in group:
            fed = inputs
            for width in (*shape.head, units):
                total += (fed + 1) * width
                fed = width
    return total


def reachable(base: Shape) -> list[Shape]:
    """Every shape that one multiplier up to 8 gives: one between each two neighbouring rounding points."""
    edges = sorted({(k + 0.5) / width for width in (*base.trunk, *base.head) for k in range(8 * width)} | {0.0, 8.0})
    shapes = []
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        trunk, head = (tuple(max(1, int(w * middle + 0.5)) for w in part) for part in (base.trunk, base.head))
        shapes.append(Shape(trunk, head))
    return shapes


@settings(max_examples=40, deadline=None)
@given(
    partitions(),
    st.lists(st.integers(1, 24), min_size=1, max_size=2).map(tuple),
    st.lists(st.integers(1, 8), max_size=1).map(tuple),
    st.integers(1, 20),
    st.booleans(),
)
def test_sized_is_nearest_to_its_reference_over_all_multipliers(
    case: tuple[tuple[Output, ...], tuple[tuple[str, ...], ...]],
    trunk: tuple[int, ...],
    head: tuple[int, ...],
    features: int,
    widen: bool,
) -> None:
    """A matched arm that is not the nearest compares sharing with shrinking, the thing it is there to prevent."""
    outputs, groups = case
    units = {output.name: output.units for output in outputs}
    whole = (tuple(units),)
    partition, reference = (whole, groups) if widen else (groups, whole)
    base = Shape(trunk, head)
    shape = sized(Arm("arm", partition, "same-parameters", reference), base, (features,), outputs)
    sizes = [[units[name] for name in group] for group in partition]
    target = count(base, features, [[units[name] for name in group] for group in reference])
    best = min(abs(count(candidate, features, sizes) - target) for candidate in reachable(base))
    assert abs(count(shape, features, sizes) - target) <= best


@given(partitions(), st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple), st.integers(1, 20))
def test_a_matched_arm_is_scaled_by_one_multiplier_and_no_width_vanishes(
    case: tuple[tuple[Output, ...], tuple[tuple[str, ...], ...]], trunk: tuple[int, ...], features: int
) -> None:
    """Some multiplier explains all widths at once: each width w from base b says it lies in [(w-.5)/b, (w+.5)/b]."""
    outputs, groups = case
    arm = Arm("arm", groups, "same-parameters", (tuple(output.name for output in outputs),))
    shape = sized(arm, Shape(trunk), (features,), outputs)
    assert min(shape.trunk) >= 1
    lows = [(width - 0.5) / base if width > 1 else 0.0 for width, base in zip(shape.trunk, trunk, strict=True)]
    highs = [(width + 0.5) / base for width, base in zip(shape.trunk, trunk, strict=True)]
    assert max(lows) <= min(highs) + 1e-9


def test_the_floor_of_one_is_reached_and_kept() -> None:
    """Thirty networks cannot share the parameters of one that has two units: they get one unit each, not none."""
    outputs = [Output(f"o{i}", "regression") for i in range(30)]
    shape = sized(parse_arm("separate-matched", outputs), Shape((2, 2), head=(2,)), (10,), outputs)
    assert shape == Shape((1, 1), head=(1,))


def test_image_networks_are_matched_through_channels_and_trunk_together() -> None:
    outputs = [Output("digit", "multiclass", tuple("0123456789")), Output("colour", "multiclass", tuple("abcdef"))]
    base = Shape((64,), channels=(8, 16))
    matched = parse_arm("separate-matched", outputs)
    shape = sized(matched, base, (28, 28, 3), outputs)
    joint = parameters(architectures(matched.reference, base, (28, 28, 3), outputs))

    def total(shape: Shape) -> int:
        return parameters(architectures(matched.groups, shape, (28, 28, 3), outputs))

    tried = {scaled(base, step / 5000) for step in range(1, 10_000)}
    assert abs(total(shape) - joint) == min(abs(total(candidate) - joint) for candidate in tried)
    assert shape.channels[0] < 8
    assert shape.trunk[0] < 64


def test_same_width_leaves_the_base_shape_alone() -> None:
    base = Shape((64, 32), head=(8,))
    assert sized(parse_arm("separate", OUTPUTS), base, (11,), OUTPUTS) == base


def test_matching_the_reference_itself_changes_nothing() -> None:
    base = Shape((64, 32), head=(8,))
    assert sized(Arm("same", ALL, "same-parameters", ALL), base, (11,), OUTPUTS) == base


def test_joint_wide_is_as_large_as_the_separate_networks() -> None:
    """The other direction: growing beyond the base shape, within half a step of one unit of width."""
    base = Shape((64, 64))
    wide = sized(parse_arm("joint-wide", OUTPUTS), base, (11,), OUTPUTS)
    separate = count(base, 11, [[1], [1], [3]])
    assert wide.trunk[0] > 64
    neighbours = [count(Shape((w, w)), 11, [[1, 1, 3]]) for w in range(wide.trunk[0] - 1, wide.trunk[0] + 2)]
    assert min(neighbours, key=lambda total: abs(total - separate)) == neighbours[1]
