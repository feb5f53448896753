"""The drawing surface: seaborn's style in the page's colours, panels laid out by matplotlib, deterministic SVG text."""

from __future__ import annotations

import gc
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from jointbench.report import format as show
from jointbench.report.figures.svg import INK, SMALL, inline
from jointbench.report.palette import Style

WIDTH = 360  # narrow, so that text is still readable at the width of a telephone
BAND = 0.12  # opacity of bands


def _settings() -> Any:  # matplotlib types each key of its settings as a literal, seaborn types them as str
    ink = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), INK
    )
    sizes = dict.fromkeys(
        ("font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize", "ytick.labelsize"), SMALL
    )
    return {
        **seaborn.axes_style("ticks"),
        **seaborn.plotting_context("paper"),
        **ink,
        **sizes,
        "svg.fonttype": "none",
        "path.simplify": False,
        "text.parse_math": False,
        "font.family": ["DejaVu Sans"],
        "figure.dpi": 72,
        "savefig.dpi": 72,
        "lines.solid_capstyle": "butt",
        "lines.linewidth": 1.4,
        "figure.labelsize": SMALL,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.titlepad": 3,
        "axes.labelpad": 2,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "grid.linewidth": 0.6,
        "grid.alpha": 0.2,
        **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 3),
        **dict.fromkeys(("xtick.major.pad", "ytick.major.pad"), 2),
        **dict.fromkeys(("axes.facecolor", "figure.facecolor", "savefig.facecolor"), "none"),
    }


@contextmanager
def style() -> Iterator[None]:
    """The style of all figures, for as long as one is drawn.

    Cyclic garbage waits meanwhile: with a run's records in memory, looking for it takes a third of the drawing time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with mpl.rc_context(_settings()), warnings.catch_warnings():
            # The browser draws the text, so a glyph that is missing from matplotlib's font does not matter.
            warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
            yield
    finally:
        if collecting:
            gc.enable()


def drawing(
    height: float,
    rows: int = 1,
    columns: int = 1,
    width: float = WIDTH,
    margins: tuple[float, float, float, float] | None = None,
    **options: Any,
) -> tuple[Drawing, list[Axes]]:
    """A drawing of a size in pixels, with panels. options: of ``subplots``.

    margins: left, right, above and below, for figures that a page has many of: to find them takes as long as to draw.
    """
    surface = Drawing(figsize=(width / 72, height / 72), dpi=72, layout=None if margins else "constrained")
    FigureCanvasSVG(surface)
    panels = list(surface.subplots(rows, columns, squeeze=False, **options).flat)
    if margins:
        left, right, above, below = margins
        surface.subplots_adjust(left / width, below / height, 1 - right / width, 1 - above / height)
    for panel in panels:  # before anything is drawn: seaborn asks for the tick labels, and each takes its time
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(MaxNLocator(5))
    return surface, panels


def export(surface: Drawing, slug: str, alternative: str) -> str:
    """The drawing as inline SVG; the same drawing gives the same text."""
    with mpl.rc_context({"svg.hashsalt": "jointbench"}):
        buffer = io.StringIO()
        surface.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return inline(buffer.getvalue(), slug, alternative)


def scatter(frame: pd.DataFrame, x: str, y: str, styles: Sequence[Style], ax: Axes, size: float = 5.5) -> None:
    """Marks in the looks of their arms. As a line's markers, without the line, each shape is written once."""
    frame = frame[np.isfinite(frame[x]) & np.isfinite(frame[y])]
    if len(frame):
        seaborn.lineplot(
            frame,
            x=x,
            y=y,
            hue="arm",
            style="arm",
            linestyle="",
            dashes=False,
            estimator=None,
            sort=False,
            markersize=size,
            markeredgewidth=0,
            zorder=4,
            ax=ax,
            **looks(styles, markers=True),
        )


def levels(styles: Sequence[Style]) -> dict[str, int]:
    """What stands for each name in a frame: a user's names hold what neither seaborn nor Arrow takes."""
    return {mark.name: level for level, mark in enumerate(styles)}


def looks(styles: Sequence[Style], markers: bool = False) -> dict[str, Any]:
    """How seaborn is told what the levels of ``hue``, and with markers those of ``style``, look like."""
    order = list(range(len(styles)))
    hues = {"hue_order": order, "palette": {i: mark.colour for i, mark in enumerate(styles)}, "legend": False}
    return hues | ({"style_order": order, "markers": {i: m.marker for i, m in enumerate(styles)}} if markers else {})


def reference_line(ax: Axes, at: float, horizontal: bool = False) -> None:
    """A line at the value that means no difference, if it lies within the axis. Set the limits before."""
    low, high = sorted(ax.get_ylim() if horizontal else ax.get_xlim())
    if low <= at <= high:
        (ax.axhline if horizontal else ax.axvline)(at, color=INK, linewidth=0.8, alpha=0.6, zorder=1)


def doublings(axis: Axis, low: float, high: float) -> None:
    """Ticks at 1 and at its doublings and halves between two powers of 2, at most seven of them."""
    every = max(1, math.ceil((high - low) / 6))
    powers = [power for power in range(math.ceil(low), math.floor(high) + 1) if power % every == 0]
    fixed_ticks(axis, [2.0**power for power in powers], half_or_double)


def half_or_double(value: float) -> str:
    """A power of 2 as people read it: 2, 0.5, 1/8."""
    return f"{value:g}" if value > 0.1 else f"1/{1 / value:g}"


def decades(axis: Axis, low: float, high: float, most: int = 5) -> None:
    """Three or more ticks on a logarithmic scale between two values: powers of 10, with steps between them if need be."""
    powers = [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [step * power for power in powers for step in steps if low <= step * power <= high]
        if len(ticks) > 2:
            break
    axis.set_major_locator(FixedLocator(ticks[:: math.ceil(len(ticks) / most)]))
    axis.set_minor_locator(NullLocator())


def fixed_ticks(axis: Axis, ticks: Sequence[float], text: Any) -> None:
    """Ticks at these values alone. text: how one is written."""
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


def log2_limits(values: Sequence[float], least: float) -> tuple[float, float]:
    """The powers of 2 between which these ratios and 1 lie, with room around; at least so far on each side."""
    powers = [math.log2(value) for value in values if show.known(value) and value > 0]
    return min([-least, *powers]) - 0.3, max([least, *powers]) + 0.3


def furthest(values: Sequence[float | None], least: float, most: float) -> float:
    """How many doublings the furthest of these ratios is from 1, at least and at most so many."""
    known = [abs(math.log2(value)) for value in values if value is not None and show.known(value) and value > 0]
    return min(max([least, *known]), most)


def text_beside(ax: Axes, text: str, x: float, y: float) -> None:
    """A short text at the upper right of a mark."""
    ax.annotate(text, xy=(x, y), xytext=(4, 2), textcoords="offset points", fontsize=SMALL)


def numbers_beside(ax: Axes, numbers: Sequence[tuple[str, float, float]]) -> None:
    """Numbers of marks, the first ones first; one that would cover another is left out. Set the limits before."""
    taken: list[tuple[float, float]] = []
    for text, x, y in numbers:
        across, down = ax.transData.transform((x, y))
        if all(abs(across - other) > 13 or abs(down - height) > SMALL for other, height in taken):
            taken.append((across, down))
            text_beside(ax, text, x, y)
