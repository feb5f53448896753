"""Which prediction the measured ratios follow, width by width, and a sentence on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jointbench.scaling.points import SAME_PARAMETERS, Point, Study

Follows = Literal["fixed costs", "FLOPs", "unclear", "not told apart", "not measured"]
DISTINGUISHABLE = 1.25  # the factor between the predictions from which on a ratio can decide between them

WORK = {"training": "a training step", "request": "a request"}
SIZED = {"separate": "separate networks of the same width", "separate-matched": "separate networks of equal parameters"}


def follows(point: Point) -> Follows:
    """Whether the measured ratio is nearer, in logarithms, to the prediction of the FLOPs or of fixed costs.

    Fixed costs predict a range, from 1 / networks to the ratio of layer calls; the end nearer to the FLOPs' prediction
    counts. "unclear": the interval contains the point halfway between the predictions. "not told apart": the
    predictions nearly agree.
    """
    measured = point.measured
    if measured is None:
        return "not measured"
    flops, fixed = point.flops_ratio, min(max(point.flops_ratio, point.networks_ratio), point.calls_ratio)
    if max(flops / fixed, fixed / flops) < DISTINGUISHABLE:
        return "not told apart"
    halfway = math.sqrt(flops * fixed)
    if measured.low <= halfway <= measured.high:
        return "unclear"
    return "FLOPs" if (measured.value > halfway) == (flops > halfway) else "fixed costs"


@dataclass(frozen=True, kw_only=True)
class Regime:
    """The widths where fixed costs decide and those where FLOPs do, for one series of cells.

    A series has one backend, device, scenario, other arm, depth and batch size.
    fixed_to: up to this width fixed costs decide, for all numbers of outputs; None: nowhere.
    flops_from: from this width up FLOPs decide, for all numbers of outputs; None: nowhere.
    distinguishing_widths: widths with a cell whose predictions differ.
    """

    backend: str
    device: str
    scenario: str
    other: str
    depth: int
    batch_size: int
    distinguishing_widths: tuple[int, ...]
    fixed_to: int | None
    flops_from: int | None
    sentence: str


def regimes(study: Study) -> list[Regime]:
    """The regimes of a study, those at equal parameters first, where the predictions differ most."""
    groups: dict[tuple[str, str, str, str, int, int], list[Point]] = {}
    for point in study.points:
        if point.outputs > 1:
            line = point.line
            key = (point.backend, point.device, line.scenario, point.other, line.depth, line.batch_size)
            groups.setdefault(key, []).append(point)
    unsorted = [_regime(*key, points=points) for key, points in groups.items()]
    return sorted(unsorted, key=lambda regime: regime.other != SAME_PARAMETERS)


def _regime(
    backend: str, device: str, scenario: str, other: str, depth: int, batch_size: int, points: Sequence[Point]
) -> Regime:
    followed = {point: follows(point) for point in points}
    decided = {point: which for point, which in followed.items() if which in ("FLOPs", "fixed costs", "unclear")}
    widths = sorted({point.line.width for point in decided})
    fixed_to, flops_from = None, None
    for width in widths:
        if not all(which == "fixed costs" for point, which in decided.items() if point.line.width == width):
            break
        fixed_to = width
    for width in reversed(widths):
        if not all(which == "FLOPs" for point, which in decided.items() if point.line.width == width):
            break
        flops_from = width
    rows = f"{batch_size:,} row{'s' if batch_size > 1 else ''}"
    layers = f"{depth} layer{'s' if depth > 1 else ''} deep"
    series = f"{backend} on {device}, {WORK[scenario]} of {rows}, {layers}, joint against {SIZED[other]}"
    sentence = f"{series}: {_sentence(list(points), decided, widths, fixed_to, flops_from)}"
    return Regime(
        backend=backend,
        device=device,
        scenario=scenario,
        other=other,
        depth=depth,
        batch_size=batch_size,
        distinguishing_widths=tuple(widths),
        fixed_to=fixed_to,
        flops_from=flops_from,
        sentence=sentence,
    )


def _sentence(
    points: Sequence[Point],
    decided: Mapping[Point, Follows],
    widths: Sequence[int],
    fixed_to: int | None,
    flops_from: int | None,
) -> str:
    """decided: the points whose predictions differ, with what each follows. widths: theirs, ascending."""
    if not widths:
        measured = [point for point in points if point.measured is not None]
        if not measured:
            return f"no answer; {points[0].reason}."
        return f"FLOPs and fixed costs predict alike, so no width separates them: {_costs(measured)}."
    ends = f"{widths[0]} to {widths[-1]}" if len(widths) > 1 else f"{widths[0]}"
    fixed = [point for point in decided if fixed_to is not None and point.line.width <= fixed_to]
    flops = [point for point in decided if flops_from is not None and point.line.width >= flops_from]
    if len(fixed) == len(decided):
        return f"at every width measured ({ends}) fixed costs dominate: {_costs(fixed)}."
    if len(flops) == len(decided):
        return f"at every width measured ({ends}) the ratio follows the FLOPs: {_costs(flops)}."
    parts = []
    if fixed:
        parts.append(f"up to width {fixed_to} fixed costs dominate: {_costs(fixed)}")
    if flops:
        parts.append(f"from width {flops_from} up the ratio follows the FLOPs: {_costs(flops)}")
    if not parts:
        counts = [list(decided.values()).count(which) for which in ("FLOPs", "fixed costs", "unclear")]
        return (
            f"no width separates the two: of {len(decided)} cells at widths {ends}, {counts[0]} follow the FLOPs, "
            f"{counts[1]} the fixed costs, {counts[2]} neither clearly."
        )
    between = len(decided) - len(fixed) - len(flops)
    if between:
        outside = (
            "between them" if fixed and flops else f"above width {fixed_to}" if fixed else f"below width {flops_from}"
        )
        parts.append(f"{outside} it depends on the number of outputs or is unclear")
    return "; ".join(parts) + "."


def _costs(points: Sequence[Point]) -> str:
    """The measured ratios of these points and their predictions, as ranges."""
    measured = [point.measured.value for point in points if point.measured is not None]
    low, high = min(measured), max(measured)
    if high < 0.995:
        effect = f" ({_range(1 / high, 1 / low, 1)} times cheaper)"
    elif low > 1.005:
        effect = f" ({_range(low, high, 1)} times more expensive)"
    else:
        effect = ""
    flops, networks, calls = (
        [getattr(point, ratio) for point in points] for ratio in ("flops_ratio", "networks_ratio", "calls_ratio")
    )
    return (
        f"joint costs {_range(low, high)} of the others' time{effect}, where the FLOPs predict "
        f"{_range(min(flops), max(flops))}, the number of networks {_range(min(networks), max(networks))} "
        f"and the number of layer calls {_range(min(calls), max(calls))}"
    )


def _range(low: float, high: float, digits: int = 2) -> str:
    ends = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
