"""What sharing saves at networks of several shapes."""

from __future__ import annotations

from jointbench.explain.sharing_savings import SavingByShare
from jointbench.report.tables.answer_table import answer_table, ends
from jointbench.report.tables.table import Table


def sharing_savings_tables(data: SavingByShare, backend: str) -> tuple[Table, ...]:
    savings = ((saving.share, saving.scenario, saving.flops, *ends(saving.seconds)) for saving in data.savings)
    trends = ((trend.scenario, trend.rho, trend.low, trend.high) for trend in data.trends)
    headings = ("Trunk share", "Scenario", "FLOPs saved", "Seconds saved", "Low", "High")
    title = "What sharing saves, by the trunk's share of a network's FLOPs."
    trends_title = "Rank correlation of seconds saved with the trunk's share."
    return (
        answer_table(title, headings, savings, backend),
        answer_table(trends_title, ("Scenario", "Spearman", "Low", "High"), trends, backend),
    )
