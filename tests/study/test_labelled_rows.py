"""Missing labels: each network trains on its own labelled rows, and is charged for these alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.data.catalog import load_bundled
from jointbench.metrics.reference_models import LINEAR, reference_predictions
from jointbench.records import Fit, FoldRecord, PlannedArm
from jointbench.study.plan import CrossValidation, Experiment, job, make_experiment, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Dataset, Engine, Network
from trained_records import one_of_two, table, trained

VALIDATION = CrossValidation(folds=3, repeats=1, seeds=1, seed=0)
# Of the ids and rows of the networks at profile quick, computed before networks were given their labelled rows alone.
BEFORE = {
    "auto_mpg": "00c6e6130c2b18dc",
    "concrete_slump": "fc8586ce23ec109c",
    "hr_attrition": "46001856e13adafc",
    "meat_spectra": "ebdc188995c445f8",
}


def networks_of(data: Dataset, *arms: str) -> tuple[Experiment, list[Network]]:
    experiment = make_experiment(data, arms, VALIDATION)
    return experiment, plan_arms(experiment, "torch", "cpu", "stacked")[1]


def test_a_network_gets_the_rows_with_a_label_of_any_of_its_outputs() -> None:
    data = one_of_two()
    experiment, networks = networks_of(data, "joint", "separate")
    for network in networks:
        split = experiment.splits[network.fold]
        task = job(experiment, network, prepared_split(experiment, 0, network.fold))
        known = np.any([~np.isnan(data.targets[name]) for name in network.group], axis=0)
        for part, rows in (("train", task.train), ("validation", task.validation)):
            assert rows.tolist() == [row for row in getattr(split, part) if known[row]]
            assert (task.weights[rows] > 0).any(axis=1).all()
        assert np.array_equal(task.test, split.test), "every test row gets an answer"


def test_rows_without_any_label_are_nobodys() -> None:
    data = one_of_two()
    data.targets["y1"][:40] = data.targets["y2"][:40] = np.nan
    experiment, networks = networks_of(data, "joint")
    for network in networks:
        task = job(experiment, network, prepared_split(experiment, 0, network.fold))
        assert min(*task.train, *task.validation) >= 40


def test_missing_labels_are_counted_in_a_note() -> None:
    notes = " ".join(networks_of(one_of_two(), "joint")[0].dataset.notes)
    known = [int((~np.isnan(values)).sum()) for values in one_of_two().targets.values()]
    assert f"Rows with a label, of 240: y1 {known[0]}, y2 {known[1]}." in notes


@pytest.mark.parametrize("engine", ["stacked", "stock"])
def test_where_every_row_has_one_of_two_labels_joint_costs_what_separate_does(engine: Engine) -> None:
    """Charged for rows without a label, two networks would seem to cost twice as much as one."""
    experiment = make_experiment(one_of_two(), ["joint", "separate"], replace(VALIDATION, max_epochs=3))
    records = trained(experiment, engine)
    fits = {fit.network.id: fit for fit in records if isinstance(fit, Fit)}
    arms = [
        [fits[network_id] for network_id in planned.network_ids]
        for planned in records
        if isinstance(planned, PlannedArm)
    ]
    assert all(fit.failure is None and fit.epochs == 3 for fit in fits.values())
    joint, separate = (sum(fit.train_flops for fit in arm) for arm in arms)
    assert joint / separate == pytest.approx(1.0, abs=0.05)
    for fit in fits.values():
        rows = len(experiment.labelled(experiment.splits[fit.network.fold].train, fit.network.group))
        assert fit.train_flops == 3 * rows * fit.flops_per_row
        assert fit.steps == 3 * -(-rows // 16)
    (cell,) = summarise(records, described(records), profile="p", engine=engine, command="c", notes=()).cells
    for flops, arm in zip(cell.flops, arms, strict=True):
        assert flops.per_epoch == pytest.approx(sum(fit.train_flops for fit in arm) / 3 / 3)


def test_an_output_without_labels_in_the_latest_rows_is_trained_to_the_end() -> None:
    """It kept its first epoch: no validation row had a label, so that no later epoch was better. Ridge has skill 1."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 2))
    early = np.where((np.arange(240) % 80) < 60, x @ [1.0, 2.0], np.nan)
    data = table(x, {"full": x @ [2.0, -1.0], "early": early}, time=np.arange(240.0))
    experiment = make_experiment(data, ["separate"], replace(VALIDATION, folds=2, max_epochs=60))
    assert any("earlier ones do" in note for note in experiment.dataset.notes)
    records = trained(experiment)
    folds = {fold.fold: fold for fold in records if isinstance(fold, FoldRecord)}
    fits = [fit for fit in records if isinstance(fit, Fit) and fit.network.group == ("early",)]
    assert len(fits) == 2
    for fit in fits:
        no_skill, split = folds[fit.network.fold].no_skill_error[1], experiment.splits[fit.network.fold]
        parts = (split.train, split.validation, split.test)
        ridge = reference_predictions(LINEAR, data.outputs[1], x.astype(np.float32), early, parts)
        error = float(np.nanmean((ridge - early[split.test]) ** 2))
        assert 1 - error / no_skill > 0.999
        assert 1 - fit.scores[0].error / no_skill > 0.9
        assert fit.best_epoch > 5


@pytest.mark.parametrize("slug", BEFORE)
def test_a_table_without_gaps_trains_the_same_networks_on_the_same_rows(slug: str) -> None:
    validation = CrossValidation(folds=5, repeats=1, seeds=1, seed=0, max_rows=3_000)
    experiment = make_experiment(load_bundled(slug), ["joint", "separate", "separate-matched"], validation)
    digest = hashlib.sha256()
    for network in plan_arms(experiment, "torch", "cpu", "stacked")[1]:
        task = job(experiment, network, prepared_split(experiment, network.repeat, network.fold))
        digest.update(network.id.encode())
        for rows in (task.train, task.validation, task.test):
            digest.update(rows.astype(np.int64).tobytes())
        digest.update((task.weights > 0).tobytes())
    assert digest.hexdigest()[:16] == BEFORE[slug]
