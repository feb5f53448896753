"""Colours: one for each arm, the same everywhere, told apart with any colour vision and on white and on black.

The first four are Okabe and Ito's (2008); every colour has a contrast of at least 3:1 on both page backgrounds, so
one drawing serves the light and the dark page. Markers differ too: colour is never the only sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jointbench.comparison.summary.run import Summary

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d1d", "#7a68c8", "#b3475a", "#5b7f8c")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p")
REFERENCE_MARKERS = ("X", "P", "d", "*")
GREY = "#808080"

VERDICT_SIGNS = {"joint": "▲", "equivalent": "=", "separate": "▼", "open": "?"}
_SIGNS = {"o": "●", "s": "■", "D": "◆", "^": "▲", "v": "▼", "P": "✚", "X": "✖", "p": "⬟", "d": "♦", "*": "★"}


@dataclass(frozen=True)
class Style:
    """How an arm (or reference model) is drawn."""

    name: str
    colour: str
    marker: str

    @property
    def sign(self) -> str:
        """The marker as a letter, for a legend."""
        return _SIGNS[self.marker]


@dataclass(frozen=True)
class Palette:
    """The arms' styles in the order in which the arms appear; whatever is not an arm is a grey cross."""

    styles: Mapping[str, Style]

    def style(self, name: str) -> Style:
        return self.styles.get(name, Style(name, GREY, REFERENCE_MARKERS[0]))


def palette(summary: Summary) -> Palette:
    """A style for every arm in order of appearance; after eight the colours come again with other markers."""
    names: dict[str, None] = {}
    for cell in summary.cells:
        names.update(dict.fromkeys(cost.arm for cost in cell.costs))
    for cell in summary.cells:
        names.update(dict.fromkeys(ratio.other for ratio in cell.ratios))
        names.update(dict.fromkeys(difference.other for difference in cell.differences))
    return Palette(
        {
            name: Style(name, COLOURS[i % len(COLOURS)], MARKERS[(i + i // len(COLOURS)) % len(MARKERS)])
            for i, name in enumerate(names)
        }
    )
