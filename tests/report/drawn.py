"""What a drawing shows, read back from its SVG."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from jointbench.report.palette import palette


def tree(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  # a drawing of our own


def parts(one: Any) -> tuple[Any, Any, Any, Any]:
    summary = one.summary()
    return summary, summary.cells[0], summary.datasets[0], palette(summary)


def places(svg: str, colour: str) -> list[tuple[float, float]]:
    """Where marks of a colour stand."""
    root = tree(svg)
    return [
        (float(n.get("x", 0)), float(n.get("y", 0))) for n in root.iter("use") if f"fill:{colour}" in n.get("style", "")
    ]
