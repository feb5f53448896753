"""Which cells the break-even study measures, in which order: what a short budget leaves out comes last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jointbench.backends.registry import BACKENDS, check_names
from jointbench.errors import BadInput
from jointbench.records import Scenario
from jointbench.scaling.points import SweepLine

LIMITS = {"outputs": 256, "widths": 8_192, "depths": 16, "batches": 65_536, "request-batches": 65_536}
LEAST_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """A study as asked for. Of depths and batch sizes the first is the grid's."""

    backends: tuple[str, ...] = tuple(BACKENDS)
    outputs: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    widths: tuple[int, ...] = (32, 64, 128, 256, 512, 1024)
    depths: tuple[int, ...] = (2, 1, 3)
    batches: tuple[int, ...] = (32, 256)
    request_batches: tuple[int, ...] = (1, 64, 1024)
    budget_seconds: float = 150.0


def numbers(option: str, text: str) -> tuple[int, ...]:
    """Whole numbers from "1,2,4". Raises BadInput, one sentence, for anything else or for a number out of range."""
    try:
        found = tuple(dict.fromkeys(int(word) for word in text.split(",")))
    except ValueError as error:
        raise BadInput(f"--{option} {text!r}: write whole numbers with commas between them, such as 1,2,4") from error
    for number in found:
        if not 1 <= number <= LIMITS[option]:
            raise BadInput(f"--{option} {text!r}: {number} is not between 1 and {LIMITS[option]:,}")
    return found


def check(wanted: SweepConfig) -> SweepConfig:
    """The study as it will run: outputs and widths in order, one output added, whose ratio is the noise floor.

    Raises BadInput for an unknown backend, for a single number of outputs or for a budget that times nothing.
    """
    check_names(list(wanted.backends))
    if not wanted.budget_seconds >= LEAST_SECONDS:
        raise BadInput(f"--budget-seconds {wanted.budget_seconds:g}: at least {LEAST_SECONDS:g} are needed")
    if max(wanted.outputs) == 1:
        raise BadInput("--outputs: with one output there is nothing to share; name a number above 1")
    return SweepConfig(
        backends=tuple(dict.fromkeys(wanted.backends)),
        outputs=tuple(sorted({1, *wanted.outputs})),
        widths=tuple(sorted(wanted.widths)),
        depths=wanted.depths,
        batches=wanted.batches,
        request_batches=wanted.request_batches,
        budget_seconds=wanted.budget_seconds,
    )


def reference_outputs(outputs: Sequence[int]) -> int:
    """The number of outputs that depths and batch sizes are varied at: the middle one of those above 1."""
    shared = [count for count in outputs if count > 1]
    return shared[len(shared) // 2]


def lines(wanted: SweepConfig) -> list[tuple[SweepLine, tuple[int, ...]]]:
    """Lines with the numbers of outputs to measure on each, first the floor and the reference, then ascending.

    First the grid, its narrowest, widest and middle widths before the rest; then other batch sizes and depths, at
    every other width and the reference number of outputs.
    """
    reference = reference_outputs(wanted.outputs)
    counts = tuple(dict.fromkeys((1, reference, *wanted.outputs)))
    depth, step, request = wanted.depths[0], wanted.batches[0], wanted.request_batches[0]
    makers: list[tuple[Callable[[int], SweepLine], Sequence[int], tuple[int, ...]]] = []

    def add(scenario: Scenario, depth: int, batch: int, widths: Sequence[int], counts: tuple[int, ...]) -> None:
        makers.append((lambda width: SweepLine(scenario, width, depth, batch), widths, counts))

    add("training", depth, step, wanted.widths, counts)
    add("request", depth, request, wanted.widths, counts)
    planned = _in_turns(makers)
    makers.clear()
    some = wanted.widths[::2]
    for batch in wanted.batches[1:]:
        add("training", depth, batch, some, (1, reference))
    for batch in wanted.request_batches[1:]:
        add("request", depth, batch, some, (1, reference))
    for other in wanted.depths[1:]:
        add("training", other, step, some, (1, reference))
        add("request", other, request, some, (1, reference))
    return planned + _in_turns(makers)


def _in_turns(
    makers: Sequence[tuple[Callable[[int], SweepLine], Sequence[int], tuple[int, ...]]],
) -> list[tuple[SweepLine, tuple[int, ...]]]:
    longest = max((len(widths) for _, widths, _ in makers), default=0)
    return [
        (make(widths[place]), counts)
        for place in _coarse_first(longest)
        for make, widths, counts in makers
        if place < len(widths)
    ]


def _coarse_first(count: int) -> list[int]:
    """0 .. count - 1 with both ends and the middle first."""
    return list(dict.fromkeys([0, count - 1, count // 2, *range(count)]))[:count] if count else []
