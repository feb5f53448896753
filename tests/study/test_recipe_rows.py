"""The recipe is for the rows that are trained on, however many the file has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jointbench.comparison.summary.recipe import recipe_summary
from jointbench.report.recipe import brief_recipe, recipe_facts
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import Dataset, Output, Provenance, Recipe, Shape

VALIDATION = CrossValidation(folds=5, repeats=1, seeds=1, seed=0, max_rows=3_000)


def table(rows: int) -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(
        slug="table",
        title="Table",
        features=pd.DataFrame({"x": rng.normal(size=rows)}),
        targets={"y": rng.normal(size=rows)},
        outputs=(Output("y", "regression"),),
        provenance=Provenance("made up", "none", "none", "0" * 64),
    )


def test_a_large_file_is_trained_as_the_rows_that_are_left_of_it_are() -> None:
    """A file of 200,000 rows was trained with batches of 256, eight steps an epoch, on 3,000 of them."""
    large, small = (make_experiment(table(rows), ["joint"], VALIDATION) for rows in (12_000, 3_000))
    assert large.dataset.rows == small.dataset.rows == 3_000
    assert (large.recipe, large.shape) == (small.recipe, small.shape)
    assert large.recipe.batch_size == 32
    whole = make_experiment(table(12_000), ["joint"], replace(VALIDATION, max_rows=None))
    assert whole.recipe.batch_size > 32


def test_the_report_says_which_recipe_and_on_how_many_rows() -> None:
    experiment = make_experiment(table(8_000), ["joint"], VALIDATION)
    summary = recipe_summary(experiment.recipe_rows, experiment.recipe, experiment.shape, experiment.splits)
    facts = dict(recipe_facts(summary))
    assert facts["Trained on"] == "2,000 rows"
    assert facts["Base shape"] == "chosen for 3,000 rows: trunk 64-64"
    assert facts["Recipe"].startswith("chosen for 3,000 rows: adamw")
    for words in ("batches of 32", "at most 200 epochs", "stopped after 20 without"):
        assert words in facts["Recipe"]
    for words in ("2,000 rows", "trunk 64-64", "batches of 32", "patience 20"):
        assert words in brief_recipe(summary)


@pytest.mark.parametrize("own", [{"recipe": Recipe(batch_size=7)}, {"shape": Shape((5,), (3, 2))}])
def test_a_datasets_own_recipe_is_not_said_to_be_chosen_by_rows(own: dict[str, Recipe | Shape]) -> None:
    experiment = make_experiment(replace(table(200), **own), ["joint"], VALIDATION)  # type: ignore[arg-type]  # one of two
    summary = recipe_summary(experiment.recipe_rows, experiment.recipe, experiment.shape, experiment.splits)
    assert all("chosen for" not in text for _, text in recipe_facts(summary))
    assert summary.batch_size == experiment.recipe.batch_size
    assert summary.trunk == experiment.shape.trunk
