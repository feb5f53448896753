"""The calibration study as JSON, as Markdown and for the terminal: sentences and tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from jointbench.calibration.known_truth import Tally, Trial, tallies
from jointbench.calibration.study import CALIBRATION_SCHEMA_VERSION, CalibrationStudy, DatasetRates
from jointbench.report import format as show
from jointbench.report.markdown import escape, markdown_table
from jointbench.report.tables.table import Cell, Table, columns, name, number
from jointbench.stats.variance_components import CVDesign


def calibration_json(study: CalibrationStudy, trials: Sequence[Trial]) -> str:
    """Every number of the study; ``known_truth`` is there where networks were trained."""
    body: dict[str, object] = {"schema_version": CALIBRATION_SCHEMA_VERSION, **asdict(study)}
    if trials:
        body["known_truth"] = {
            "corners": [asdict(tally) for tally in tallies(trials)],
            "trials": [asdict(trial) for trial in trials],
        }
    return json.dumps(body, indent=1) + "\n"


def markdown(study: CalibrationStudy, truth: Sequence[Tally], command: str) -> str:
    """The whole study as Markdown. command: what runs it again."""
    parts = ["# Are the verdicts right as often as they say?", f"`{command}`", *map(escape, sentences(study))]
    return "\n\n".join((*parts, *map(markdown_table, tables(study, truth)))) + "\n"


def print_report(study: CalibrationStudy, truth: Sequence[Tally], console: Console) -> None:
    """Prints the same."""
    for sentence in sentences(study):
        console.print(Text(sentence))
    for table in tables(study, truth):
        rich_table = RichTable(
            title=Text(table.caption),
            title_justify="left",
            title_style="",
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        for column in table.columns:
            rich_table.add_column(Text(column.title), justify="right" if column.numeric else "left", overflow="fold")
        for row in table.rows:
            rich_table.add_row(*(Text(cell.text) for cell in row))
        console.print(rich_table)


def sentences(study: CalibrationStudy) -> tuple[str, ...]:
    """What the study found, in three sentences."""
    best = study.recommended
    design_text = _design_text(CVDesign(best.folds, best.repeats, best.seeds))
    alone = ", ".join(f"{show.plain(output)} alone needs {_needed(least)}" for output, least in best.alone.items())
    by_folds = ", ".join(f"at {folds} folds {_needed(least)}" for folds, least in best.by_folds.items())
    reached = (
        "the fewest fits that find both in four of five"
        if best.reached
        else "no setting that was tried finds both in four of five, and this one comes closest"
    )
    return (
        f"Truly equal arms get a verdict of joint or separate in {_percent(study.false_verdict_rate)} of "
        f"{study.comparisons:,} simulated comparisons, a true difference at the edge of the region (±{study.rope:g}) "
        f"is called one beyond it in {_percent(study.edge_rate)}, and joint is recommended although one output is "
        f"{study.effect:g} worse in {_percent(study.wrong_recommendation_rate)}; each may be 5 %. Equality is found "
        f"in {_percent(study.equivalent_found)}, a difference of {study.effect:g} in {_percent(study.power_0_03)}.",
        f"These are the rates at {design_text} (folds x repeats x seeds per fold), with the noise of "
        f"{show.plain(best.dataset)}: {reached}. The output with the least found is {show.plain(best.bounded_by)}: "
        f"{alone}. By folds: {by_folds}.",
        f"The highest rate of any mistake, at any setting and noise below, is {_percent(study.worst)}. On one output "
        "whose noise is much wider than the region it can approach 10 %: 5 % on each side.",
    )


def tables(study: CalibrationStudy, truth: Sequence[Tally]) -> tuple[Table, ...]:
    """Rates of outputs, rates of decisions, the noise behind them, and real training where it ran."""
    simulated = (_outputs(study), _decisions(study.decisions), _noise(study))
    return (*simulated, _truth(truth)) if truth else simulated


def _outputs(study: CalibrationStudy) -> Table:
    dataset = study.recommended.dataset
    heads = columns(
        ("Output", "K x R x S"),
        ("False", "Beyond", "Equality found", "0.03 found", "Naive: false", "Naive: 0.03 found"),
    )
    return Table(
        f"Verdicts on one output of {show.plain(dataset)} (calibration.json has those of other datasets), at K folds, "
        "R repeats, S seeds per fold. False: joint or separate, truly equal. Beyond: joint or separate, truly at the "
        "edge of the region. Naive: the ordinary paired t-test on the same folds, p < 0.05",
        heads,
        tuple(
            (
                name(output_rates.output),
                Cell(_design_text(output_rates.rates.setting)),
                *(
                    number(rate, _percent)
                    for rate in (
                        output_rates.rates.false_verdict_rate,
                        output_rates.rates.edge_rate,
                        output_rates.rates.equivalent_found,
                        output_rates.rates.power_0_03,
                        output_rates.rates.naive_false_positive_rate,
                        output_rates.rates.naive_power_0_03,
                    )
                ),
            )
            for output_rates in study.settings
            if output_rates.dataset == dataset
        ),
        heads=2,
        source="calibration",
    )


def _decisions(rates: Sequence[DatasetRates]) -> Table:
    heads = columns(
        ("Dataset", "K x R x S"),
        ("Wrong joint", "False sep.", "At the edge", "False, uncorr.", "Edge, uncorr.", "Joint found", "Sep. found"),
    )
    return Table(
        "Decisions over all outputs (their number in brackets). Wrong joint: one output truly 0.03 worse, the rest "
        "0.03 better. False sep.: all truly equal. At the edge: all truly worse by just the region. Uncorr.: without "
        "the correction for the number of outputs. Joint found: all truly equal. Sep. found: one truly 0.03 worse, "
        "the rest equal",
        heads,
        tuple(
            (
                name(f"{dataset_rates.dataset} ({dataset_rates.rates.outputs})"),
                Cell(_design_text(dataset_rates.rates.setting)),
                *(
                    number(rate, _percent)
                    for rate in (
                        dataset_rates.rates.wrong_recommendation_rate,
                        dataset_rates.rates.false_separate_rate,
                        dataset_rates.rates.edge_separate_rate,
                        dataset_rates.rates.uncorrected_false_separate_rate,
                        dataset_rates.rates.uncorrected_edge_separate_rate,
                        dataset_rates.rates.recommendation_found,
                        dataset_rates.rates.separate_found,
                    )
                ),
            )
            for dataset_rates in rates
        ),
        heads=2,
        source="calibration",
    )


def _noise(study: CalibrationStudy) -> Table:
    return Table(
        "The noise that is simulated: standard deviations of joint - separate, in skill, seen in real runs. At other "
        "numbers of folds both variances grow with the folds, as test folds shrink",
        columns(("Dataset", "Output", "K x R x S"), ("Between folds", "Between seeds of a fold")),
        tuple(
            (
                name(noise.dataset),
                name(noise.output),
                Cell(_design_text(noise.seen_in)),
                number(noise.between_sd, _deviation),
                number(noise.within_sd, _deviation),
            )
            for noise in study.noise
        ),
        heads=3,
        source="calibration",
    )


def _truth(truth: Sequence[Tally]) -> Table:
    return Table(
        "Real training on tasks whose truth is known. Related: eight outputs of the same two random features, 200 "
        "rows. Conflicting: four outputs of different features, a trunk of two units. Plenty: 4,000 rows, 64 units",
        columns(("Corner", "Backend"), ("Datasets", "Right verdicts", "Mean skill difference")),
        tuple(
            (
                name(tally.corner),
                name(tally.backend),
                Cell(str(tally.trials), (tally.trials,)),
                Cell(str(tally.right), (tally.right,)),
                number(tally.mean_difference, lambda value: show.fixed(value, 4, sign=True)),
            )
            for tally in truth
        ),
        heads=2,
        source="calibration",
    )


def _needed(least: CVDesign | None) -> str:
    return "more than any that was tried" if least is None else _design_text(least)


def _design_text(design: CVDesign) -> str:
    return f"{design.folds}x{design.repeats}x{design.seeds}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _deviation(value: float) -> str:
    return show.fixed(value, 4)
