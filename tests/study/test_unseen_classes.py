"""Classes that training never saw: their rows are nobody's merit, and a note says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.errors import BadInput
from jointbench.explain.skill import check_judged, no_skill_errors, skill_of, skills, split_keys
from jointbench.records import Fit, FoldRecord, Record
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.references import references
from jointbench.types import Dataset, Output
from trained_records import table, trained

VALIDATION = CrossValidation(folds=2, repeats=1, seeds=1, seed=0, max_epochs=2)
OUTPUTS = (Output("price", "regression"), Output("phase", "multiclass", ("a", "b", "c")))


def late_class() -> Dataset:
    """Class c begins where the rows of the second fold's test part do."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 2))
    phase = (x[:, 0] > 0).astype(float)
    phase[160:] = 2
    return table(x, {"price": x @ [2.0, -1.0], "phase": phase}, OUTPUTS, np.arange(240.0))


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return make_experiment(late_class(), ["joint", "separate"], VALIDATION)


@pytest.fixture(scope="module")
def records(experiment: Experiment) -> list[Record]:
    return trained(experiment)


def test_a_note_names_output_class_and_fold(experiment: Experiment) -> None:
    notes = " ".join(experiment.dataset.notes)
    assert "phase: fold 2 trains without 'c' (80 test rows)" in notes
    assert "phase is not judged in fold 2" in notes
    assert "price" not in notes


def test_what_cannot_be_judged_has_no_score_and_no_weight(records: list[Record]) -> None:
    first, second = (fold for fold in records if isinstance(fold, FoldRecord))
    assert first.weights.all()
    assert second.weights[:, 0].all()
    assert not second.weights[:, 1].any()
    for fit in (record for record in records if isinstance(record, Fit)):
        expected = [name for name in fit.network.group if (name, fit.network.fold) != ("phase", 1)]
        assert [score.output for score in fit.scores] == expected
        assert fit.failure is None


def test_a_fold_that_cannot_be_judged_is_no_failure(records: list[Record]) -> None:
    summary = summarise(records, described(records), profile="p", engine="stacked", command="c", notes=())
    (cell,) = summary.cells
    assert {d.output: (d.pairs, d.pairs_lost) for d in cell.differences} == {"price": (2, 0), "phase": (1, 0)}
    assert "1 fold of phase is too few" in cell.decisions[0].reason
    assert cell.decisions[0].failures == 0
    assert not cell.failed


def test_a_class_constant_within_groups_gives_no_skill() -> None:
    """Skill was +0.70 at an accuracy of 0.25: the answer was wrong, and less sure than the training frequencies."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 2))
    group = np.arange(240) // 60
    outputs = (Output("price", "regression"), Output("pos", "binary", ("no", "yes")))
    data = table(x, {"price": x @ [1.0, 1.0], "pos": (group == 0).astype(float)}, outputs)
    chosen = make_experiment(replace(data, groups=group), ["joint", "separate"], VALIDATION)
    notes = " ".join(chosen.dataset.notes)
    assert "pos: fold 1 trains without" in notes
    records = trained(chosen)
    summary = summarise(records, described(records), profile="p", engine="stacked", command="c", notes=())
    for quality in summary.cells[0].quality:
        assert quality.output == "price" or not quality.skill > 0
        assert np.isfinite(quality.skill) == (quality.output == "price")


def test_reference_models_are_fitted_where_they_can_be_judged(experiment: Experiment) -> None:
    done = {(r.output, r.fold): r for r in references([experiment], 1, lambda *_: None)}
    assert set(done) == {("price", 0), ("price", 1), ("phase", 0)}
    assert all(r.score is not None for r in done.values())


def test_explained_skill_leaves_the_fold_out(experiment: Experiment, records: list[Record]) -> None:
    fits = [r for r in records if isinstance(r, Fit) and len(r.network.group) == 2]
    by_output = skills(experiment, fits, split_keys(experiment))
    assert np.isfinite(by_output["price"]).all()
    assert np.isfinite(by_output["phase"]).tolist() == [True, False]
    assert np.isfinite(no_skill_errors(experiment)["phase"][0])
    with pytest.raises(BadInput, match=r"'phase' cannot be judged in fold 2"):
        check_judged(experiment)
    assert np.isnan(skill_of(experiment, "phase", experiment.splits[1], np.zeros((80, 3))))
