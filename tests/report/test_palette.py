"""The colours can be seen on the light and the dark page, and tell the arms apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from itertools import product
from typing import Any

import pytest

from jointbench.report import palette as colours

CSS = resources.files("jointbench.report").joinpath("page.css").read_text(encoding="utf-8")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, other: str) -> float:
    light, dark = sorted((luminance(colour), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def variables(scheme: str) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[("light", "dark").index(scheme)]))


@pytest.mark.parametrize(("colour", "scheme"), [*product((*colours.COLOURS, colours.GREY), ("light", "dark"))])
def test_figures_can_be_seen_on_both_papers(colour: str, scheme: str) -> None:
    assert contrast(colour, variables(scheme)["paper"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: str) -> None:
    used = variables(scheme)
    pairs = [(ink, paper) for ink in ("ink", "soft", "link", "caution") for paper in ("paper", "card")]
    pairs += [(v, f"{v}-bg") for v in ("joint", "equivalent", "separate", "caution")]
    pairs += [("unsure", "card"), ("unsure", "paper"), ("separate", "paper")]
    contrasts = {(ink, paper): contrast(used[ink], used[paper]) for ink, paper in pairs}
    assert {pair: value for pair, value in contrasts.items() if value < 4.5} == {}


def test_arms_get_their_style_by_order_and_keep_it(maker: Callable[..., Any]) -> None:
    styles = colours.palette(maker(joint="zebra", others=("ape", "cow")).summary())
    assert [styles.style(name).colour for name in ("zebra", "ape", "cow")] == list(colours.COLOURS[:3])
    assert styles.style("ridge") == colours.Style("ridge", colours.GREY, "X")


def test_more_arms_than_colours_can_still_be_told_apart(maker: Callable[..., Any]) -> None:
    others = tuple(f"arm {i}" for i in range(20))
    styles = colours.palette(maker(others=others, datasets=(("d", ("a", "b")),)).summary())
    assert len({(styles.style(name).colour, styles.style(name).marker) for name in others}) == 20
