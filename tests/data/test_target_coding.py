"""Names of many levels: coded by labels of the training rows, none of them a row's own, and each output by its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from jointbench.data.preprocess import MAX_CATEGORIES, Prepared, prepare
from jointbench.networks.architecture import architecture
from jointbench.study.plan import CrossValidation, Experiment, Plan, job, make_experiment, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Dataset, Output, Provenance, Split

ROWS, LEVELS = 1_200, 150
OUTPUTS = (
    Output("price", "regression"),
    Output("sold", "binary", ("no", "yes")),
    Output("note", "multiclass", tuple("abc")),
)


def made() -> Dataset:
    """Every target depends on the level of ``street``, each in a way of its own."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, LEVELS, ROWS)
    worth, liked, kind = rng.normal(size=LEVELS), rng.random(LEVELS), rng.integers(0, 3, LEVELS)
    names = pd.Categorical([f"street {i}" for i in level], [f"street {i}" for i in range(LEVELS)])
    return Dataset(
        slug="homes",
        title="Homes",
        features=pd.DataFrame({"street": names, "x": rng.normal(size=ROWS)}),
        targets={
            "price": 100 * worth[level] + rng.normal(size=ROWS),
            "sold": (liked[level] > 0.5).astype(float),
            "note": kind[level].astype(float),
        },
        outputs=OUTPUTS,
        provenance=Provenance("made up", "none", "none", "0" * 64),
    )


def split() -> Split:
    order = np.random.default_rng(1).permutation(ROWS)
    return Split(repeat=0, fold=0, folds=5, train=order[:800], validation=order[800:900], test=order[900:], seed=7)


def codes(prepared: Prepared) -> np.ndarray:  # type: ignore[type-arg]
    return prepared.features[:, prepared.features.shape[1] - len(prepared.coded) :]


def changed(rows: np.ndarray) -> Dataset:  # type: ignore[type-arg]
    """The labels of these rows are others."""
    dataset = made()
    targets = {name: values.copy() for name, values in dataset.targets.items()}
    targets["price"][rows] += 1_000
    return replace(dataset, targets=targets)


def test_there_is_a_column_for_each_number_and_class() -> None:
    prepared = prepare(made(), split())
    assert [column.output for column in prepared.coded] == [0, 1, 2, 2, 2]
    assert prepared.features.shape[1] == 1 + MAX_CATEGORIES + 5
    np.testing.assert_allclose(codes(prepared)[split().train].mean(axis=0), 0, atol=1e-5)


def test_they_tell_what_pooled_names_cannot() -> None:
    parts, dataset = split(), made()
    prepared = prepare(dataset, parts)
    without = prepared.features[:, : prepared.features.shape[1] - len(prepared.coded)]
    skills = [
        Ridge()
        .fit(x[parts.train], dataset.targets["price"][parts.train])
        .score(x[parts.test], dataset.targets["price"][parts.test])
        for x in (without, prepared.features)
    ]
    assert skills[0] < 0.6 < 0.95 < skills[1]


def test_labels_of_validation_and_test_rows_change_nothing() -> None:
    parts = split()
    others = np.concatenate([parts.validation, parts.test])
    np.testing.assert_array_equal(prepare(made(), parts).features, prepare(changed(others), parts).features)


def test_a_training_rows_own_label_is_not_among_its_features() -> None:
    """Its code, relative to that of another row of its level and part of the training rows, stays as it was."""
    parts = split()
    row = parts.train[:1]
    before, after = (codes(prepare(dataset, parts))[:, 0] for dataset in (made(), changed(row)))
    street = made().features["street"].cat.codes.to_numpy()
    same = [other for other in parts.train if street[other] == street[row[0]] and before[other] == before[row[0]]]
    assert len(same) > 1, "rows of one part have one code"
    assert np.ptp(after[same]) == 0
    moved = [other for other in parts.train if street[other] == street[row[0]] and before[other] != before[row[0]]]
    assert min(after[moved] - before[moved]) > max(after[same] - before[same]) + 0.1


def experiment() -> Experiment:
    return make_experiment(made(), ("joint", "separate"), CrossValidation(folds=2, repeats=1, seeds=1, seed=0))


def test_a_separate_network_does_not_see_what_other_outputs_labels_made() -> None:
    study = experiment()
    plan = Plan(study, *plan_arms(study, "torch", "cpu", "stock"))
    prepared = prepared_split(study, 0, 0)
    networks = {network.group: network for network in plan.networks if network.fold == 0}
    alone, together = (job(study, networks[group], prepared) for group in (("price",), ("price", "sold", "note")))
    others = prepared.columns_of_others([0])
    assert len(others) == 4 and not alone.features[:, others].any() and together.features[:, others].any()
    assert not alone.initial["trunk_0/kernel"][others].any() and together.initial["trunk_0/kernel"][others].any()
    assert alone.features.shape == together.features.shape


def test_it_answers_alike_whatever_those_columns_hold() -> None:
    pytest.importorskip("torch")
    from jointbench.backends.registry import load

    study = experiment()
    plan = Plan(study, *plan_arms(study, "torch", "cpu", "stock"))
    prepared = prepared_split(study, 0, 0)
    network = next(network for network in plan.networks if network.group == ("price",) and network.fold == 0)
    alone = job(study, network, prepared)
    backend = load("torch", "cpu", 1)
    weights = backend.steps(alone, 20)
    built = architecture(network.shape, study.input_shape, study.outputs(network.group))
    rows = alone.test[:20]
    zeros, as_they_are = (backend.server([(built, weights)])(x[rows])[0] for x in (alone.features, prepared.features))
    np.testing.assert_array_equal(zeros, as_they_are)
