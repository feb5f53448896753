"""Arms: partitions of a dataset's outputs into networks, and the rules that size those networks.

All later code treats all arms alike: it loops over an arm's groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, get_args

from jointbench.errors import BadInput
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.loss_weighting import weighting_of
from jointbench.networks.own_trunk import OwnTrunk
from jointbench.types import Arm, Checkpoint, Output, Partition, Recipe, Shape, Sizing, Weighting

T = TypeVar("T")


def one_group(outputs: Sequence[Output]) -> Partition:
    """One network for all outputs."""
    return (tuple(output.name for output in outputs),)


def one_per_output(outputs: Sequence[Output]) -> Partition:
    """One network per output."""
    return tuple((output.name,) for output in outputs)


@dataclass(frozen=True)
class Rules:
    """What a named arm is: its partition, and how it is sized and served."""

    partition: Callable[[Sequence[Output]], Partition]
    sizing: Sizing = "same-width"
    reference: Callable[[Sequence[Output]], Partition] = one_group
    checkpoint: Checkpoint = "network"


NAMED: dict[str, Rules] = {
    "joint": Rules(one_group),
    "separate": Rules(one_per_output),
    "separate-matched": Rules(one_per_output, "same-parameters"),
    "joint-wide": Rules(one_group, "same-parameters", one_per_output),
    "joint-checkpointed": Rules(one_group, checkpoint="output"),
}
SEARCHED = "best-grouping"
MOST_SEARCHED = 64  # outputs, of which a screen has at most 256 pairs trained
MOST_UNSCREENED = 24  # outputs, whose 276 pairs are trained where there is no screen
WIDEST = 4096  # multiple of a shape's widths that a sizing rule comes to
DEFAULT_ARMS = ("joint", "separate", "separate-matched")
SIZINGS: dict[str, Sizing] = {"same-width": "same-width", "same-parameters": "same-parameters"}
WEIGHTINGS: dict[str, Weighting] = {name: name for name in get_args(Weighting) if name}


def parse_arms(texts: Sequence[str], outputs: Sequence[Output]) -> tuple[Arm, ...]:
    """The arms from their texts, each once; those with a method that weighs losses, or that serve each output from its own
    epoch, come after those without: a verdict is about the plain joint network wherever there is one, and against a
    plain arm before another.

    Raises BadInput as ``parse_arm`` does, and for a search without a joint network."""
    parsed = [parse_arm(text, outputs) for text in dict.fromkeys(texts)]
    check_search(parsed)
    return tuple(sorted(parsed, key=lambda arm: (arm.checkpoint != "network", arm.weighting != "")))


def recipe_of(arm: Arm, recipe: Recipe, group: Sequence[str]) -> Recipe:
    """How one of the arm's networks is trained. Of a single output neither a method nor a checkpoint of its own makes a
    difference, and the network is the same in every arm."""
    checkpoint = arm.checkpoint if len(group) > 1 else "network"
    return replace(recipe, weighting=weighting_of(arm.weighting, group), checkpoint=checkpoint)


def parse_arm(text: str, outputs: Sequence[Output]) -> Arm:
    """An arm from its text: a name (`joint`), or a partition (`a,c|b`).

    The suffix `@same-parameters` sizes a partition to the joint network's parameter count; a last suffix such as `@uw`
    (``networks.loss_weighting``) is how a network of several outputs weighs their losses. Raises BadInput, one sentence,
    for an unknown suffix, an unknown output, an output in two groups or in none, too many outputs to search, and for a
    method with nothing to weigh.
    """
    body, _, last = text.rpartition("@")
    if not body or last not in WEIGHTINGS:
        return _partition(text, outputs)
    arm = _partition(body, outputs, shown=text)
    if all(len(group) == 1 for group in arm.groups):
        raise BadInput(
            f"--arm {text!r}: {last} weighs the losses of several outputs of one network, and each network of {body} has one"
        )
    return replace(arm, name=text, weighting=WEIGHTINGS[last])


def _partition(text: str, outputs: Sequence[Output], shown: str = "") -> Arm:
    """An arm of fixed loss weights. shown: as the user wrote it, where that is more."""
    if text in NAMED:
        rules = NAMED[text]
        return Arm(text, rules.partition(outputs), rules.sizing, rules.reference(outputs), checkpoint=rules.checkpoint)
    if text == SEARCHED:
        return _searched(outputs, shown)
    shown = shown or text
    body, _, rule = text.rpartition("@") if "@" in text else (text, "", "same-width")
    if rule not in SIZINGS:
        raise BadInput(
            f"--arm {shown!r}: after @ stands a rule of size ({' or '.join(SIZINGS)}) or how losses are weighed "
            f"({', '.join(WEIGHTINGS)}), not {rule!r}"
        )
    known = [output.name for output in outputs]
    groups = tuple(tuple(name.strip() for name in group.split(",")) for group in body.split("|"))
    seen: list[str] = []
    for name in (name for group in groups for name in group):
        if name not in known:
            raise BadInput(
                f"--arm {shown!r}: there is no output {name!r}; the outputs are {', '.join(known)}, "
                f"and the named arms are {', '.join((*NAMED, SEARCHED))}"
            )
        if name in seen:
            raise BadInput(f"--arm {shown!r}: output {name!r} is in two groups; each output goes in exactly one")
        seen.append(name)
    if missing := [name for name in known if name not in seen]:
        raise BadInput(f"--arm {shown!r}: output {missing[0]!r} is in no group; each output goes in exactly one")
    order = {name: i for i, name in enumerate(known)}
    return Arm(
        text, tuple(tuple(sorted(group, key=order.__getitem__)) for group in groups), SIZINGS[rule], (tuple(known),)
    )


def _searched(outputs: Sequence[Output], shown: str) -> Arm:
    if shown:
        raise BadInput(f"--arm {shown!r}: {SEARCHED} is searched with fixed loss weights; leave the method out")
    if len(outputs) > MOST_SEARCHED:
        raise BadInput(
            f"--arm {SEARCHED}: at most {MOST_SEARCHED} outputs are searched for those that should share a network, not "
            f"{len(outputs):,}; leave some out or name a partition"
        )
    return Arm(SEARCHED, one_per_output(outputs), "same-width", one_group(outputs), search=True)


def check_search(arms: Sequence[Arm]) -> None:
    """Raises BadInput for a search beside which no network predicts everything: its budgets are multiples of that one."""
    if any(arm.search for arm in arms) and not any(
        len(arm.groups) == 1 and not arm.search and arm.checkpoint == "network" for arm in arms
    ):
        raise BadInput(f"--arm {SEARCHED}: it is judged against the joint network; add --arm joint")


def scaled(shape: Shape, multiplier: float) -> Shape:
    """The shape with every width multiplied and rounded, at least 1."""

    def widths(base: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(max(1, round(width * multiplier)) for width in base)

    return replace(shape, trunk=widths(shape.trunk), head=widths(shape.head), channels=widths(shape.channels))


def architectures(
    groups: Partition,
    shape: Shape,
    input_shape: tuple[int, ...],
    outputs: Sequence[Output],
    own_trunk: OwnTrunk | None = None,
) -> tuple[Architecture, ...]:
    """One architecture per group, all of one shape."""
    by_name = {output.name: output for output in outputs}
    return tuple(architecture(shape, input_shape, [by_name[name] for name in group], own_trunk) for group in groups)


def parameters(networks: Sequence[Architecture]) -> int:
    """The parameters of all networks together."""
    return sum(network.parameters for network in networks)


def sized(
    arm: Arm,
    base: Shape,
    input_shape: tuple[int, ...],
    outputs: Sequence[Output],
    own_trunk: OwnTrunk | None = None,
) -> Shape:
    """The shape that every network of the arm gets under its sizing rule.

    same-parameters: the arm's parameter count is as near as possible to that of the reference partition at base shape
    (of two equally near, the smaller). The count never falls as the multiplier grows, so bisection finds it.

    Raises BadInput for a user's trunk that grows no larger with its width.
    """
    if arm.sizing == "same-width":
        return base
    target = parameters(architectures(arm.reference, base, input_shape, outputs, own_trunk))

    def total(multiplier: float) -> int:
        return parameters(architectures(arm.groups, scaled(base, multiplier), input_shape, outputs, own_trunk))

    low, high = 0.0, 1.0
    while total(high) < target:
        if high > WIDEST:
            raise BadInput(
                f"trunk: it grows no larger with its width, so arm {arm.name} cannot be sized; "
                f"use the width, or leave {arm.name} out"
            )
        low, high = high, 2 * high
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if total(middle) < target else (low, middle)
    return scaled(base, min((low, high), key=lambda multiplier: abs(total(multiplier) - target)))


def coarseness(arm: Arm) -> tuple[bool, int]:
    """The least of it makes an arm the joint one: the fewest groups, of those that are no matter of a search."""
    return arm.search, len(arm.groups)


def compared(arms: Sequence[T], arm_of: Callable[[T], Arm]) -> tuple[T, ...]:
    """Joint, the arm of the fewest groups, and the first other arm: what a verdict is about."""
    joint = min(arms, key=lambda item: coarseness(arm_of(item)))
    return (joint, *[arm for arm in arms if arm is not joint][:1])
