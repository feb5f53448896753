"""Writes once what the drawings of a page repeat: styles, and the shapes of ticks and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

STYLES, SHAPES = "/* drawings */", "<!-- shapes -->"  # placeholders in page.css and at the top of the page's body
_DRAWING = re.compile(r"<svg .*?</svg>", re.DOTALL)
_TAG = re.compile(r"<\w[^<>]*>")  # a tag, never text: a user's name may look like an attribute
_STYLE = re.compile(r' style="([^"]*)"')
_DEFINED = re.compile(r'<defs><path id="([^"]*)"([^<>]*)/></defs>')
_COMMON = ' fill="currentColor" font-size="9" stroke-linejoin="round"'  # of every drawing; page.css has them once
_USED = re.compile(r'<use href="#([^"]*)"')


def deduplicate(html: str) -> str:
    """The page with classes instead of styles in its drawings, and one definition of each shape."""
    classes: dict[str, str] = {}
    shapes: dict[str, str] = {}

    def class_of(style: re.Match[str]) -> str:
        return f' class="{classes.setdefault(style.group(1), f"s{len(classes)}")}"'

    def shared_drawing(drawing: str) -> str:
        styled = _TAG.sub(lambda tag: _STYLE.sub(class_of, tag.group()), drawing.replace(_COMMON, "", 1))
        ids = {name: shapes.setdefault(shape, f"g{len(shapes)}") for name, shape in _DEFINED.findall(styled)}
        return _USED.sub(lambda used: f'<use href="#{ids[used.group(1)]}"', _DEFINED.sub("", styled))

    def parts() -> Iterator[str]:
        end = 0
        for drawing in _DRAWING.finditer(html):
            yield html[end : drawing.start()]
            yield shared_drawing(drawing.group())
            end = drawing.end()
        yield html[end:]

    page = "".join(parts())
    rules = "\n".join(f".{name} {{ {style} }}" for style, name in classes.items())
    paths = "".join(f'<path id="{name}"{shape}/>' for shape, name in shapes.items())
    defined = f'<svg class="shapes" aria-hidden="true"><defs>{paths}</defs></svg>'
    return page.replace(STYLES, rules, 1).replace(SHAPES, defined, 1)
