"""Small drawings of an arm's networks: input, trunk, heads. Boxes hold a layer's width, circles are outputs."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from jointbench.comparison.summary.costs import ArmCost
from jointbench.report import format as show
from jointbench.report.recipe import own_trunk_text

NETWORKS, OUTPUTS = 3, 5  # at most so many of an arm's networks and of a network's outputs are drawn
BOX_WIDTH, BOX_HEIGHT, GAP, OUTPUT_STEP, RADIUS = 30, 18, 12, 16, 5
HEAD_HEIGHT = 13  # of a head's box: less than the step between outputs
_BOX = Markup(
    '<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" '
    'fill="{colour}" fill-opacity=".18" stroke="{colour}"/>'
)
_TEXT = Markup('<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="10" fill="currentColor">{text}</text>')
_LINE = Markup('<path d="M{x1} {y1}L{x2} {y2}" stroke="currentColor" stroke-opacity=".5" fill="none"/>')
_CIRCLE = Markup('<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>')
_SVG = Markup(
    '<svg class="arm" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
    'aria-label="{label}">{body}</svg>'
)


def arm_diagram(cost: ArmCost, features: int, colour: str) -> Markup:
    """The arm's networks below each other; those beyond the first few are counted."""
    body, top, right = [], 2.0, 0.0
    for group in cost.groups[:NETWORKS]:
        drawn, height, width = _network(cost, len(group), features, colour, top)
        body.append(drawn)
        top, right = top + height + 6, max(right, width)
    left_out = len(cost.groups) - NETWORKS
    if left_out > 0:
        text = f"and {left_out} more network{'s' if left_out > 1 else ''} like these"
        body.append(_TEXT.format(x=2, y=top + 10, anchor="start", text=text))
        top, right = top + 16, max(right, 180.0)
    return _SVG.format(width=int(right + 4), height=int(top), label=describe(cost), body=Markup("").join(body))


def describe(cost: ArmCost) -> str:
    """The arm's networks in words."""
    count = len(cost.groups)
    layers = [f"{width}c" for width in cost.channels] + [str(width) for width in cost.trunk]
    dense = f"{'residual ' if cost.residual else ''}trunk {'-'.join(layers)}" if layers else "no trunk"
    trunk = own_trunk_text(cost.own_trunk, cost.trunk) if cost.own_trunk else dense
    heads = f"heads of {'-'.join(map(str, cost.head))}" if cost.head else "one-layer heads"
    shared = ", ".join(str(size) for size in dict.fromkeys(len(group) for group in cost.groups))
    served = f", {cost.served_parameters:,} to serve each output from its own epoch" if cost.served_parameters else ""
    return (
        f"{show.shorten(cost.arm, 40)}: {count} network{'s' if count > 1 else ''} with {shared} "
        f"output{'' if shared == '1' else 's'}{' each' if count > 1 else ''}; {trunk}; {heads}; "
        f"{cost.parameters:,} parameters{served}"
    )


def _network(cost: ArmCost, outputs: int, features: int, colour: str, top: float) -> tuple[Markup, float, float]:
    """One network's drawing, its height and its right edge."""
    drawn_outputs = min(outputs, OUTPUTS)
    extra = OUTPUT_STEP if outputs > OUTPUTS else 0
    height = max(BOX_HEIGHT, drawn_outputs * OUTPUT_STEP + extra)
    middle = top + height / 2
    parts, x = _boxes([str(features)], 2.0, middle, "currentColor")
    layers = [f"{width}c" for width in cost.channels] + [str(width) for width in cost.trunk]
    trunk, end = _boxes(["own"] if cost.own_trunk else layers, x, middle, colour)
    parts.extend(trunk)
    right = end
    for i in range(drawn_outputs):
        level = top + OUTPUT_STEP * (i + 0.5) if outputs > 1 else middle
        parts.append(_LINE.format(x1=end - GAP, y1=middle, x2=end, y2=level))
        heads, right = _boxes([str(width) for width in cost.head], end, level, colour, HEAD_HEIGHT)
        parts.extend(heads)
        parts.append(_CIRCLE.format(x=right + RADIUS, y=level, radius=RADIUS, colour=colour))
    if extra:
        text = f"and {outputs - OUTPUTS} more"
        parts.append(_TEXT.format(x=right + 2 * RADIUS, y=top + height - 4, anchor="end", text=text))
    return Markup("").join(parts), height, right + 2 * RADIUS + 2


def _boxes(
    labels: Sequence[str], x: float, middle: float, colour: str, height: int = BOX_HEIGHT
) -> tuple[list[Markup], float]:
    """Boxes in a row, each with a line to the right; and the x where the last line ends."""
    parts = []
    for label in labels:
        parts.append(_BOX.format(x=x, y=middle - height / 2, width=BOX_WIDTH, height=height, colour=colour))
        parts.append(_TEXT.format(x=x + BOX_WIDTH / 2, y=middle + 3.5, anchor="middle", text=label))
        parts.append(_LINE.format(x1=x + BOX_WIDTH, y1=middle, x2=x + BOX_WIDTH + GAP, y2=middle))
        x += BOX_WIDTH + GAP
    return parts, x
