"""The page says what the networks of a dataset were trained with, and on how many rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jointbench.comparison.summary.recipe import RecipeSummary
from jointbench.report.page import render

RECIPE = RecipeSummary(
    rows=3_000,
    fewest_trained=1_990,
    most_trained=2_010,
    trunk=(64, 64),
    head=(16,),
    channels=(),
    optimizer="adamw",
    learning_rate=3e-3,
    batch_size=32,
    max_epochs=200,
    patience=20,
    weight_decay=0.3,
)


def test_rows_widths_batch_and_patience_are_in_the_datasets_section(maker: Callable[..., Any]) -> None:
    summary = maker().summary()
    datasets = tuple(replace(dataset, recipe=RECIPE) for dataset in summary.datasets)
    page = render(replace(summary, datasets=datasets), {}, "", fits=[])
    assert page.count("1,990 to 2,010 rows") == len(datasets)
    assert "chosen for 3,000 rows: trunk 64-64, each head 16" in page
    assert "batches of 32, at most 200 epochs, stopped after 20 without progress" in page


def test_an_older_runs_page_has_the_recipe_of_its_fits(maker: Callable[..., Any]) -> None:
    made = maker()
    page = render(made.summary(), {}, "", fits=made.fits())
    assert "Trained on" not in page
    assert "stopped after" in page


def test_hidden_layers_that_are_not_plain_are_named(maker: Callable[..., Any]) -> None:
    """In the base shape, the arms' drawings, and a column of the table of FLOPs, which other pages have not."""
    summary = maker().summary()
    plain = render(summary, {}, "", fits=[])
    recipe = replace(RECIPE, trunk=(8, 16), head=(), residual=True, norm="layer", dropout=0.1)
    cells = tuple(
        replace(
            cell,
            costs=tuple(replace(cost, residual=True, trunk=(8, 16)) for cost in cell.costs),
            flops=tuple(replace(flops, elementwise_per_row=123_456) for flops in cell.flops),
        )
        for cell in summary.cells
    )
    datasets = tuple(replace(dataset, recipe=recipe) for dataset in summary.datasets)
    page = render(replace(summary, datasets=datasets, cells=cells), {}, "", fits=[])
    assert "residual trunk (stream, then blocks) 8-16, layer normalisation, dropout 0.1" in page
    assert "; residual trunk 8-16; " in page
    assert "123 kFLOP" in page
    assert "residual sums" in page
    assert "residual" not in plain
