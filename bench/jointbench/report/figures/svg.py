"""Turns matplotlib's SVG into one that can stand inside a page: small, with ids of its own and the page's ink."""

from __future__ import annotations

import re
from xml.etree import ElementTree

INK = "#010203"  # drawn in this colour, shown in the colour of the page's text
_NUMBER = re.compile(r"-?\d*\.\d{2,}(?:e-?\d+)?")
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "points", "cx", "cy", "r", "viewBox")
_DROPPED_STYLES = ("font-family", "font-style", "font-variant", "font-stretch", "stroke-miterlimit")
_REFERENCE = re.compile(r"#([\w-]+)")


def inline(svg: str, slug: str, alternative: str) -> str:
    """The drawing as an <svg> element: no metadata, namespaces or fonts; ids start with ``slug``; currentColor for INK."""
    root = ElementTree.fromstring(svg)  # noqa: S314  # matplotlib wrote it a moment ago; names in it are escaped
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(key): value for key, value in element.attrib.items() if key != "id" or value}
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
    _drop(root, "metadata")
    wanted = {name for element in root.iter() for value in _references(element) for name in _REFERENCE.findall(value)}
    for element in root.iter():
        _compact(element, wanted, slug)
    _flatten(root)
    size = {key: root.attrib[key] for key in ("viewBox",)}
    root.attrib = {**size, "role": "img", "aria-label": alternative}
    return ElementTree.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _references(element: ElementTree.Element) -> list[str]:
    return [element.get(key, "") for key in ("href", "clip-path", "style")]


def _drop(parent: ElementTree.Element, tag: str) -> None:
    for child in list(parent):
        if child.tag == tag:
            parent.remove(child)
        else:
            _drop(child, tag)


def _compact(element: ElementTree.Element, wanted: set[str], slug: str) -> None:
    """Rounds geometry, shortens styles, drops ids that nothing points to and gives the others the figure's own."""
    made = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value in wanted:
                made[key] = f"{slug}-{value}"
        elif key in _GEOMETRY:
            made[key] = " ".join(_NUMBER.sub(_rounded, value).split())
        elif key == "style":
            made[key] = _style(value)
        elif key in ("href", "clip-path"):
            made[key] = value.replace("#", f"#{slug}-")
        elif key not in ("version", "xmlns", "type"):
            made[key] = value
    made["transform"] = made.get("transform", "").replace("rotate(-0 ", "rotate(0 ")
    if not made["transform"] or made["transform"].startswith("rotate(0 "):
        del made["transform"]
    element.attrib = {key: value for key, value in made.items() if value}


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match.group()):.2f}".rstrip("0").rstrip(".").replace("-0.", "-.").removesuffix("-0") or "0"


def _style(text: str) -> str:
    kept = []
    for item in text.split(";"):
        key, _, value = (part.strip() for part in item.partition(":"))
        if key == "font":  # the shorthand "10px 'DejaVu Sans', ...": keep weight and size, take the page's family
            weight, size = (re.search(pattern, value) for pattern in (r"\b(bold|[1-9]00)\b", r"[\d.]+px"))
            kept.extend([f"font-weight:{weight.group()}"] if weight else [])
            kept.extend([f"font-size:{size.group()}"] if size else [])
        elif key and key not in _DROPPED_STYLES:
            kept.append(f"{key}:{value}")
    return ";".join(kept).replace(INK, "currentColor")


def _flatten(parent: ElementTree.Element) -> None:
    """Removes groups that say nothing: empty ones go, bare ones give their children to their parent."""
    children: list[ElementTree.Element] = []
    for child in list(parent):
        _flatten(child)
        if child.tag in ("g", "defs") and len(child) == 0:
            continue
        if child.tag == "g" and not child.attrib:
            children.extend(child)
        else:
            children.append(child)
    parent[:] = children
