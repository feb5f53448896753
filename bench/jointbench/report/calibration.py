"""The calibration study as JSON, as Markdown and for the terminal: sentences and tables."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from jointbench.calibration.coverage import Coverage
from jointbench.calibration.known_truth import tallies
from jointbench.calibration.procedure import LOG, ProcedureRates
from jointbench.calibration.study import CALIBRATION_SCHEMA_VERSION, CalibrationStudy
from jointbench.report.markdown import escape, markdown_table
from jointbench.report.tables.calibration import calibration_tables, percent

FIGURE = "calibration.svg"
DIGITS = 5


def calibration_json(study: CalibrationStudy) -> str:
    """Every rate of the study. Lists of equal records are one list of columns and one of rows."""
    body: dict[str, Any] = {
        "schema_version": CALIBRATION_SCHEMA_VERSION,
        "rope": study.rope,
        "probability": study.probability,
        "chosen": study.chosen,
        "draws": study.draws,
    }
    for part in ("candidates", "coverages", "procedure", "trials"):
        body[part] = _columnar(getattr(study, part))
    return json.dumps(body, allow_nan=False).replace("], [", "],\n[") + "\n"


def _columnar(records: Sequence[Any]) -> dict[str, Any]:
    if not records:
        return {"columns": [], "rows": []}
    names = [field.name for field in fields(records[0])]
    return {"columns": names, "rows": [[_stored(asdict(record)[name]) for name in names] for record in records]}


def _stored(value: object) -> object:
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")


def markdown(study: CalibrationStudy, command: str) -> str:
    """The whole study as Markdown. command: what runs it again."""
    figure = [f"![Coverage against width, one mark a method and output]({FIGURE})"] if study.coverages else []
    parts = ["# Are the verdicts right as often as they say?", f"`{command}`", *map(escape, sentences(study)), *figure]
    return "\n\n".join((*parts, *map(markdown_table, calibration_tables(study)))) + "\n"


def print_report(study: CalibrationStudy, console: Console) -> None:
    """Prints the same."""
    for sentence in sentences(study):
        console.print(Text(sentence))
    for table in calibration_tables(study):
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
    """What the study found."""
    chosen = [rate for rate in study.coverages if rate.method == study.chosen and rate.loss != LOG]
    parts = []
    if chosen:
        parts.append(_coverage_sentence(study, chosen))
    if study.procedure:
        parts.append(_procedure_sentence(study.procedure))
    if study.trials:
        counts = tallies(study.trials)
        right, trials = sum(tally.right for tally in counts), sum(tally.trials for tally in counts)
        parts.append(f"On tasks whose truth is known, {right} of {trials} verdicts after real training are right.")
    return tuple(parts) or ("Too few draws for any rate.",)


def _coverage_sentence(study: CalibrationStudy, chosen: Sequence[Coverage]) -> str:
    values = sorted(rate.coverage for rate in chosen)
    lowest = min(chosen, key=lambda rate: rate.coverage)
    widths = [
        f"{candidate.width:.2f} after {candidate.repeats}"
        for candidate in study.candidates
        if (candidate.method, candidate.loss, candidate.small) == (study.chosen, "brier", False)
    ]
    return (
        f"{study.draws:,} draws from real and generated tables, studied as a user's table would be and scored on rows "
        f"beyond the draw: the 95 % interval ({study.chosen}) holds the truth in {percent(values[len(values) // 2])} on "
        f"the median of {len(chosen)} cases (output, rows, repeats), and in {percent(lowest.coverage)} on the worst "
        f"({lowest.population} {lowest.output}, {lowest.rows} rows, {lowest.repeats} repeat{'s' if lowest.repeats > 1 else ''}, {lowest.draws} draws). "
        f"Its width over that of the correlated t-test, median: {', '.join(widths)} repeats."
    )


def _procedure_sentence(procedure: Sequence[ProcedureRates]) -> str:
    last = [
        rates
        for rates in procedure
        if rates.most_repeats
        == max(r.most_repeats for r in procedure if (r.population, r.rows) == (rates.population, rates.rows))
    ]
    joint = max((rates.wrong_joint for rates in last if not math.isnan(rates.wrong_joint)), default=0.0)
    separate = max((rates.wrong_separate for rates in last if not math.isnan(rates.wrong_separate)), default=0.0)
    decided = sum((1 - rates.undecidable - rates.open) * rates.draws for rates in last) / sum(r.draws for r in last)
    return (
        f"With the rounds that stop when a table is decided, {percent(decided)} of the draws are decided; joint or "
        f"equivalent is wrong in at most {percent(joint)} and separate in at most {percent(separate)} of the draws of any "
        "population whose truth is clear; each may be 5 %."
    )
