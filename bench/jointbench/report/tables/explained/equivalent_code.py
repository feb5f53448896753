"""How far the same network written in other ways is from itself."""

from __future__ import annotations

from jointbench.explain.equivalent_code import EPOCHS, CodeComparison
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def equivalent_code_tables(data: CodeComparison, backend: str) -> tuple[Table, ...]:
    rows = (
        (difference.pattern, difference.precision, difference.gradients, difference.losses)
        for difference in data.differences
    )
    headings = (
        "Against a head an output",
        "Precision",
        "Largest relative difference of a gradient",
        f"of a loss in {EPOCHS} epochs",
    )
    title = f"The same network written in other ways, on {' and '.join(data.outputs)}."
    return (answer_table(title, headings, rows, backend),)
