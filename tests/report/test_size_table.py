"""The table of how large each arm is."""

from __future__ import annotations

from dataclasses import replace

from jointbench.report.tables.sizes import size_table
from summary_maker import SummaryMaker, figure_inputs


def test_what_is_served_has_a_column_where_it_is_more_than_what_was_trained(small: SummaryMaker) -> None:
    _, cell, *_ = figure_inputs(small)
    apart = replace(cell.costs[0], arm="joint-checkpointed", checkpoint="output", served_parameters=12_345)
    table = size_table(replace(cell, costs=(*cell.costs, apart)))
    column = [head.title for head in table.columns].index("Parameters served")
    assert [row[column].text for row in table.rows] == [
        *(f"{cost.parameters:,}" for cost in cell.costs),
        "12,345",
    ]
    assert "Parameters served" not in [head.title for head in size_table(cell).columns]
