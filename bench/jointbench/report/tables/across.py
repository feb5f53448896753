"""Joint against each other arm over all datasets."""

from __future__ import annotations

from jointbench.comparison.summary.run import Summary
from jointbench.report import format as show
from jointbench.report.tables.table import Table, columns, name, number


def across_table(summary: Summary) -> Table:
    """Joint against each other arm over all datasets, by the difference in mean skill alone."""
    numbers = (
        ("Joint better", "datasets"),
        ("Equivalent", "datasets"),
        ("Other better", "datasets"),
        ("Open", "datasets"),
        ("P(joint better)", "on a further dataset"),
        ("P(equivalent)", "on a further dataset"),
        ("P(other better)", "on a further dataset"),
    )
    return Table(
        "Across datasets: how many have each verdict on the mean skill over their outputs, cost left aside, and the "
        "Bayesian signed-rank test with one value for each dataset, from five datasets up.",
        columns(("Backend", "Device", "Against"), numbers),
        tuple(
            (
                name(comparison.backend),
                name(comparison.device),
                name(comparison.other),
                *(
                    number(value, show.count)
                    for value in (comparison.win, comparison.equivalent, comparison.lose, comparison.open)
                ),
                *(
                    number(value, show.probability)
                    for value in (
                        comparison.probability_joint_better,
                        comparison.probability_equivalent,
                        comparison.probability_other_better,
                    )
                ),
            )
            for comparison in summary.across
        ),
        heads=3,
    )
