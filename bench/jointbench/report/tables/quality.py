"""Tables of how good each output is, under each arm and each reference model."""

from __future__ import annotations

from functools import partial

from jointbench.compare.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.report import format as show
from jointbench.report.tables.table import Cell, Table, columns, name, number

REFERENCE = " (reference)"
SIGN = "positive means joint is better"
PROBABILITIES = ("Output", "Against", "P(joint better)", "P(equivalent)", "P(other better)")


def place(cell: CellSummary) -> str:
    """Where a cell ran, for captions."""
    return f"{show.shorten(cell.dataset, 60)}, {show.plain(cell.backend)} on {show.plain(cell.device)}"


def quality_of(cell: CellSummary, about: DatasetSummary, output: str) -> tuple[tuple[Quality, bool], ...]:
    """One output's rows: the arms, then the reference models (True)."""
    arms = [(quality, False) for quality in cell.quality if quality.output == output]
    return (*arms, *((quality, True) for quality in about.references if quality.output == output))


def quality_tables(cell: CellSummary, about: DatasetSummary) -> tuple[Table, ...]:
    """What people read, one table for each kind of metrics, so that no table is mostly holes."""
    by_metrics: dict[tuple[str, ...], list[str]] = {}
    for output in about.outputs:
        names = tuple(dict.fromkeys(m for quality, _ in quality_of(cell, about, output) for m in quality.metrics))
        by_metrics.setdefault(names, []).append(output)
    return tuple(
        Table(
            f"Quality in {place(cell)}: skill (1 is perfect, 0 is no skill) as mean ± standard deviation over folds, "
            "then the mean over folds of what people read.",
            (
                *columns(("Output", "Model"), ("Skill",)),
                *columns(("Reference beaten?",), map(show.metric_name, metrics)),
            ),
            tuple(
                (
                    name(output),
                    _model(quality, reference),
                    *_skill(quality),
                    _beaten(quality, about, reference),
                    *(number(quality.metrics.get(metric), partial(show.metric, metric)) for metric in metrics),
                )
                for output in outputs
                for quality, reference in quality_of(cell, about, output)
            ),
            heads=2,
        )
        for metrics, outputs in by_metrics.items()
    )


def fold_table(cell: CellSummary, about: DatasetSummary) -> Table:
    """The skill of every fold: what the skill figure is drawn from."""
    qualities = [pair for output in about.outputs for pair in quality_of(cell, about, output)]
    most = max((len(quality.per_fold) for quality, _ in qualities), default=0)
    rows = []
    for quality, reference in qualities:
        folds = [number(value, lambda v: show.fixed(v, 3)) for value in quality.per_fold]
        blank = [Cell("—", tone="absent")] * (most - len(folds))
        rows.append((name(quality.output), _model(quality, reference), *_skill(quality), *folds, *blank))
    return Table(
        f"Skill of every fold in {place(cell)}.",
        columns(("Output", "Model"), ("Skill", *(f"Fold {i}" for i in range(1, most + 1)))),
        tuple(rows),
        heads=2,
    )


def difference_table(cell: CellSummary) -> Table:
    """Every output's difference with its probabilities and verdict."""
    rows = tuple(
        (
            name(d.output),
            name(d.other),
            Cell(show.difference(d.difference), (d.difference.value, d.difference.low, d.difference.high)),
            *(
                number(p, show.probability)
                for p in (
                    d.probability_joint_better,
                    d.probability_equivalent,
                    d.probability_other_better,
                    d.probability_no_loss,
                )
            ),
            number(d.pairs, show.count),
            number(d.pairs_lost, show.count),
            Cell(d.verdict, tone=d.verdict),
        )
        for d in cell.differences
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
        f"Joint − other in skill for every output in {place(cell)}: {SIGN}.",
        (*columns(("Output", "Against"), titles), *columns(("Verdict",), ())),
        rows,
        heads=2,
    )


def unbeaten(cell: CellSummary, about: DatasetSummary) -> tuple[str, ...]:
    """Sentences on arms that do not beat a reference model somewhere."""
    said = []
    for arm in dict.fromkeys(quality.model for quality in cell.quality):
        below = [
            show.shorten(quality.output, 40)
            for quality in cell.quality
            if quality.model == arm and _best(quality, about) is not None and not _is_beaten(quality, about)
        ]
        if below:
            said.append(f"{show.shorten(arm, 40)} does not beat the reference model on {', '.join(below)}.")
    return tuple(said)


def _model(quality: Quality, reference: bool) -> Cell:
    return Cell(show.plain(quality.model) + REFERENCE) if reference else name(quality.model)


def _skill(quality: Quality) -> tuple[Cell]:
    if not show.known(quality.skill):
        return (number(None, show.significant),)
    values = (quality.skill, quality.sd) if show.known(quality.sd) else (quality.skill,)
    return (Cell(show.skill(quality.skill, quality.sd), values),)


def _best(quality: Quality, about: DatasetSummary) -> Quality | None:
    mine = [r for r in about.references if r.output == quality.output and show.known(r.skill)]
    return max(mine, key=lambda reference: reference.skill, default=None)


def _is_beaten(quality: Quality, about: DatasetSummary) -> bool:
    best = _best(quality, about)
    return best is not None and quality.skill > best.skill


def _beaten(quality: Quality, about: DatasetSummary, reference: bool) -> Cell:
    if reference or _best(quality, about) is None:
        return Cell("—", tone="absent")
    return Cell("yes") if _is_beaten(quality, about) else Cell("no", tone="warning")
