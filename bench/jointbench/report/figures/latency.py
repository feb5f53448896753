"""Request latency against batch size, a line for each arm."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
import seaborn
from matplotlib.ticker import FuncFormatter

from jointbench.comparison.summary.costs import ArmCost, Latency
from jointbench.comparison.summary.run import CellSummary
from jointbench.records import COPIES, CUDA_GRAPH, FUSED, SEQUENTIAL, SINGLE_OUTPUT
from jointbench.report import format as show
from jointbench.report.figures.canvas import decades, drawing, export, fixed_ticks, looks, scatter, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.palette import Palette
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.serving import latency_table

HEIGHT = 220
Dashes = dict[str, str | tuple[float, float]]  # of the lines, by execution mode
ON_THE_CPU: Dashes = {SEQUENTIAL: "", FUSED: (1, 1.5), SINGLE_OUTPUT: (4, 2)}
ON_A_DEVICE: Dashes = {SEQUENTIAL: "", CUDA_GRAPH: (4, 2), COPIES: (1, 1.5)}
SENTENCE = (
    "Lower is faster: the median time of one request; a thin line upwards ends at the 90th "
    "percentile, where enough requests were timed to know it. Solid: the arm's networks called one after the other; "
)
WAYS = "dotted: fused into one program; dashed: only the first output is asked for (one of N). On all cores."
DEVICE_WAYS = (
    "dashed: the same, captured as one CUDA graph; dotted: no network, only the copies to the device and back that are "
    "part of both."
)


def latency_figure(cell: CellSummary, colours: Palette, slug: str) -> Figure:
    """The latency figure of one dataset on one backend and device."""
    dashes = dashes_of(cell)
    phrases = [
        f"{show.shorten(cost.arm, 30)} {path} at batch {latency.batch_size} {show.seconds(latency.median_seconds)}"
        for cost in cell.costs
        for path in dashes
        for latency in latencies_of(cell, cost, path)
    ]
    alternative = f"Median request latency in {cell_name(cell)}: {spoken(phrases)}"
    legend = tuple(colours.style(cost.arm) for cost in cell.costs if cost.latency)
    return Figure(
        slug=slug,
        title="Latency against batch size",
        sentence=SENTENCE + (WAYS if dashes == ON_THE_CPU else " ".join((DEVICE_WAYS, *copy_sentence(cell)))),
        alternative=alternative,
        svg=_draw(cell, colours, slug, alternative),
        table=latency_table(cell),
        legend=legend,
    )


def dashes_of(cell: CellSummary) -> Dashes:
    """The execution modes that are drawn: where requests are copied to a device, those that say what the copies are."""
    copied = any(latency.copy_seconds is not None for cost in cell.costs for latency in cost.latency)
    return ON_A_DEVICE if copied else ON_THE_CPU


def copy_sentence(cell: CellSummary) -> Iterator[str]:
    """What of the first arm's requests is copies, of the fewest rows and of the most."""
    for cost in cell.costs:
        known = [latency for latency in latencies_of(cell, cost, SEQUENTIAL) if latency.copy_seconds is not None]
        if known:
            parts = [
                f"of {show.seconds(latency.median_seconds)} at batch {show.count(latency.batch_size)}, "
                f"{show.seconds(latency.copy_seconds)} are copies"
                for latency in dict.fromkeys((known[0], known[-1]))
            ]
            yield f"In turn, {show.shorten(cost.arm, 30)}: {'; '.join(parts)}."
            return


def latencies_of(cell: CellSummary, cost: ArmCost, path: str) -> list[Latency]:
    """The arm's latencies in an execution mode on all cores, by batch size."""
    return sorted(
        (
            latency
            for latency in cost.latency
            if latency.path == path
            and latency.threads in (None, cell.threads)
            and show.known(latency.median_seconds)
            and latency.median_seconds > 0
        ),
        key=lambda latency: latency.batch_size,
    )


def _draw(cell: CellSummary, colours: Palette, slug: str, alternative: str) -> str:
    dashes = dashes_of(cell)
    points = pd.DataFrame(
        [
            (latency.batch_size, latency.median_seconds, latency.p90_seconds or math.nan, arm, path)
            for arm, cost in enumerate(cell.costs)
            for path in dashes
            for latency in latencies_of(cell, cost, path)
        ],
        columns=["rows", "seconds", "p90", "arm", "path"],
    )
    arms = [colours.style(cost.arm) for cost in cell.costs]
    sizes = sorted({latency.batch_size for cost in cell.costs for latency in cost.latency})
    options = looks(arms)
    with style():
        surface, (panel,) = drawing(HEIGHT, margins=(48, 12, 6, 34))
        panel.set(xscale="log", yscale="log")
        fixed_ticks(panel.xaxis, sizes, show.count)
        if len(points):
            decades(panel.yaxis, points.seconds.min(), points[["seconds", "p90"]].max().max())
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
        seaborn.lineplot(
            points,
            x="rows",
            y="seconds",
            style="path",
            hue="arm",
            dashes=dashes,
            estimator=None,
            ax=panel,
            **options,
        )
        scatter(points[points.path == SEQUENTIAL], "rows", "seconds", arms, panel)
        tails = points[points.p90.notna()]
        panel.vlines(tails["rows"], tails.seconds, tails.p90, list(tails.arm.map(options["palette"])), linewidth=0.8)
        panel.set(xlabel="rows in a request", ylabel="")
        panel.grid(True, axis="y")
        return export(surface, slug, alternative)


def _tick(value: float) -> str:
    """A time without trailing zeros, because a tick is exact."""
    number, _, unit = show.seconds(value).partition(" ")
    return f"{float(number):g} {unit}"
