"""Turns matplotlib's SVG into a small one for use inside a page, with unique ids and the page's text colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree

INK = "#010203"  # stands for the colour of the page's text
SMALL = 9  # the default text size of a drawing
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_GEOMETRY = ("x", "y", "width", "height", "transform")
_STYLES = (
    "fill",
    "stroke",
    "stroke-width",
    "stroke-linecap",
    "stroke-opacity",
    "fill-opacity",
    "opacity",
    "text-anchor",
    "stroke-dasharray",
    "stroke-dashoffset",
)
_INHERITED = ("fill:currentColor", f"font-size:{SMALL}px", "stroke-linecap:butt", "stroke-width:1")
_REFERENCE = re.compile(r"#([\w-]+)")


def inline(svg: str, slug: str, alternative: str) -> str:
    """The drawing as an <svg> element: no metadata, namespaces, fonts or clipping (figures draw within their axes).

    Ids start with ``slug``, so that drawings can share a page; currentColor stands for INK.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  # matplotlib wrote it a moment ago; names in it are escaped
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
    references = [name for element in root.iter() for name in _REFERENCE.findall(element.get("href", ""))]
    ids = {name: f"{slug}-{i}" for i, name in enumerate(dict.fromkeys(references))}
    view = root.attrib["viewBox"]
    for element in root.iter():
        element.attrib = _compact(element, ids)
    _prune(root)
    root.attrib = {
        "viewBox": view,
        "role": "img",
        "aria-label": alternative,
        "fill": "currentColor",
        "font-size": str(SMALL),
        "stroke-linejoin": "round",
    }
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _compact(element: ElementTree.Element, ids: dict[str, str]) -> dict[str, str]:
    """The attributes that matter: geometry to a tenth of a pixel, and the styles that are not inherited."""
    attributes = {}
    for key, value in element.attrib.items():
        if key == "id" and value in ids:
            attributes[key] = ids[value]
        elif key == "d":
            attributes[key] = _path(value, 2 if "id" in element.attrib else 1)
        elif key in _GEOMETRY and not value.startswith("rotate(-0 "):
            attributes[key] = _NUMBER.sub(lambda match: _short(float(match.group()), 1), value)
        elif key == "href":
            attributes[key] = _REFERENCE.sub(lambda match: "#" + ids[match.group(1)], value)
        elif key == "style":
            attributes[key] = _style(value)
    if element.tag == "use" and attributes.get("style") == "stroke:currentColor":
        del attributes["style"]  # a tick: the shape that it uses has that stroke already
    return {key: value for key, value in attributes.items() if value}


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-0.", "-.").removesuffix("-0") or "0"


def _path(text: str, digits: int) -> str:
    """A path with relative instead of absolute line steps: fewer characters."""
    parts: list[str] = []
    at = (0.0, 0.0)
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", text):
        values = [round(float(number), digits) for number in numbers.split()]
        if command == "L":
            steps = [values[0] - at[0], values[1] - at[1]]
            parts.append("l" + " ".join(_short(step, digits) for step in steps))
        else:
            parts.append(command + " ".join(_short(value, digits) for value in values))
        if values:
            at = (values[-2], values[-1])
    return "".join(parts).replace(" -", "-")


def _style(text: str) -> str:
    styles = []
    for item in text.replace(INK, "currentColor").split(";"):
        key, _, value = (part.strip() for part in item.partition(":"))
        if key == "font":  # the shorthand "700 10px 'DejaVu Sans', ...": keep weight and size, take the page's family
            weight, size = (re.search(pattern, value) for pattern in (r"\b(bold|[1-9]00)\b", r"[\d.]+px"))
            styles.extend([f"font-weight:{weight.group()}"] if weight and weight.group() != "400" else [])
            styles.extend([f"font-size:{size.group()}"] if size else [])
        elif key in _STYLES or key in ("font-size", "font-weight"):
            styles.append(f"{key}:{value}")
    return ";".join(style for style in styles if style not in _INHERITED)


def _prune(parent: ElementTree.Element) -> None:
    """Removes what draws nothing, and replaces groups without attributes by their children."""
    children: list[ElementTree.Element] = []
    for child in list(parent):
        _prune(child)
        invisible = child.tag == "path" and child.get("style") == "fill:none"
        if (
            child.tag in ("metadata", "style", "clipPath")
            or invisible
            or (child.tag in ("g", "defs") and len(child) == 0)
        ):
            continue
        if child.tag == "g" and not child.attrib:
            children.extend(child)
        else:
            children.append(child)
    parent[:] = children
