"""A mean that is not over all folds says over how many it is: in the summary, and on the page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import Summary
from jointbench.records import Fit, FoldRecord, Record, Reference, Score
from jointbench.report.tables.quality import fold_table, quality_tables
from planted import two_arms

FOLDS = 5


def score(error: float, fold: int) -> Score:
    """ROC AUC exists on the first fold alone: all test rows of the others are of one class."""
    return Score("a", error, {"accuracy": 0.9, "roc_auc": 0.75 if fold == 0 else None})


def summary(failed: frozenset[tuple[str, int, int, int]] = frozenset()) -> Summary:
    """Two arms and a reference model on one output in five folds, two seeds in each."""
    records: list[Record] = []
    for record in two_arms([0.0], shape=(1, FOLDS, 2), failed=failed).records():
        if isinstance(record, Fit):
            fold = record.network.fold
            records.append(replace(record, scores=tuple(score(s.error, fold) for s in record.scores)))
            continue
        if isinstance(record, FoldRecord):
            records.append(
                Reference(
                    dataset=record.dataset,
                    repeat=0,
                    fold=record.fold,
                    model="logistic",
                    output="a",
                    score=score(0.5, record.fold),
                )
            )
        records.append(record)
    return summarise(records, described(records), profile="p", engine="stacked", command="", notes=())


def test_the_summary_counts_the_folds_of_a_metric_that_some_lack() -> None:
    made = summary()
    for quality in (*made.cells[0].quality, *made.datasets[0].references):
        assert quality.metrics == {"accuracy": 0.9, "roc_auc": 0.75}
        assert quality.metric_folds == {"roc_auc": 1}  # of two seeds, one fold


def test_the_page_says_so() -> None:
    made = summary()
    (table,) = quality_tables(made.cells[0], made.datasets[0])
    for row in table.rows:
        assert [cell.text for cell in row[-2:]] == ["0.900", "0.750 over 1 of 5 folds"]
        assert row[-1].values == (0.75, 1, 5)
        assert "of 5" not in row[2].text


def test_a_failed_fold_is_missing_from_every_mean() -> None:
    made = summary(failed=frozenset(("separate", 0, 3, seed) for seed in range(2)))
    by_model = {quality.model: quality for quality in made.cells[0].quality}
    assert by_model["separate"].metric_folds == {"accuracy": 4, "roc_auc": 1}
    assert by_model["joint"].metric_folds == {"roc_auc": 1}
    skills = {row[1].text: row[2] for row in quality_tables(made.cells[0], made.datasets[0])[0].rows}
    assert skills["separate"].text.endswith("over 4 of 5 folds")
    assert np.isclose(skills["separate"].values[0], 0.5)
    assert "of 5" not in skills["joint"].text
    assert any("over 4 of 5 folds" in row[2].text for row in fold_table(made.cells[0], made.datasets[0]).rows)
