"""The drawing surface: one style for all figures, sized in pixels, exported as deterministic SVG text."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing

from jointbench.report.figures.svg import INK, SMALL, inline

WIDTH = 400  # narrow, so that text is still readable at the width of a telephone
BAND = 0.12  # opacity of bands


def _settings() -> Any:  # matplotlib types each key of its settings as a literal, seaborn types them as str
    ink = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), INK
    )
    return {
        **seaborn.axes_style("ticks"),
        **seaborn.plotting_context("paper"),
        **ink,
        "svg.fonttype": "none",
        "path.simplify": False,
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "font.family": ["DejaVu Sans"],
        "font.size": 10,
        "axes.labelsize": 10,
        "axes.titlesize": 10,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "figure.dpi": 72,
        "savefig.dpi": 72,
        "lines.solid_capstyle": "butt",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
    }


@contextmanager
def style() -> Iterator[None]:
    """The style of all figures, for as long as one is drawn."""
    with mpl.rc_context(_settings()), warnings.catch_warnings():
        # The browser draws the text, so a glyph that is missing from matplotlib's font does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        yield


def drawing(height: float, width: float = WIDTH) -> Drawing:
    """An empty drawing of a size in pixels."""
    surface = Drawing(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(surface)
    return surface


def axes(surface: Drawing, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in pixels from the top left corner."""
    across, down = surface.get_size_inches() * 72
    return surface.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def export(surface: Drawing, slug: str, alternative: str) -> str:
    """The drawing as inline SVG; the same drawing gives the same text."""
    with mpl.rc_context({"svg.hashsalt": "jointbench"}):
        buffer = io.StringIO()
        surface.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return inline(buffer.getvalue(), slug, alternative)


def strip_points(ax: Axes, x: list[float], y: list[float], colour: str, size: float = 4, opacity: float = 0.65) -> None:
    """Many small dots as one path of zero-length strokes with round ends, a tenth of the bytes of markers."""
    xs = [value for at in x for value in (at, at, float("nan"))]
    ys = [value for at in y for value in (at, at, float("nan"))]
    ax.plot(xs, ys, color=colour, linewidth=size, solid_capstyle="round", alpha=opacity, zorder=2)


def reference_line(ax: Axes, at: float, horizontal: bool = False) -> None:
    """A line at the value that means no difference, if it lies within the axis. Set the limits before."""
    low, high = sorted(ax.get_ylim() if horizontal else ax.get_xlim())
    if low <= at <= high:
        (ax.axhline if horizontal else ax.axvline)(at, color=INK, linewidth=0.8, alpha=0.6, zorder=1)


def clipped(low: float, high: float, limits: tuple[float, float]) -> tuple[float, float, list[tuple[float, str]]]:
    """An interval cut to the axis, and a (position, marker) arrow head for each end that was cut off."""
    heads = []
    if low < limits[0]:
        heads.append((limits[0], "<"))
    if high > limits[1]:
        heads.append((limits[1], ">"))
    return max(low, limits[0]), min(high, limits[1]), heads
