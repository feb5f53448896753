"""Request latency against batch size, a line for each arm."""

from __future__ import annotations

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jointbench.compare.summary.costs import ArmCost, Latency
from jointbench.compare.summary.run import CellSummary
from jointbench.records import SEQUENTIAL, SINGLE_OUTPUT
from jointbench.report import format as show
from jointbench.report.figures.canvas import WIDTH, axes, drawing, export, style
from jointbench.report.figures.figure import Figure, spoken
from jointbench.report.palette import Palette
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.serving import latency_table

HEIGHT, LEFT = 230, 52
LINE_STYLES = {SEQUENTIAL: "-", "fused": ":", SINGLE_OUTPUT: "--"}
SENTENCE = (
    "Lower is faster: the median time of one request; a thin line upwards ends at the 90th "
    "percentile, where enough requests were timed to know it. Solid: the arm's networks called one after the other; "
    "dotted: fused into one program; dashed: only the first output is asked for (one of N). On all cores."
)


def latency_figure(cell: CellSummary, colours: Palette, slug: str) -> Figure:
    """The latency figure of one dataset on one backend and device."""
    phrases = [
        f"{show.shorten(cost.arm, 30)} {path} at batch {latency.batch_size} {show.seconds(latency.median_seconds)}"
        for cost in cell.costs
        for path in LINE_STYLES
        for latency in latencies_of(cell, cost, path)
    ]
    alternative = f"Median request latency in {cell_name(cell)}: {spoken(phrases)}"
    legend = tuple(colours.style(cost.arm) for cost in cell.costs if cost.latency)
    return Figure(
        slug=slug,
        title="Latency against batch size",
        sentence=SENTENCE,
        alternative=alternative,
        svg=_draw(cell, colours, slug, alternative),
        table=latency_table(cell),
        legend=legend,
    )


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
    with style():
        surface = drawing(HEIGHT)
        panel = axes(surface, LEFT, 8, WIDTH - LEFT - 12, HEIGHT - 48)
        panel.set(xscale="log", yscale="log", xlabel="rows in a request")
        for cost in cell.costs:
            mark = colours.style(cost.arm)
            for path, dashes in LINE_STYLES.items():
                known = latencies_of(cell, cost, path)
                panel.plot(
                    [latency.batch_size for latency in known],
                    [latency.median_seconds for latency in known],
                    color=mark.colour,
                    marker=mark.marker,
                    markersize=5.5 if dashes == "-" else 3.5,
                    linewidth=1.4,
                    linestyle=dashes,
                )
                for latency in known:
                    if latency.p90_seconds is not None:
                        ends = [latency.median_seconds, latency.p90_seconds]
                        panel.plot([latency.batch_size] * 2, ends, color=mark.colour, linewidth=0.8)
        sizes = sorted({latency.batch_size for cost in cell.costs for latency in cost.latency})
        panel.xaxis.set_major_locator(FixedLocator(sizes))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.count(value)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show.seconds(value)))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.grid(axis="y", alpha=0.2, linewidth=0.6)
        return export(surface, slug, alternative)
