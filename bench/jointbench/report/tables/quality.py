"""Tables of how good each output is, under each arm and each reference model."""

from __future__ import annotations

from functools import partial

from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.report import format as show
from jointbench.report.tables.table import Cell, Table, columns, name, number

REFERENCE = " (reference)"
SIGN = "positive means joint is better"


def cell_name(cell: CellSummary) -> str:
    """A cell in captions: "wine, torch on cpu"."""
    return f"{show.shorten(cell.dataset, 60)}, {show.plain(cell.backend)} on {show.plain(cell.device)}"


def quality_of(cell: CellSummary, dataset: DatasetSummary, output: str) -> tuple[tuple[Quality, bool], ...]:
    """One output's rows: the arms, then the reference models (True)."""
    arms = [(quality, False) for quality in cell.quality if quality.output == output]
    return (*arms, *((quality, True) for quality in dataset.references if quality.output == output))


def quality_tables(cell: CellSummary, dataset: DatasetSummary) -> tuple[Table, ...]:
    """Skill and the usual metrics: one table for each set of metrics, so that few cells are empty."""
    by_metrics: dict[tuple[str, ...], list[str]] = {}
    for output in dataset.outputs:
        names = tuple(dict.fromkeys(m for quality, _ in quality_of(cell, dataset, output) for m in quality.metrics))
        by_metrics.setdefault(names, []).append(output)
    return tuple(
        Table(
            f"Quality in {cell_name(cell)}: skill (1 is perfect, 0 is no skill) as mean ± standard deviation over "
            "folds, then the mean over folds of what people read.",
            (
                *columns(("Output", "Model"), ("Skill",)),
                *columns(("Reference beaten?",), map(show.metric_name, metrics)),
            ),
            tuple(
                (
                    name(output),
                    _model_cell(quality, reference),
                    _skill_cell(quality),
                    _beaten_cell(quality, dataset, reference),
                    *(_metric_cell(quality, metric) for metric in metrics),
                )
                for output in outputs
                for quality, reference in quality_of(cell, dataset, output)
            ),
            heads=2,
        )
        for metrics, outputs in by_metrics.items()
    )


def fold_table(cell: CellSummary, dataset: DatasetSummary) -> Table:
    """The skill of every fold: what the skill figure is drawn from."""
    qualities = [pair for output in dataset.outputs for pair in quality_of(cell, dataset, output)]
    fold_count = max((len(quality.per_fold) for quality, _ in qualities), default=0)
    rows = []
    for quality, reference in qualities:
        folds = [number(value, partial(show.fixed, digits=3)) for value in quality.per_fold]
        blank = [Cell("—", tone="absent")] * (fold_count - len(folds))
        rows.append((name(quality.output), _model_cell(quality, reference), _skill_cell(quality), *folds, *blank))
    return Table(
        f"Skill of every fold in {cell_name(cell)}.",
        columns(("Output", "Model"), ("Skill", *(f"Fold {i}" for i in range(1, fold_count + 1)))),
        tuple(rows),
        heads=2,
    )


def difference_table(cell: CellSummary) -> Table:
    """Every output's difference with its probabilities and verdict."""
    rows = tuple(
        (
            name(difference.output),
            name(difference.other),
            Cell(
                show.difference(difference.difference),
                (difference.difference.value, difference.difference.low, difference.difference.high),
            ),
            *(
                number(probability, show.probability)
                for probability in (
                    difference.probability_joint_better,
                    difference.probability_equivalent,
                    difference.probability_other_better,
                    difference.probability_no_loss,
                )
            ),
            number(difference.pairs, show.count),
            number(difference.pairs_lost, show.count),
            Cell(difference.verdict, tone=difference.verdict),
        )
        for difference in cell.differences
    )
    titles = (
        ("Difference", "joint − other in skill, with its 95 % interval"),
        ("P(joint better)", "by more than the region of equivalence"),
        ("P(equivalent)", "within the region of equivalence"),
        ("P(other better)", "by more than the region of equivalence"),
        ("P(no loss)", "joint is better, or equivalent"),
        "Folds",
        "Pairs lost",
    )
    return Table(
        f"Joint − other in skill for every output in {cell_name(cell)}: {SIGN}.",
        (*columns(("Output", "Against"), titles), *columns(("Verdict",), ())),
        rows,
        heads=2,
    )


def reference_remarks(cell: CellSummary, dataset: DatasetSummary) -> tuple[str, ...]:
    """A sentence for each arm that does not beat the reference model on every output."""
    remarks = []
    for arm in dict.fromkeys(quality.model for quality in cell.quality):
        below = [
            show.shorten(quality.output, 40)
            for quality in cell.quality
            if quality.model == arm
            and _best_reference(quality, dataset) is not None
            and not _is_beaten(quality, dataset)
        ]
        if below:
            remarks.append(f"{show.shorten(arm, 40)} does not beat the reference model on {', '.join(below)}.")
    return tuple(remarks)


def _model_cell(quality: Quality, reference: bool) -> Cell:
    return Cell(show.plain(quality.model) + REFERENCE) if reference else name(quality.model)


def _skill_cell(quality: Quality) -> Cell:
    if not show.known(quality.skill):
        return number(None, show.significant)
    values = (quality.skill, quality.sd) if show.known(quality.sd) else (quality.skill,)
    return _over_folds(
        Cell(show.skill(quality.skill, quality.sd), values), len(quality.per_fold), quality.planned_folds
    )


def _metric_cell(quality: Quality, metric: str) -> Cell:
    """A metric's mean, and over how many folds it is where some have none."""
    cell = number(quality.metrics.get(metric), partial(show.metric, metric))
    return (
        _over_folds(cell, quality.metric_folds[metric], quality.planned_folds)
        if metric in quality.metric_folds
        else cell
    )


def _over_folds(cell: Cell, folds: int, planned: int) -> Cell:
    """A mean, which says over how many folds it is where that is not all of them."""
    if not cell.values or folds >= planned:
        return cell
    return Cell(f"{cell.text} over {folds} of {planned} folds", (*cell.values, folds, planned))


def _best_reference(quality: Quality, dataset: DatasetSummary) -> Quality | None:
    references = [
        reference
        for reference in dataset.references
        if reference.output == quality.output and show.known(reference.skill)
    ]
    return max(references, key=lambda reference: reference.skill, default=None)


def _is_beaten(quality: Quality, dataset: DatasetSummary) -> bool:
    best = _best_reference(quality, dataset)
    return best is not None and quality.skill > best.skill


def _beaten_cell(quality: Quality, dataset: DatasetSummary, reference: bool) -> Cell:
    if reference or _best_reference(quality, dataset) is None:
        return Cell("—", tone="absent")
    return Cell("yes") if _is_beaten(quality, dataset) else Cell("no", tone="warning")
