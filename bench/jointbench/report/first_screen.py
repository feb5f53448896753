"""The page's first screen: a row for each dataset with a line for each framework, drawn and in numbers.

Marks and bars stand on common axes, in percent of an axis' width: differences from -REACH to REACH regions of practical
equivalence, cost ratios from 0 to MOST_RATIO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.deciding import deciding_difference, difference_of
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Decision, Difference
from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.report import format as show
from jointbench.report.overview import (
    Sentence,
    answer_of,
    cells_of,
    flops_ratio,
    lean_words,
    request_ratio,
    step_ratio,
)

REACH = 5  # regions of equivalence on each side: beyond that how far is of no matter any more
MOST_RATIO = 1.5
EVEN = 100 / MOST_RATIO  # where joint costs what the other arm does


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A difference with its interval; ``beyond``: which ends lie outside the axis. region: of equivalence."""

    value: float
    low: float
    high: float
    region: tuple[float, float]
    beyond: tuple[bool, bool]
    words: str
    interval: str
    exact: float

    @property
    def inside(self) -> bool:
        """Whether the value itself lies on the axis."""
        return 0 <= self.value <= 100


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A cost ratio, joint / other. noise: it could be all of it; beyond: it is longer than the axis. of: which cost."""

    of: str
    length: float
    words: str
    interval: str
    noise: bool
    beyond: bool
    exact: float


@dataclass(frozen=True, kw_only=True)
class OutputLine:
    """One output's difference, and the probability that joint does not lose more than its region."""

    output: str
    mark: Mark | None
    no_loss: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One framework's answer for a dataset. tone: the verdict, or "absent"; words: the verdict or its lean.

    training: FLOPs, else the seconds of a fit. output: the one that decides, whose difference ``mark`` is; outputs: all of them.
    """

    tone: str
    words: str
    output: str
    mark: Mark | None
    training: Bar | None
    request: Bar | None
    sentence: Sentence
    outputs: tuple[OutputLine, ...]
    where: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A dataset's lines."""

    number: int
    slug: str
    lines: tuple[Line, ...]


def first_screen(summary: Summary) -> tuple[Row, ...]:
    """Every dataset against the first other arm, in the order of the summary."""
    criteria = VerdictCriteria(summary.rope, summary.probability, summary.ropes, summary.worth)
    several_devices = len({cell.device for cell in summary.cells}) > 1
    return tuple(
        Row(
            number=number,
            slug=show.plain(dataset.slug),
            lines=tuple(
                _line(cell, dataset, criteria, several_devices=several_devices)
                for cell in cells_of(summary, dataset.slug)
            ),
        )
        for number, dataset in enumerate(summary.datasets, 1)
    )


def _line(cell: CellSummary, dataset: DatasetSummary, criteria: VerdictCriteria, *, several_devices: bool) -> Line:
    where = show.plain(cell.backend) + (f", {show.plain(cell.device)}" if several_devices else "")
    decision = next(iter(cell.decisions), None)
    if decision is None:
        return Line(
            tone="absent",
            words="not run",
            output="",
            mark=None,
            training=None,
            request=None,
            sentence=answer_of(cell),
            outputs=(),
            where=where,
            next_step="",
        )
    deciding = deciding_difference(cell, decision)
    return Line(
        tone=decision.verdict,
        words=lean_words(decision),
        output=show.plain(deciding.output) if deciding else "",
        mark=_mark(deciding, criteria),
        training=_bar(flops_ratio(cell, decision.other) or step_ratio(cell, decision.other)),
        request=_bar(request_ratio(cell, decision.other)),
        sentence=answer_of(cell),
        outputs=_outputs(cell, dataset.outputs, decision.other, criteria),
        where=where,
        next_step=_next_step(cell, decision),
    )


def _next_step(cell: CellSummary, decision: Decision) -> str:
    """What somebody who has to choose now does."""
    other, networks = show.plain(decision.other), {cost.arm: len(cost.groups) for cost in cell.costs}
    choices = {"joint": "one model for all outputs", "separate": f"the models of “{other}”"}
    if networks.get(decision.other) == networks.get(cell.joint):  # they divide the outputs alike, and train otherwise
        choices = {"joint": f"“{show.plain(cell.joint)}”", "separate": f"“{other}”"}
    if decision.verdict == "equivalent":
        return "Take what is simpler to run: neither is better and neither is cheaper."
    if decision.open is None:
        return f"Use {choices['joint' if decision.verdict == 'joint' else 'separate']}."
    if not decision.open.lean:
        return "Nothing can be said yet."
    return f"If you must choose now: {choices[decision.open.lean]}."


def _outputs(
    cell: CellSummary, outputs: Sequence[str], other: str, criteria: VerdictCriteria
) -> tuple[OutputLine, ...]:
    differences = [(output, difference_of(cell, output, other)) for output in outputs]
    return tuple(
        OutputLine(
            output=show.plain(output),
            mark=_mark(difference, criteria),
            no_loss=show.probability(difference.probability_no_loss) if difference else show.NOT_MEASURED,
        )
        for output, difference in differences
    )


def _mark(difference: Difference | None, criteria: VerdictCriteria) -> Mark | None:
    if difference is None or not show.known(difference.difference.value):
        return None
    estimate, rope = difference.difference, criteria.of(difference.output).rope
    reach = REACH * criteria.rope

    def place(value: float) -> float:
        return 50 * (1 + value / reach)

    low, high = (end if show.known(end) else estimate.value for end in (estimate.low, estimate.high))
    words, _, interval = show.difference(estimate).partition(" (")
    return Mark(
        value=place(estimate.value),
        low=_on_axis(place(low)),
        high=_on_axis(place(high)),
        region=(_on_axis(place(-rope)), _on_axis(place(rope))),
        beyond=(place(low) < 0, place(high) > 100),
        words=words,
        interval=interval.removesuffix(")"),
        exact=estimate.value,
    )


def _bar(ratio: Ratio | None) -> Bar | None:
    if ratio is None or not show.known(ratio.ratio.value):
        return None
    length = ratio.ratio.value * EVEN
    noise = not ratio.measured_difference
    words, _, interval = show.ratio(ratio.ratio).partition(" (")
    return Bar(
        of=show.quantity(ratio.quantity),
        length=_on_axis(length),
        words=f"≈ {words}" if noise else words,
        interval=interval.removesuffix(")"),
        noise=noise,
        beyond=length > 100,
        exact=ratio.ratio.value,
    )


def _on_axis(percent: float) -> float:
    return min(max(percent, 0.0), 100.0)
