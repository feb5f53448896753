"""What the drawings of a page repeat, written once: styles, and the shapes of ticks and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

STYLES, SHAPES = "/* drawings */", "<!-- shapes -->"  # where they go: in page.css, and at the top of the page's body
_DRAWING = re.compile(r"<svg .*?</svg>", re.DOTALL)
_TAG = re.compile(r"<\w[^<>]*>")  # not text, in which a name may say anything
_STYLE = re.compile(r' style="([^"]*)"')
_DEFINED = re.compile(r'<defs><path id="([^"]*)"([^<>]*)/></defs>')
_SAME = ' fill="currentColor" font-size="9" stroke-linejoin="round"'  # of every drawing; in page.css
_USED = re.compile(r'<use href="#([^"]*)"')


def deduplicate(html: str) -> str:
    """The page with a class in the place of every style in its drawings, and one definition of every shape in them."""
    classes: dict[str, str] = {}
    shapes: dict[str, str] = {}

    def named(style: re.Match[str]) -> str:
        return f' class="{classes.setdefault(style.group(1), f"s{len(classes)}")}"'

    def drawn(drawing: str) -> str:
        styled = _TAG.sub(lambda tag: _STYLE.sub(named, tag.group()), drawing.replace(_SAME, "", 1))
        ids = {name: shapes.setdefault(shape, f"g{len(shapes)}") for name, shape in _DEFINED.findall(styled)}
        return _USED.sub(lambda used: f'<use href="#{ids[used.group(1)]}"', _DEFINED.sub("", styled))

    def parts() -> Iterator[str]:
        end = 0
        for drawing in _DRAWING.finditer(html):
            yield html[end : drawing.start()]
            yield drawn(drawing.group())
            end = drawing.end()
        yield html[end:]

    shared = "".join(parts())
    rules = "\n".join(f".{name} {{ {style} }}" for style, name in classes.items())
    paths = "".join(f'<path id="{name}"{shape}/>' for shape, name in shapes.items())
    defined = f'<svg class="shapes" aria-hidden="true"><defs>{paths}</defs></svg>'
    return shared.replace(STYLES, rules, 1).replace(SHAPES, defined, 1)
