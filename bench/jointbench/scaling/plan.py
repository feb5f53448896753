"""Which cells the break-even study measures, and in which order: a short budget leaves out the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.backends.registry import BACKENDS, check_names
from jointbench.errors import BadInput
from jointbench.records import Scenario
from jointbench.scaling.points import SweepLine

LIMITS = {"outputs": 256, "widths": 8_192, "depths": 16, "batches": 65_536, "request-batches": 65_536}
LEAST_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """What a study sweeps over. The first depth and the first batch sizes are those of the outputs x width grid."""

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
        parsed = tuple(dict.fromkeys(int(word) for word in text.split(",")))
    except ValueError as error:
        raise BadInput(f"--{option} {text!r}: write whole numbers with commas between them, such as 1,2,4") from error
    for number in parsed:
        if not 1 <= number <= LIMITS[option]:
            raise BadInput(f"--{option} {text!r}: {number} is not between 1 and {LIMITS[option]:,}")
    return parsed


def check(config: SweepConfig) -> SweepConfig:
    """The configuration to run: outputs and widths sorted, and one output added, whose ratio is the noise floor.

    Raises BadInput for an unknown backend, where no number of outputs is above 1 or the budget is too short.
    """
    check_names(list(config.backends))
    if not config.budget_seconds >= LEAST_SECONDS:
        raise BadInput(f"--budget-seconds {config.budget_seconds:g}: at least {LEAST_SECONDS:g} are needed")
    if max(config.outputs) == 1:
        raise BadInput("--outputs: with one output there is nothing to share; name a number above 1")
    return SweepConfig(
        backends=tuple(dict.fromkeys(config.backends)),
        outputs=tuple(sorted({1, *config.outputs})),
        widths=tuple(sorted(config.widths)),
        depths=config.depths,
        batches=config.batches,
        request_batches=config.request_batches,
        budget_seconds=config.budget_seconds,
    )


def reference_outputs(outputs: Sequence[int]) -> int:
    """The number of outputs at which depths and batch sizes are varied: the middle one of those above 1."""
    shared = [count for count in outputs if count > 1]
    return shared[len(shared) // 2]


def lines(config: SweepConfig) -> list[tuple[SweepLine, tuple[int, ...]]]:
    """Lines in the order to measure them, each with its numbers of outputs: 1, the reference, then the others.

    The grid comes first, its narrowest, widest and middle widths before the rest. Other batch sizes and depths follow,
    at every second width and the reference number of outputs.
    """
    reference = reference_outputs(config.outputs)
    counts = tuple(dict.fromkeys((1, reference, *config.outputs)))
    depth, step, request = config.depths[0], config.batches[0], config.request_batches[0]
    grid = [
        _Series("training", depth, step, config.widths, counts),
        _Series("request", depth, request, config.widths, counts),
    ]
    widths, few = config.widths[::2], (1, reference)
    others = [
        *(_Series("training", depth, batch, widths, few) for batch in config.batches[1:]),
        *(_Series("request", depth, batch, widths, few) for batch in config.request_batches[1:]),
    ]
    for other in config.depths[1:]:
        others.append(_Series("training", other, step, widths, few))
        others.append(_Series("request", other, request, widths, few))
    return _interleaved(grid) + _interleaved(others)


@dataclass(frozen=True)
class _Series:
    """Lines of one scenario, depth and batch size over several widths. counts: their numbers of outputs."""

    scenario: Scenario
    depth: int
    batch_size: int
    widths: tuple[int, ...]
    counts: tuple[int, ...]

    def line(self, width: int) -> SweepLine:
        return SweepLine(self.scenario, width, self.depth, self.batch_size)


def _interleaved(series: Sequence[_Series]) -> list[tuple[SweepLine, tuple[int, ...]]]:
    """The lines of all series, width by width in coarse-first order."""
    longest = max((len(part.widths) for part in series), default=0)
    return [
        (part.line(part.widths[index]), part.counts)
        for index in _coarse_first(longest)
        for part in series
        if index < len(part.widths)
    ]


def _coarse_first(count: int) -> list[int]:
    """0 .. count - 1 with both ends and the middle first."""
    return list(dict.fromkeys([0, count - 1, count // 2, *range(count)]))[:count] if count else []
