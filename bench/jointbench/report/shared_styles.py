"""One stylesheet for all drawings of a page: what thousands of their elements repeat is written once."""

from __future__ import annotations

import re
from collections.abc import Iterator

MARK = "/* drawings */"  # in page.css, where the shared rules go
_DRAWING = re.compile(r"<svg .*?</svg>", re.DOTALL)
_TAG = re.compile(r"<\w[^<>]*>")  # not text, in which a name may say anything
_STYLE = re.compile(r' style="([^"]*)"')


def share_styles(html: str) -> str:
    """The page with a class in the place of every style that its drawings hold; the rules stand at MARK."""
    classes: dict[str, str] = {}

    def named(style: re.Match[str]) -> str:
        return f' class="{classes.setdefault(style.group(1), f"s{len(classes)}")}"'

    def parts() -> Iterator[str]:
        end = 0
        for drawing in _DRAWING.finditer(html):
            yield html[end : drawing.start()]
            yield _TAG.sub(lambda tag: _STYLE.sub(named, tag.group()), drawing.group())
            end = drawing.end()
        yield html[end:]

    shared = "".join(parts())
    return shared.replace(MARK, "\n".join(f".{name} {{ {style} }}" for style, name in classes.items()), 1)
