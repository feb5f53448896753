"""Summaries made up from a seed: as small as one dataset, as large as a full run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from jointbench.compare.summary.run import Summary
from jointbench.records import Fit
from made_up import Maker

LARGE = tuple(
    (name, tuple(f"output_{i}" for i in range(count)))
    for name, count in (
        ("wine_quality", 2),
        ("grid_stability", 2),
        ("concrete_slump", 3),
        ("residential_building", 2),
        ("stock_portfolio", 6),
        ("bike_sharing", 2),
        ("solar_flare", 3),
        ("yeast", 14),
        ("abalone", 2),
        ("auto_mpg", 2),
        ("census_income", 2),
        ("hr_attrition", 3),
        ("meat_spectra", 3),
        ("coloured_digits", 2),
    )
)


@pytest.fixture(scope="session")
def maker() -> Callable[..., Maker]:
    return Maker


@pytest.fixture(scope="session")
def large() -> Maker:
    """Fourteen datasets, one of them with fourteen outputs, on two backends with three arms."""
    return Maker(datasets=LARGE)


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


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Node]:
    return parsed


@dataclass
class Report:
    """A rendered page with what it was rendered from."""

    summary: Summary
    fits: list[Fit]
    html: str

    def __post_init__(self) -> None:
        self.root = parsed(self.html)


RECORDS = '{"noun": "Fit"}\n{"noun": "Fold"}\n'


def report_of(made: Maker, epochs: int = 60) -> Report:
    from jointbench.report.page import render

    summary, fits = made.summary(), made.fits(epochs)
    return Report(summary, fits, render(summary, {"Python": "3.11.9", "CPU": "two cores"}, RECORDS, fits))


@pytest.fixture(scope="session")
def report() -> Report:
    """Two datasets; of the two backends that were asked for, TensorFlow is not installed."""
    return report_of(Maker(absent="tensorflow"))


@pytest.fixture(scope="session")
def large_report(large: Maker) -> Report:
    return report_of(large)


@pytest.fixture(scope="session")
def one(maker: Callable[..., Maker]) -> Maker:
    return maker(datasets=(("d", ("a", "b", "c")),), backends=("torch",))
