"""A page read into a tree of elements; what a browser would have to repair is an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link", "hr", "source"}


@dataclass
class Node:
    """An element of a parsed page: its tag, attributes, and children (elements and texts)."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, tag: str, name: str = "") -> list[Node]:
        return [node for node in self.walk() if node.tag == tag and (not name or name in node.classes)]

    def with_id(self, name: str) -> Node:
        return next(node for node in self.walk() if node.attributes.get("id") == name)


class Tree(HTMLParser):
    """Builds Nodes as a browser would; what is open at a closing tag of another name is an error."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_implied(tag)
        node = Node(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {key: value or "" for key, value in attrs}))

    def _end_implied(self, tag: str) -> None:
        """Ends the cells and rows whose end tags HTML lets out before what comes."""
        closing = {
            "td": ("td", "th"),
            "th": ("td", "th"),
            "tr": ("td", "th", "tr"),
            "/tbody": ("td", "th", "tr"),
            "/tr": ("td", "th"),
        }
        while self.open[-1].tag in closing.get(tag, ()):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        self._end_implied("/" + tag)
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(html: str) -> Node:
    tree = Tree()
    tree.feed(html)
    tree.close()
    assert tree.open == [tree.root], "elements were left open"
    return tree.root
