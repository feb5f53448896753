"""Weights of rows and of classes in training, in the no-skill predictor, and in errors and metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.comparison.cells import cells
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.pair import cell_evidence
from jointbench.data.preprocess import in_units
from jointbench.metrics.reference_models import LINEAR, TREES, reference_predictions
from jointbench.metrics.row_losses import row_losses
from jointbench.records import Fit, FoldRecord, Record, Reference
from jointbench.study.plan import CrossValidation, Experiment, job, make_experiment, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.references import references
from jointbench.types import Dataset, FloatArray, Output
from trained_records import table, trained

RARE = Output("rare", "binary", ("no", "yes"))
OUTPUTS = (Output("y", "regression"), RARE)
VALIDATION = CrossValidation(folds=2, repeats=1, seeds=1, seed=0, max_epochs=8)


def data(rows: int = 240) -> Dataset:
    """A number and a class of one row in eight, which its features tell badly."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, 3))
    rare = x[:, 0] + rng.normal(size=rows) > np.sqrt(2) * 1.15
    return table(x, {"y": x @ [1.0, 2.0, 0.0] + rng.normal(size=rows), "rare": rare.astype(float)}, OUTPUTS)


def weights_of(rows: int = 240) -> FloatArray:
    weights = np.random.default_rng(2).choice([0.25, 0.5, 1.0], rows)
    weights[0] = 1.0
    return np.asarray(weights)


def experiment_of(dataset: Dataset, *arms: str) -> Experiment:
    return make_experiment(dataset, arms or ("joint",), VALIDATION)


def folds_and_fits(records: list[Record]) -> list[tuple[FoldRecord, Fit]]:
    folds = {record.fold: record for record in records if isinstance(record, FoldRecord)}
    return [(folds[fit.network.fold], fit) for fit in records if isinstance(fit, Fit)]


def predicted(experiment: Experiment, fit: Fit) -> list[FloatArray]:
    prepared = prepared_split(experiment, 0, fit.network.fold)
    return in_units(fit.predictions, experiment.dataset.outputs, (0, 1), prepared)


def test_errors_and_metrics_are_weighted_means_of_the_rows() -> None:
    weights = weights_of()
    experiment = experiment_of(replace(data(), row_weights=weights))
    for fold, fit in folds_and_fits(trained(experiment)):
        split = experiment.splits[fold.fold]
        number, logits = predicted(experiment, fit)
        y, c = (experiment.dataset.targets[name][split.test] for name in ("y", "rare"))
        own, trained_on = weights[split.test], weights[split.train]
        assert np.array_equal(fold.weights, np.stack([own, own], axis=1))
        assert fit.scores[0].error == pytest.approx(np.average((y - number) ** 2, weights=own))
        assert fit.scores[0].metrics["rmse"] == pytest.approx(np.sqrt(np.average((y - number) ** 2, weights=own)))
        assert fit.scores[1].error == pytest.approx(np.average(row_losses("brier", c, logits), weights=own))
        assert fit.scores[1].metrics["accuracy"] == pytest.approx(np.average((logits[:, 0] > 0) == c, weights=own))
        mean = np.average(experiment.dataset.targets["y"][split.train], weights=trained_on)
        assert fold.no_skill_error[0] == pytest.approx(np.average((y - mean) ** 2, weights=own))
        share = np.average(experiment.dataset.targets["rare"][split.train], weights=trained_on)
        assert fold.no_skill_error[1] == pytest.approx(np.average(2 * (c - share) ** 2, weights=own), rel=0.02)


def test_equal_weights_give_the_records_of_no_weights() -> None:
    plain, equal = (trained(experiment_of(one)) for one in (data(), replace(data(), row_weights=np.ones(240))))
    for (fold, fit), (other_fold, other) in zip(folds_and_fits(plain), folds_and_fits(equal), strict=True):
        assert np.array_equal(fit.predictions, other.predictions)
        assert np.array_equal(fold.weights, other_fold.weights)
        assert fold.no_skill_error == other_fold.no_skill_error
        assert [score.error for score in fit.scores] == pytest.approx([score.error for score in other.scores])


def test_weights_make_other_networks() -> None:
    plain, weighted = data(), replace(data(), row_weights=weights_of())
    changed = (plain, weighted, replace(plain, class_weight="balanced"), replace(weighted, class_weight="balanced"))
    ids = [plan_arms(experiment_of(one), "torch", "cpu", "stacked")[1][0].id for one in changed]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("own", [False, True], ids=["alone", "with row weights"])
def test_balanced_classes_weigh_the_same_in_training_and_in_the_error(own: bool) -> None:
    dataset = replace(data(), class_weight="balanced", row_weights=weights_of() if own else None)
    experiment = experiment_of(dataset)
    rows = np.ones(240) if dataset.row_weights is None else dataset.row_weights
    codes = dataset.targets["rare"]
    _, networks = plan_arms(experiment, "torch", "cpu", "stacked")
    for network in networks:
        split = experiment.splits[network.fold]
        count = np.bincount(codes[split.train].astype(int))
        by_class = len(split.train) / (2 * count[codes.astype(int)])
        task = job(experiment, network, prepared_split(experiment, 0, network.fold))
        assert task.weights[:, 0] == pytest.approx(rows)
        assert task.weights[:, 1] == pytest.approx(by_class * rows, rel=1e-6)
    for fold, fit in folds_and_fits(trained(experiment)):
        split = experiment.splits[fold.fold]
        _, logits = predicted(experiment, fit)
        count = np.bincount(codes[split.train].astype(int))
        tested = rows[split.test] / count[codes[split.test].astype(int)]
        assert 0 < fold.weights.min() <= fold.weights.max() <= 1
        assert fold.weights[:, 1] / fold.weights[0, 1] == pytest.approx(tested / tested[0])
        losses = row_losses("brier", codes[split.test], logits)
        assert fit.scores[1].error == pytest.approx(np.average(losses, weights=tested))
        right = (logits[:, 0] > 0) == codes[split.test]
        assert fit.scores[1].metrics["accuracy"] == pytest.approx(np.average(right, weights=rows[split.test]))
        assert own or fold.no_skill_error[1] == pytest.approx(0.5, rel=0.05)


def test_networks_and_reference_models_find_more_of_a_rare_class_where_classes_are_balanced() -> None:
    recalls = []
    for dataset in (data(), replace(data(), class_weight="balanced")):
        experiment = experiment_of(dataset)
        fits = [fit for _, fit in folds_and_fits(trained(experiment))]
        models = list(references([experiment], 1, lambda *_: None))
        linear = [model for model in models if isinstance(model, Reference) and model.output == "rare"]
        scores = [fit.scores[1] for fit in fits], [model.score for model in linear if model.score is not None]
        recalls.append([np.mean([score.metrics["balanced_accuracy"] or 0.0 for score in one]) for one in scores])
    assert recalls[1][0] > recalls[0][0] + 0.05
    assert recalls[1][1] > recalls[0][1] + 0.05


def test_losses_of_single_rows_add_up_to_the_weighted_skill() -> None:
    """Verdicts are made from single rows, tables from errors: both must see the same weights."""
    experiment = experiment_of(replace(data(), class_weight="balanced", row_weights=weights_of()), "joint", "separate")
    (cell,), _ = cells(trained(experiment))
    evidence = cell_evidence(cell, VerdictCriteria())
    assert evidence.rows is not None
    for arm in ("joint", "separate"):
        for fold in range(2):
            tested = evidence.rows.fold[:, 0] == fold
            from_rows = 1 - np.nanmean(evidence.losses[arm][:, tested, 0, 0], axis=1)
            assert from_rows == pytest.approx(evidence.skill[arm].value[:, 0, fold, 0])


@pytest.mark.parametrize("model", [LINEAR, TREES])
@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.kind)
def test_a_reference_model_takes_a_weight_of_two_as_two_rows(model: str, output: Output) -> None:
    dataset = data(400)
    x = np.asarray(dataset.features, np.float32)
    values = dataset.targets[output.name]
    parts = np.arange(200), np.arange(200, 300), np.arange(300, 400)
    weights = np.ones(400)
    weights[:300:3] = 2
    repeated = [np.concatenate([part, part[part % 3 == 0]]) for part in parts[:2]]
    weighted = reference_predictions(model, output, x, values, parts, weights)
    plain = reference_predictions(model, output, x, values, parts)
    doubled = reference_predictions(model, output, x, values, (repeated[0], repeated[1], parts[2]))
    if model == LINEAR:
        assert weighted == pytest.approx(doubled, rel=0.05, abs=0.02)
    assert np.abs(weighted - plain).max() > 1e-3
