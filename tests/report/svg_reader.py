"""What a drawing shows, read back from its SVG: marks, texts, lines and areas with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

Point = tuple[float, float]
INK = "currentColor"


@dataclass(frozen=True)
class Label:
    """A text with the place of its anchor. centred: whether the anchor is its middle, as of a number under an axis."""

    text: str
    x: float
    y: float
    centred: bool


@dataclass(frozen=True)
class Shape:
    """A path: its strokes, each a list of points, with its colours ("none": not drawn) and the opacity of its area."""

    strokes: tuple[tuple[Point, ...], ...]
    fill: str
    stroke: str
    opacity: float

    @property
    def box(self) -> tuple[Point, Point]:
        """Its top left and bottom right corner."""
        xs, ys = zip(*(point for stroke in self.strokes for point in stroke), strict=True)
        return (min(xs), min(ys)), (max(xs), max(ys))

    def holds(self, label: Label) -> bool:
        (left, top), (right, bottom) = self.box
        return left < label.x < right and top < label.y < bottom


def tree(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  # a drawing of our own


def marks(svg: str, colour: str) -> list[Point]:
    """Where the marks of a colour stand, in the order of drawing."""
    return [
        (float(node.get("x", 0)), float(node.get("y", 0)))
        for node in tree(svg).iter("use")
        if f"fill:{colour}" in node.get("style", "")
    ]


def labels(svg: str) -> list[Label]:
    return [
        Label(
            node.text or "",
            float(node.get("x", "nan")),
            float(node.get("y", "nan")),
            "text-anchor:middle" in node.get("style", ""),
        )
        for node in tree(svg).iter("text")
    ]


def texts(svg: str) -> list[str]:
    return [label.text for label in labels(svg)]


def tick(svg: str, *values: str, horizontal: bool = True) -> Label:
    """The label of an axis that reads one of ``values``: of the horizontal axis, or of the vertical one."""
    return next(label for label in labels(svg) if label.text in values and label.centred == horizontal)


def shapes(svg: str) -> list[Shape]:
    """The drawing's paths, without those that marks and ticks repeat."""
    return [_shape(node) for node in tree(svg).iter("path") if "id" not in node.attrib]


def areas(svg: str, colour: str) -> list[Shape]:
    return [shape for shape in shapes(svg) if shape.fill == colour]


def lines(svg: str, colour: str) -> list[Shape]:
    return [shape for shape in shapes(svg) if shape.stroke == colour]


def _shape(node: ElementTree.Element) -> Shape:
    style = dict(item.split(":") for item in node.get("style", "").split(";") if item)
    opacity = float(style.get("opacity", 1)) * float(style.get("fill-opacity", 1))
    return Shape(_strokes(node.get("d", "")), style.get("fill", INK), style.get("stroke", "none"), opacity)


def _strokes(path: str) -> tuple[tuple[Point, ...], ...]:
    """M begins a stroke, l is a step; a path with other commands than these and z is not one of a drawing."""
    strokes: list[list[Point]] = []
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "M":
            strokes.append([(values[0], values[1])])
        elif command == "l":
            x, y = strokes[-1][-1]
            strokes[-1].append((x + values[0], y + values[1]))
        else:
            assert command == "z", path
    return tuple(tuple(stroke) for stroke in strokes)
