"""The report as one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import gc
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jointbench.comparison.summary.run import Summary
from jointbench.explain.answer_store import Explained
from jointbench.records import Fit
from jointbench.report import format as show
from jointbench.report.drawn_sections import drawn_sections
from jointbench.report.embed import downloads
from jointbench.report.explained_sections import explained_sections
from jointbench.report.figures.deduplicate import deduplicate
from jointbench.report.figures.figure import Figure, in_columns
from jointbench.report.figures.noise import noise_figure
from jointbench.report.figures.predicted_saving import predicted_saving_figure
from jointbench.report.figures.trade_off import trade_off_figure
from jointbench.report.first_screen import first_screen
from jointbench.report.not_measured import not_measured
from jointbench.report.overview import answers, cautions, overview_table
from jointbench.report.palette import VERDICT_SIGNS, Palette, palette
from jointbench.report.scaling_section import scaling_section
from jointbench.report.skill_text import unusual_skills
from jointbench.report.tables.across import across_table
from jointbench.report.tables.engine import engine_table
from jointbench.scaling.points import Study

FEW_DATASETS = 3  # up to so many, every dataset's section starts unfolded


def render(
    summary: Summary,
    environment: Mapping[str, str],
    records_jsonl: str | None = None,
    fits: Sequence[Fit] = (),
    us_per_step: Mapping[str, float] | None = None,
    scaling: Study | None = None,
    explained: Explained | None = None,
) -> str:
    """The page.

    environment: what the run ran on, by name. fits: for the learning curves; without fits there are none.
    us_per_step: the engine's benchmark, scaling: the break-even study, explained: the questions about sharing; each is
    None where it was not run.
    """
    colours = palette(summary)
    dataset_answers = answers(summary)
    gc.freeze()  # what is in memory now stays there: no need to look for garbage in it, again and again
    try:
        figures = _figures(summary, colours)
        sections = drawn_sections(summary, dataset_answers, fits, colours)
    finally:
        gc.unfreeze()
    page = (
        templates()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            headline=show.plain(summary.headline),
            rows=first_screen(summary),
            cautions=cautions(summary),
            table=overview_table(summary),
            across=across_table(summary),
            figures=figures,
            engine=engine_table(us_per_step) if us_per_step else None,
            scaling=scaling_section(scaling) if scaling else None,
            explained=explained_sections(explained.answers) if explained else (),
            sections=sections,
            diagrams=sections[0].diagrams if len(sections) == 1 else (),
            unfolded=len(sections) <= FEW_DATASETS,
            environment={show.plain(key): show.plain(value) for key, value in environment.items()},
            notes=[show.plain(note) for note in summary.notes],
            downloads=downloads(summary, records_jsonl),
            missing=not_measured(summary),
            unusual_skills=unusual_skills(summary),
            signs=VERDICT_SIGNS,
            rope=f"{summary.rope:g}",
            worth=f"{summary.worth:g}",
            probability=f"{summary.probability:g}",
            style=stylesheet(),
            **script_values(),
        )
    )
    return deduplicate(page)


def _figures(summary: Summary, colours: Palette) -> list[Figure]:
    """The figures over all datasets; none where there is one, or nothing was compared."""
    if len(summary.datasets) < 2 or not any(cell.decisions for cell in summary.cells):
        return []
    figures = (
        trade_off_figure(summary, colours, "all-trade-off"),
        predicted_saving_figure(summary, colours, "all-explained"),
        noise_figure(summary, "all-noise"),
    )
    return [figure for figure in figures if figure is not None]


def stylesheet() -> Markup:
    """The style of every page."""
    return Markup(_packaged("page.css"))  # noqa: S704  # a file of this package


def script_values() -> dict[str, str]:
    """The pages' script, and its hash for the content security policy."""
    script = _packaged("page.js")
    return {
        "script": Markup(script),  # noqa: S704  # a file of this package
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


@cache
def templates() -> Environment:
    """The pages' templates: everything is escaped but the drawings."""
    environment = Environment(
        loader=PackageLoader("jointbench", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    # Only drawings enter the page as markup: they are made in this package, and their texts are escaped already.
    environment.filters["drawing"] = lambda figure: Markup(show.printable(figure.svg))  # noqa: S704
    environment.filters["in_columns"] = in_columns
    environment.filters["plain"] = show.plain
    environment.filters["first_capital"] = lambda text: text[:1].upper() + text[1:]
    environment.filters["shorten"] = show.shorten
    return environment


def _shown(value: object) -> object:
    """What a template puts on the page: no name writes what a browser or a file's encoding cannot take."""
    return show.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _packaged(name: str) -> str:
    return resources.files("jointbench.report").joinpath(name).read_text(encoding="utf-8")
