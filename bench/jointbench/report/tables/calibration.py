"""The tables of the calibration study."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jointbench.calibration.candidates import CandidateRates
from jointbench.calibration.coverage import Coverage
from jointbench.calibration.known_truth import Trial, tallies
from jointbench.calibration.procedure import LOG, ProcedureRates
from jointbench.calibration.study import CalibrationStudy
from jointbench.report import format as show
from jointbench.report.tables.table import Cell, Table, columns, name, number


def calibration_tables(study: CalibrationStudy) -> tuple[Table, ...]:
    """The candidates beside each other, the chosen one output by output, decisions, and tasks of known truth."""
    chosen = [rate for rate in study.coverages if rate.method == study.chosen]
    every = (
        _candidates(study.candidates),
        _outputs(chosen, study.chosen),
        _procedure(study.procedure),
        _truth(study.trials),
    )
    return tuple(table for table in every if table.rows)


def percent(share: float) -> str:
    """A share in percent, to a tenth."""
    return f"{share:.1%}".replace("%", " %")


def _candidates(rates: Sequence[CandidateRates]) -> Table:
    return Table(
        "Candidates for the 95 % interval, over all outputs of the populations. Lowest, median: coverage, on the output "
        "where it is lowest and on the median one. Width: over that of the correlated t-test on the same draws, median. "
        "Wrong: the highest share of wrong verdicts of one kind on any output. Losses: of classes; numbers have squared "
        "errors in both",
        columns(("Interval", "Loss", "Rows"), ("Repeats", "Outputs", "Lowest", "Median", "Width", "Wrong")),
        tuple(
            (
                Cell(rate.method),
                Cell(rate.loss),
                Cell("under 150" if rate.small else "300 and more"),
                number(rate.repeats, show.count),
                number(rate.outputs, show.count),
                number(rate.lowest, percent),
                number(rate.median, percent),
                number(rate.width, lambda value: show.fixed(value, 2)),
                number(rate.wrong, percent),
            )
            for rate in sorted(rates, key=lambda r: (r.loss == LOG, r.small, r.repeats, -r.width))
        ),
        heads=3,
        source="calibration",
    )


def _outputs(rates: Sequence[Coverage], chosen: str) -> Table:
    return Table(
        f"The chosen interval ({chosen}) output by output. Truth: the mean skill difference joint - separate on the rows "
        "beyond the draws, with its standard error. Half-width: median. Wrong: verdicts on the output alone",
        columns(
            ("Population", "Output", "Loss"),
            ("Rows", "Repeats", "Draws", "Truth", "Coverage", "Half-width", "Wrong joint", "Wrong separate", "Open"),
        ),
        tuple(
            (
                name(rate.population),
                name(rate.output),
                Cell(rate.loss),
                number(rate.rows, show.count),
                number(rate.repeats, show.count),
                number(rate.draws, show.count),
                Cell(
                    f"{show.fixed(rate.truth, 4, sign=True)} ± {show.fixed(rate.truth_error, 4)}",
                    (rate.truth, rate.truth_error),
                ),
                number(rate.coverage, percent),
                number(rate.half_width, lambda value: show.fixed(value, 4)),
                number(rate.wrong_joint, percent),
                number(rate.wrong_separate, percent),
                number(rate.open, percent),
            )
            for rate in rates
        ),
        heads=3,
        source="calibration",
    )


def _procedure(procedure: Sequence[ProcedureRates]) -> Table:
    return Table(
        "The whole procedure: rounds that stop when the table is decided or cannot be, joint taken to save. Wrong joint: "
        "joint or equivalent where some output truly loses more than the region; wrong separate: none does; not "
        "measured where the truth lies too near to the region's edge. Repeats: trained on average",
        columns(
            ("Population",),
            (
                "Rows",
                "At most",
                "Draws",
                "Joint",
                "Equivalent",
                "Separate",
                "Undecidable",
                "Open",
                "Wrong joint",
                "Wrong separate",
                "Repeats",
            ),
        ),
        tuple(
            (
                name(rates.population),
                number(rates.rows, show.count),
                number(rates.most_repeats, show.count),
                number(rates.draws, show.count),
                *(
                    number(share, percent)
                    for share in (rates.joint, rates.equivalent, rates.separate, rates.undecidable, rates.open)
                ),
                *(
                    number(None if math.isnan(share) else share, percent)
                    for share in (rates.wrong_joint, rates.wrong_separate)
                ),
                number(rates.repeats, lambda value: show.fixed(value, 1)),
            )
            for rates in procedure
        ),
        source="calibration",
    )


def _truth(trials: Sequence[Trial]) -> Table:
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
            for tally in tallies(trials)
        ),
        heads=2,
        source="calibration",
    )
