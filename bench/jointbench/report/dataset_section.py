"""What the page says of one dataset: what it is, and for each backend how good, how expensive and how certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from markupsafe import Markup

from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Summary
from jointbench.records import Fit
from jointbench.report import format as show
from jointbench.report.figures.affinity import affinity_figure
from jointbench.report.figures.arm_diagram import arm_diagram, describe
from jointbench.report.figures.cost_ratios import ratio_figure
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.flops_bars import flops_bars, flops_parts
from jointbench.report.figures.forest import output_forest
from jointbench.report.figures.latency import latency_figure
from jointbench.report.figures.learning_curves import learning_figure
from jointbench.report.figures.skill import skill_figure
from jointbench.report.figures.table_sizes import table_sizes_figure
from jointbench.report.figures.tuning import tuning_figure
from jointbench.report.not_measured import absent_throughout
from jointbench.report.overview import Answer, Sentence, cells_of, has_few_folds, sentence
from jointbench.report.palette import Palette
from jointbench.report.recipe import recipe_facts, recipe_text
from jointbench.report.skill_text import skill_text
from jointbench.report.tables.energy import energy_table
from jointbench.report.tables.flops import flops_table, predicted_saving_table
from jointbench.report.tables.grouping import grouping_tables
from jointbench.report.tables.memory import memory_table
from jointbench.report.tables.models import models_table
from jointbench.report.tables.quality import quality_tables, reference_remarks
from jointbench.report.tables.reading import reading_table
from jointbench.report.tables.serving import throughput_table
from jointbench.report.tables.sizes import size_table
from jointbench.report.tables.table import Table
from jointbench.report.tables.training import clock_table, further_clocks, projection_table, training_table
from jointbench.report.tables.tuning import chosen_table, tuning_cost_table


@dataclass(frozen=True)
class Diagram:
    """An arm's networks, drawn and in words."""

    arm: str
    drawing: Markup
    words: str


@dataclass(frozen=True, kw_only=True)
class CellSection:
    """One backend's part of a dataset's section; ``verdicts``: against each other arm."""

    anchor: str
    backend: str
    device: str
    verdicts: tuple[Sentence, ...]
    absences: tuple[str, ...]
    failures: tuple[str, ...]
    remarks: tuple[str, ...]
    circumstances: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, kw_only=True)
class DatasetSection:
    """A dataset's section. facts: (term, text)."""

    number: int
    anchor: str
    slug: str
    title: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    few_folds: bool
    answer: Answer
    diagrams: tuple[Diagram, ...]
    reading: Table | None
    models: Table | None
    cells: tuple[CellSection, ...]


def dataset_section(
    summary: Summary, dataset: DatasetSummary, answer: Answer, fits: Sequence[Fit], colours: Palette
) -> DatasetSection:
    """Everything about one dataset. fits: those of this dataset, for the learning curves and the recipe."""
    anchor = f"dataset-{answer.number}"
    cells = cells_of(summary, dataset.slug)
    return DatasetSection(
        number=answer.number,
        anchor=anchor,
        slug=show.plain(dataset.slug),
        title=show.plain(dataset.title),
        facts=_facts(dataset, cells, fits),
        notes=tuple(show.plain(note) for note in dataset.notes),
        few_folds=has_few_folds(dataset),
        answer=answer,
        diagrams=arm_diagrams(cells, dataset, colours),
        reading=reading_table(dataset),
        models=models_table(dataset, cells),
        cells=tuple(
            _cell_section(summary, cell, dataset, fits, colours, f"d{answer.number}b{i}")
            for i, cell in enumerate(cells, 1)
        ),
    )


def _facts(dataset: DatasetSummary, cells: Sequence[CellSummary], fits: Sequence[Fit]) -> tuple[tuple[str, str], ...]:
    outputs = ", ".join(
        f"{show.plain(output)} ({kind})" for output, kind in zip(dataset.outputs, dataset.kinds, strict=True)
    )
    facts = [
        ("Rows", f"{dataset.rows:,}"),
        ("Features", f"{dataset.features:,}"),
        ("Outputs", outputs),
        ("Skill is made of", skill_text(dataset)),
        ("Tested on", _design(dataset, cells)),
    ]
    if dataset.recipe is not None:
        facts += recipe_facts(dataset.recipe)
    else:
        facts += [("Recipe", recipe_text(recipe)) for recipe in dict.fromkeys(fit.network.recipe for fit in fits)]
    provenance = (dataset.source, dataset.licence, dataset.citation, dataset.sha256)
    terms = ("Source", "Licence", "Citation", "SHA-256 of the file")
    facts.extend((term, show.plain(text)) for term, text in zip(terms, provenance, strict=True) if text)
    return tuple(facts)


def _design(dataset: DatasetSummary, cells: Sequence[CellSummary]) -> str:
    """The cross-validation, and on which backend it went on for more rounds."""
    if dataset.test_file:
        fits = max((cell.repeats * cell.seeds for cell in cells), default=dataset.repeats * dataset.seeds)
        return (
            f"the {dataset.test_rows:,} rows of {show.plain(dataset.test_file)}, by {fits:,} fits of each network, "
            f"which draw their validation rows anew"
        )
    trained = {f"{cell.backend} on {cell.device}": (cell.repeats, cell.seeds) for cell in cells if cell.repeats}
    designs = {place: _counts(repeats, seeds) for place, (repeats, seeds) in trained.items()}
    if len(set(designs.values())) > 1:
        every = "; ".join(f"{show.plain(place)}: {design}" for place, design in designs.items())
        return f"{dataset.folds} folds; {every}"
    tuned = f"; {dataset.trials:,} configurations of each network, chosen on its validation rows"
    return f"{dataset.folds} folds, {next(iter(designs.values()), _counts(dataset.repeats, dataset.seeds))}" + tuned * (
        dataset.trials > 1
    )


def _counts(repeats: int, seeds: int) -> str:
    return f"{repeats} repeat{'s' if repeats > 1 else ''}, {seeds} seed{'s' if seeds > 1 else ''} in each fold"


def arm_diagrams(cells: Sequence[CellSummary], dataset: DatasetSummary, colours: Palette) -> tuple[Diagram, ...]:
    """One for each arm; an arm that has the same shape on several backends is drawn once."""
    shapes = {
        (cost.arm, cost.groups, cost.channels, cost.trunk, cost.head): cost
        for cell in cells
        for cost in cell.costs
        if cost.parameters  # of models that others trained the shapes are not known
    }
    return tuple(
        Diagram(
            show.plain(cost.arm), arm_diagram(cost, dataset.features, colours.style(cost.arm).colour), describe(cost)
        )
        for cost in shapes.values()
    )


def _cell_section(
    summary: Summary, cell: CellSummary, dataset: DatasetSummary, fits: Sequence[Fit], colours: Palette, anchor: str
) -> CellSection:
    absent_everywhere = absent_throughout(summary, cell)
    return CellSection(
        anchor=anchor,
        backend=show.plain(cell.backend),
        device=show.plain(cell.device),
        verdicts=tuple(
            sentence(show.plain(cell.backend), show.plain(cell.device), decision) for decision in cell.decisions
        ),
        absences=tuple(show.plain(absence) for absence in cell.absences if absence not in absent_everywhere),
        failures=tuple(
            f"{show.plain(cost.arm)}: {show.plain(failure)}" for cost in cell.costs for failure in cost.failures
        ),
        remarks=reference_remarks(cell, dataset),
        circumstances=_circumstances(cell),
        figures=_cell_figures(summary, cell, dataset, fits, colours, anchor),
        tables=_cell_tables(summary, cell, dataset),
    )


def _cell_figures(
    summary: Summary, cell: CellSummary, dataset: DatasetSummary, fits: Sequence[Fit], colours: Palette, anchor: str
) -> tuple[Figure, ...]:
    """A figure for everything that was measured."""
    cell_fits = [fit for fit in fits if (fit.network.backend, fit.network.device) == (cell.backend, cell.device)]
    figures: list[Figure | None] = []
    if cell.quality:
        figures.append(skill_figure(cell, dataset, colours, f"{anchor}-skill"))
    if cell.differences:
        figures.append(output_forest(cell, dataset, summary.rope, colours, f"{anchor}-forest"))
    if cell.table_sizes is not None:
        figures.append(table_sizes_figure(cell, cell.table_sizes, summary.rope, colours, f"{anchor}-rows"))
    if cell.tuning is not None:
        figures.append(tuning_figure(cell, cell.tuning, summary.rope, f"{anchor}-tuning"))
    if cell.grouping is not None:
        figures.append(affinity_figure(cell, cell.grouping, f"{anchor}-affinity"))
    if cell.ratios:
        figures.append(ratio_figure(cell, dataset, colours, f"{anchor}-ratios"))
    if _new_flops(summary, cell):
        figures.append(flops_bars(cell, colours, f"{anchor}-flops"))
    if any(cost.latency for cost in cell.costs):
        figures.append(latency_figure(cell, colours, f"{anchor}-latency"))
    if cell_fits:
        figures.append(learning_figure(cell, dataset, cell_fits, colours, f"{anchor}-curves"))
    return tuple(figure for figure in figures if figure is not None)


def _new_flops(summary: Summary, cell: CellSummary) -> bool:
    """Whether the cell's arms take other FLOPs than those of the dataset's cells before it: backends mostly agree."""
    earlier = takewhile(lambda other: other is not cell, cells_of(summary, cell.dataset))
    return bool(cell.flops) and _flops(cell) not in [_flops(other) for other in earlier]


def _flops(cell: CellSummary) -> list[tuple[str, tuple[int, ...]]]:
    return [(flops.arm, flops_parts(flops)) for flops in cell.flops]


def _cell_tables(summary: Summary, cell: CellSummary, dataset: DatasetSummary) -> tuple[Table, ...]:
    """A table for everything that was measured and has no figure with the same numbers."""
    tables: list[Table] = []
    if cell.quality:
        tables.extend(quality_tables(cell, dataset))
    if any(cost.parameters for cost in cell.costs):
        tables.extend((size_table(cell), training_table(cell)))
    if cell.tuning is not None:
        tables.extend((tuning_cost_table(cell, cell.tuning), chosen_table(cell, cell.tuning)))
    if cell.grouping is not None:
        tables.extend(grouping_tables(cell, cell.grouping))
    if cell.flops and not _new_flops(summary, cell):
        tables.append(flops_table(cell))
    if cell.explained:
        tables.append(predicted_saving_table(cell))
    if cell.memory:
        tables.append(memory_table(cell))
    if cell.energy is not None:
        tables.append(energy_table(cell, cell.energy))
    if any(further_clocks(cell, cost) for cost in cell.costs):
        tables.append(clock_table(cell))
    if any(cost.throughput for cost in cell.costs):
        tables.append(throughput_table(cell))
    if cell.projections:
        tables.append(projection_table(cell))
    return tuple(tables)


def _circumstances(cell: CellSummary) -> str:
    """The conditions of the timings in one line; "" where nothing was timed."""
    parts = []
    if cell.threads is not None:
        parts.append(f"{show.count(cell.threads)} threads")
    if cell.load is not None:
        parts.append(f"other processes kept up to {show.fixed(max(cell.load, 0.0), 2)} cores busy")
    if cell.retaken:
        parts.append(
            f"{show.count(cell.retaken)} disturbed timings were taken again, {show.count(cell.still_disturbed)} of "
            "them disturbed once more"
        )
    if cell.import_seconds is not None:
        parts.append(f"{show.seconds(cell.import_seconds)} to import the framework")
    return ", ".join(parts)
