"""The report as one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jointbench.compare.summary.run import Summary
from jointbench.explain.answer_store import Explained
from jointbench.records import Fit
from jointbench.report import format as show
from jointbench.report.dataset_section import dataset_section
from jointbench.report.embed import downloads
from jointbench.report.explained_sections import explained_sections
from jointbench.report.figures.cost_ratios import dataset_ratios
from jointbench.report.figures.deduplicate import deduplicate
from jointbench.report.figures.figure import Figure, in_columns
from jointbench.report.figures.forest import dataset_forest
from jointbench.report.figures.noise import noise_figure
from jointbench.report.figures.posterior import dataset_posterior
from jointbench.report.figures.predicted_saving import explained_figure
from jointbench.report.figures.trade_off import FLOPS, LATENCY, SECONDS, trade_off_figure
from jointbench.report.figures.verdict_map import verdict_map
from jointbench.report.not_measured import not_measured
from jointbench.report.overview import answers, cautions, overview_table
from jointbench.report.palette import VERDICT_SIGNS, Palette, palette
from jointbench.report.scaling_section import scaling_section
from jointbench.report.tables.across import across_table
from jointbench.report.tables.engine import engine_table
from jointbench.scaling.points import Study

FEW_DATASETS = 3  # with so many or fewer, every dataset's section starts unfolded


def render(
    summary: Summary,
    environment: Mapping[str, str],
    records_jsonl: str | None = None,
    fits: Sequence[Fit] = (),
    us_per_step: Mapping[str, float] | None = None,
    scaling: Study | None = None,
    explained: Explained | None = None,
) -> str:
    """The page. environment: what the run ran on, by name. fits: for the learning curves, which go without them.
    us_per_step: the engine's benchmark, where it was run. scaling: the break-even study, explained: the questions about
    sharing, the same."""
    colours = palette(summary)
    script = packaged("page.js")
    by_dataset: dict[str, list[Fit]] = {}
    for fit in fits:
        by_dataset.setdefault(fit.network.dataset, []).append(fit)
    found = answers(summary)
    sections = [
        dataset_section(summary, about, answer, by_dataset.get(about.slug, ()), colours)
        for about, answer in zip(summary.datasets, found, strict=True)
    ]
    page = (
        templates()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            headline=show.plain(summary.headline),
            answers=found,
            cautions=cautions(summary),
            table=overview_table(summary),
            across=across_table(summary),
            figures=_figures(summary, colours),
            engine=engine_table(us_per_step) if us_per_step else None,
            scaling=scaling_section(scaling) if scaling else None,
            explained=explained_sections(explained.answers) if explained else (),
            sections=sections,
            unfolded=len(sections) <= FEW_DATASETS,
            environment={show.plain(key): show.plain(value) for key, value in environment.items()},
            notes=[show.plain(note) for note in summary.notes],
            downloads=downloads(summary, records_jsonl),
            missing=not_measured(summary),
            signs=VERDICT_SIGNS,
            rope=f"{summary.rope:g}",
            probability=f"{summary.probability:g}",
            style=stylesheet(),
            script=Markup(script),  # noqa: S704  # the same
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )
    return deduplicate(page)


def _figures(summary: Summary, colours: Palette) -> list[Figure]:
    """The figures over all datasets; none where nothing was compared."""
    others = dict.fromkeys(decision.other for cell in summary.cells for decision in cell.decisions)
    if not others:
        return []
    figures = (
        dataset_forest(summary, colours, "all-forest"),
        dataset_ratios(summary, colours, "all-ratios"),
        *(verdict_map(summary, other, f"all-verdicts-{i}") for i, other in enumerate(others, 1)),
        dataset_posterior(summary, colours, "all-posterior"),
        *(
            trade_off_figure(summary, colours, f"all-trade-off-{i}", s)
            for i, s in enumerate((FLOPS, SECONDS, LATENCY), 1)
        ),
        explained_figure(summary, colours, "all-explained"),
        noise_figure(summary, "all-noise"),
    )
    return [figure for figure in figures if figure is not None]


def stylesheet() -> Markup:
    """What every page of a run looks like."""
    return Markup(packaged("page.css"))  # noqa: S704  # a file of this package


@cache
def templates() -> Environment:
    """The pages' templates: everything is escaped but the drawings."""
    made = Environment(
        loader=PackageLoader("jointbench", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Only these drawings enter the page as markup; they are made here, and what they say is escaped in them.
    made.filters["drawing"] = lambda figure: Markup(figure.svg)  # noqa: S704
    made.filters["in_columns"] = in_columns
    made.filters["plain"] = show.plain
    made.filters["shorten"] = show.shorten
    return made


def packaged(name: str) -> str:
    return resources.files("jointbench.report").joinpath(name).read_text(encoding="utf-8")
