"""The spread that is simulated is the one in the records, arm against arm, seed by seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.calibration.noise import observed_noise, skill_differences
from jointbench.compare.cells import cells
from jointbench.errors import BadInput
from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Score
from jointbench.stats.variance_components import CVDesign, estimate_components
from jointbench.types import Arm, FloatArray, Network, Recipe, Shape

REPEATS, FOLDS, SEEDS = 2, 3, 2
OUTPUTS = ("a", "b")
JOINT, SEPARATE = Arm("joint", (OUTPUTS,)), Arm("separate", (("a",), ("b",)))


def records(errors: dict[str, FloatArray], seeds: int = SEEDS, lost: int = 0) -> list[Record]:
    """A run of both arms. errors: by arm, (outputs, repeats, folds, seeds); the no-skill error is 2 everywhere."""
    folds = [fold_record(repeat, fold) for repeat in range(REPEATS) for fold in range(FOLDS)]
    arms = [record for arm in (JOINT, SEPARATE) for record in arm_records(arm, errors[arm.name], seeds, lost)]
    return [*folds, *arms]


def fold_record(repeat: int, fold: int) -> FoldRecord:
    return FoldRecord(
        dataset="d",
        repeat=repeat,
        fold=fold,
        folds=FOLDS,
        seed=0,
        digest="",
        outputs=OUTPUTS,
        train_rows=8,
        validation_rows=2,
        test=np.arange(4),
        y_true=np.zeros((4, 2)),
        weights=np.ones((4, 2)),
        no_skill_error=(2.0, 2.0),
    )


def arm_records(arm: Arm, errors: FloatArray, seeds: int, lost: int) -> list[Record]:
    """The arm and its fits, of which the first ``lost`` failed."""
    fits = [
        fit_record(group, (repeat, fold, seed), errors)
        for repeat, fold, seed in np.ndindex(REPEATS, FOLDS, seeds)
        for group in arm.groups
    ]
    fits[:lost] = [replace(fit, scores=(), failure="diverged") for fit in fits[:lost]]
    planned = PlannedArm(
        dataset="d",
        backend="torch",
        device="cpu",
        engine="stacked",
        arm=arm,
        shapes=(Shape((2,)),) * len(arm.groups),
        parameters=1,
        reference_parameters=1,
        train_flops_per_row=1,
        inference_flops_per_row=1,
        network_ids=tuple(fit.network.id for fit in fits),
    )
    return [planned, *fits]


def fit_record(group: tuple[str, ...], run: tuple[int, int, int], errors: FloatArray) -> Fit:
    repeat, fold, seed = run
    network = Network(
        dataset="d",
        sha256="",
        repeat=repeat,
        fold=fold,
        split="",
        seed=100 * repeat + 10 * fold + seed,
        group=group,
        shape=Shape((2,)),
        recipe=Recipe(),
        backend="torch",
        device="cpu",
        engine="stacked",
    )
    scores = tuple(Score(name, float(errors[(OUTPUTS.index(name), *run)]), {}) for name in group)
    return Fit(network=network, scores=scores)


@pytest.fixture
def errors() -> dict[str, FloatArray]:
    generator = np.random.default_rng(0)
    return {name: generator.uniform(0.5, 1.5, (2, REPEATS, FOLDS, SEEDS)) for name in ("joint", "separate")}


def test_differences_are_joint_less_separate_in_skill(errors: dict[str, FloatArray]) -> None:
    (cell,), _ = cells(records(errors))
    assert skill_differences(cell) == pytest.approx((errors["separate"] - errors["joint"]) / 2.0)


def test_a_failed_fit_leaves_a_gap_and_nothing_moves(errors: dict[str, FloatArray]) -> None:
    (cell,), _ = cells(records(errors, lost=1))
    expected = (errors["separate"] - errors["joint"]) / 2.0
    expected[:, 0, 0, 0] = np.nan  # joint's first fit, and separate's first, which holds output a
    assert skill_differences(cell) == pytest.approx(expected, nan_ok=True)


def test_the_spread_is_estimated_for_every_output(errors: dict[str, FloatArray]) -> None:
    observed = observed_noise(records(errors))
    assert [(output.dataset, output.output, output.seen_in) for output in observed] == [
        ("d", name, CVDesign(FOLDS, REPEATS, SEEDS)) for name in OUTPUTS
    ]
    for output, differences in zip(observed, (errors["separate"] - errors["joint"]) / 2.0, strict=True):
        expected = estimate_components(differences)
        assert output.spread.within == pytest.approx(expected.within)
        assert output.spread.between == pytest.approx(expected.between)
        assert output.within_sd == pytest.approx(np.sqrt(expected.within))


def test_one_seed_or_one_arm_is_not_enough(errors: dict[str, FloatArray]) -> None:
    with pytest.raises(BadInput, match="one seed per fold"):
        observed_noise(records(errors, seeds=1))
    with pytest.raises(BadInput, match="no two arms"):
        observed_noise(
            [record for record in records(errors) if not (isinstance(record, PlannedArm) and record.arm == JOINT)]
        )
