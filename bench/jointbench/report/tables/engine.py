"""The engine's speed beside the tools people use, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from jointbench.report.tables.table import Cell, Column, Table


def engine_table(us_per_step: Mapping[str, float]) -> Table:
    """One row a contender, the slowest first. us_per_step: microseconds by contender, as engine.json has them."""
    slowest_first = sorted(us_per_step.items(), key=lambda entry: -entry[1])
    return Table(
        "How fast networks are trained: microseconds of one optimisation step of one network, wine_quality's shape "
        "(4,872 rows, 11 features, trunk 64-64, two heads, batches of 32, Adam), all in one run. "
        "stacked_N: this program's engine with N networks at a time on one core, or on every core at once; "
        "stock, keras_fit, torch_dataloader, sklearn_mlp: loops as people run them, on all cores",
        (Column("Contender"), Column("µs a step", numeric=True)),
        tuple((Cell(name), Cell(f"{us:,.1f}", (us,))) for name, us in slowest_first),
        source="engine",
    )
