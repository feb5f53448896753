"""Losses of single rows, derived from the predictions in the records: their means are the scores' differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from jointbench.comparison.cells import BenchmarkCell, cells
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.differences import paired
from jointbench.comparison.pair import CellEvidence, cell_evidence
from jointbench.comparison.row_differences import differences_of
from jointbench.metrics.quality import score
from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Score, ScoredOutput
from jointbench.stats.row_level import RowDifferences
from jointbench.types import Arm, FloatArray, Network, Output, Recipe, Shape

OUTPUTS = (Output("a", "regression"), Output("b", "binary", ("n", "y")), Output("c", "multiclass", ("p", "q", "r")))
NAMES = ("a", "b", "c")
GROUPS = {"joint": (NAMES,), "separate": (("a",), ("b",), ("c",))}
REPEATS, FOLDS, SEEDS, ROWS = 2, 3, 2, 36
LOCATION, SCALE = 50.0, 7.0


def rows_in(repeat: int, fold: int) -> FloatArray:
    return np.flatnonzero((np.arange(ROWS) + repeat) % FOLDS == fold)


def made(metrics: Sequence[str] = ("", "", ""), *, weighted: bool = False) -> list[Record]:
    """A run on made-up rows: random predictions, scored as a study scores them; some rows of "a" are not judged."""
    rng = np.random.default_rng(0)
    outputs = [replace(output, metric=metric) for output, metric in zip(OUTPUTS, metrics, strict=True)]
    y = np.stack([rng.normal(LOCATION, SCALE, ROWS), rng.integers(0, 2, ROWS), rng.integers(0, 3, ROWS)], axis=1)
    weights = rng.choice([0.25, 0.5, 1.0], (ROWS, 3))
    if not weighted:
        weights = np.ones((ROWS, 3))
    weights[::7, 0] = 0.0
    scored = tuple(
        ScoredOutput(output.kind, output.units, output.error_metric, *((LOCATION, SCALE) if i == 0 else ()))
        for i, output in enumerate(outputs)
    )
    runs = [(r, f) for r in range(REPEATS) for f in range(FOLDS)]
    folds = [
        FoldRecord(
            dataset="made",
            repeat=repeat,
            fold=fold,
            folds=FOLDS,
            seed=0,
            digest="",
            outputs=NAMES,
            train_rows=20,
            validation_rows=4,
            test=rows_in(repeat, fold),
            y_true=y[rows_in(repeat, fold)],
            weights=weights[rows_in(repeat, fold)],
            no_skill_error=(40.0 + fold, 0.5, 0.7 + 0.1 * repeat),
            scored=scored,
            row_units=rows_in(repeat, fold) // 2,
        )
        for repeat, fold in runs
    ]
    records: list[Record] = [*folds]
    for arm, groups in GROUPS.items():
        fits = [_fit(fold, group, seed, outputs, rng) for fold in folds for seed in range(SEEDS) for group in groups]
        records += [_planned(arm, groups, fits), *fits]
    return records


def _planned(arm: str, groups: tuple[tuple[str, ...], ...], fits: Sequence[Fit]) -> PlannedArm:
    return PlannedArm(
        dataset="made",
        backend="torch",
        device="cpu",
        engine="stacked",
        arm=Arm(arm, groups),
        shapes=(Shape((4,)),) * len(groups),
        parameters=100,
        reference_parameters=100,
        train_flops_per_row=50,
        inference_flops_per_row=20,
        network_ids=tuple(fit.network.id for fit in fits),
    )


def _fit(
    fold: FoldRecord, group: tuple[str, ...], seed: int, outputs: Sequence[Output], rng: np.random.Generator
) -> Fit:
    network = Network(
        dataset="made",
        sha256="",
        repeat=fold.repeat,
        fold=fold.fold,
        split="",
        seed=100 * fold.fold + seed,
        group=group,
        shape=Shape((4,)),
        recipe=Recipe(),
        backend="torch",
        device="cpu",
        engine="stacked",
    )
    columns = [NAMES.index(name) for name in group]
    parts = [rng.normal(0, 1, (len(fold.test), outputs[i].units)).astype(np.float32) for i in columns]
    scores = [_score(fold, outputs[i], i, part) for i, part in zip(columns, parts, strict=True)]
    return Fit(network=network, train_flops=1000, predictions=np.hstack(parts), scores=tuple(scores))


def _score(fold: FoldRecord, output: Output, column: int, raw: np.ndarray) -> Score:
    judged = fold.weights[:, column] > 0
    raw = raw.astype(np.float64)
    predicted = raw[:, 0] * SCALE + LOCATION if output.kind == "regression" else raw
    return score(output, fold.y_true[judged, column], predicted[judged], 1.0, fold.weights[judged, column])


def evidence_of(records: Sequence[Record]) -> CellEvidence:
    (cell,), _ = cells(records)
    return cell_evidence(cell, VerdictCriteria())


def rows_of(evidence: CellEvidence, output: int) -> RowDifferences:
    assert evidence.rows is not None
    return differences_of(evidence.losses["joint"][output], evidence.losses["separate"][output], evidence.rows)


def fold_means(differences: RowDifferences) -> FloatArray:
    """(repeats, folds, seeds)."""
    return np.stack(
        [
            [np.nanmean(differences.values[differences.fold[:, r] == f, r], axis=0) for f in range(FOLDS)]
            for r in range(REPEATS)
        ]
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metrics", [("", "", ""), ("absolute", "log", "zero-one"), ("pinball:0.9", "brier", "log")])
def test_the_mean_over_a_folds_rows_is_the_difference_of_the_skills_of_its_scores(
    metrics: tuple[str, str, str], weighted: bool
) -> None:
    evidence = evidence_of(made(metrics, weighted=weighted))
    skills = paired(evidence.skill["joint"], evidence.skill["separate"])
    assert skills.shape == (3, REPEATS, FOLDS, SEEDS)
    for output in range(3):
        assert fold_means(rows_of(evidence, output)) == pytest.approx(skills[output], rel=1e-9, abs=1e-12)


def test_rows_of_another_weight_pull_as_much_as_they_weigh() -> None:
    """The distance of a row from its fold's mean is multiplied by its weight, relative to the fold's mean weight."""
    plain, weighted = (evidence_of(made(weighted=weighted)) for weighted in (False, True))
    (cell,), _ = cells(made(weighted=True))
    fold = cell.folds[0]
    own, other = (e.losses["joint"][1][:, 0, 0][fold.test] for e in (weighted, plain))
    weights = fold.weights[:, 1]
    mean = np.average(other, weights=weights)
    assert own.mean() == pytest.approx(mean)
    assert own - mean == pytest.approx(weights / weights.mean() * (other - mean))


def test_rows_that_are_not_judged_are_not_there_and_units_stay_together() -> None:
    evidence = evidence_of(made())
    differences = rows_of(evidence, 0)
    assert np.isnan(differences.values[::7]).all()
    assert np.isfinite(np.delete(differences.values, np.s_[::7], axis=0)).all()
    assert np.isfinite(rows_of(evidence, 1).values).all()
    assert differences.units.tolist() == (np.arange(ROWS) // 2).tolist()
    for repeat in range(REPEATS):
        assert differences.fold[:, repeat].tolist() == ((np.arange(ROWS) + repeat) % FOLDS).tolist()


def test_a_fit_that_failed_or_is_missing_leaves_a_hole_and_nothing_else() -> None:
    records = made()
    whole = rows_of(evidence_of(records), 1)
    first = next(r for r in records if isinstance(r, Fit) and r.network.group == ("b",))
    for changed in (
        [replace(r, failure="broken", scores=(), predictions=r.predictions[:0]) if r is first else r for r in records],  # type: ignore[arg-type, union-attr]  # a Fit
        [r for r in records if r is not first],
    ):
        holed = rows_of(evidence_of(changed), 1)
        rows = rows_in(0, 0)
        assert np.isnan(holed.values[rows, 0, 0]).all()
        assert np.array_equal(np.isnan(holed.values).sum(), len(rows))
        assert np.array_equal(holed.values[rows, 0, 1], whole.values[rows, 0, 1])


def _believed(records: Sequence[Record]) -> tuple[bool, int]:
    evidence = evidence_of(records)
    return evidence.rows is not None, len(evidence.losses)


def test_records_without_predictions_or_of_an_older_version_have_no_rows() -> None:
    """Packed by an older version, or written by one: the folds' scores alone are compared."""
    records = made()
    old = [replace(r, scored=(), row_units=r.row_units[:0]) if isinstance(r, FoldRecord) else r for r in records]
    packed = [replace(r, predictions=r.predictions[:0]) if isinstance(r, Fit) else r for r in records]
    assert _believed(records) == (True, 2)
    assert _believed(old) == (False, 0)
    assert _believed(packed) == (True, 0)


def test_the_cell_is_the_run_whatever_the_order_of_its_folds() -> None:
    records = made()
    (cell,), _ = cells(records)
    turned = BenchmarkCell(**{**vars(cell), "folds": cell.folds[::-1]})
    one, other = (cell_evidence(c, VerdictCriteria()) for c in (cell, turned))
    assert np.array_equal(one.losses["joint"], other.losses["joint"], equal_nan=True)
