"""The share of a predicted saving that the clock saw, and an arm's FLOPs over folds, on made-up records."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.flops import arm_flops, predicted_saving
from jointbench.comparison.memory import arm_memory
from jointbench.comparison.summary.costs import ArmMemory, Ratio
from jointbench.comparison.summary.quantity import REQUEST, TRAINING_FLOPS, TRAINING_STEP, Quantity
from jointbench.records import (
    FUSED,
    SEQUENTIAL,
    SINGLE_OUTPUT,
    STOCK_LOOP,
    ExecutionMode,
    Fit,
    FlopsPerRow,
    FoldRecord,
    Memory,
    Peak,
    PlannedArm,
)
from jointbench.stats.estimate import Estimate
from jointbench.types import Arm, Network, Recipe, Shape


def planned(name: str, train: int, inference: int, ids: tuple[str, ...] = (), groups: int = 1) -> PlannedArm:
    arm = Arm(name, tuple((f"o{i}",) for i in range(groups)))
    parts = FlopsPerRow(inference - 1, train - inference - 2, 1, 2)
    return PlannedArm(
        dataset="d",
        backend="b",
        device="cpu",
        engine="stock",
        arm=arm,
        shapes=(Shape((4,)),) * groups,
        parameters=100,
        reference_parameters=100,
        train_flops_per_row=train,
        inference_flops_per_row=inference,
        network_ids=ids,
        flops=parts,
    )


def ratio(quantity: Quantity, value: float, low: float, high: float, measured: bool = True) -> Ratio:
    return Ratio(
        quantity=quantity,
        other="other",
        ratio=Estimate(value, low, high),
        floor=None,
        blocks=20,
        measured_difference=measured,
    )


STEP = Quantity(TRAINING_STEP, STOCK_LOOP)
JOINT, OTHER = planned("joint", 250, 100), planned("other", 1000, 200)


def test_a_clock_that_follows_the_flops_explains_all_of_it() -> None:
    (saving,) = predicted_saving(JOINT, OTHER, [ratio(STEP, 0.25, 0.2, 0.3)])
    assert saving.predicted == 0.25
    assert saving.share is not None
    assert saving.share.value == pytest.approx(1)
    assert saving.share.low < 1 < saving.share.high
    assert saving.reason == ""


@pytest.mark.parametrize(("achieved", "share"), [(0.5, 0.5), (0.0625, 2.0), (2.0, -0.5)])
def test_the_share_is_of_the_logarithm(achieved: float, share: float) -> None:
    """Half the saving, twice the saving, and a clock that went the other way."""
    (saving,) = predicted_saving(JOINT, OTHER, [ratio(STEP, achieved, achieved * 0.99, achieved * 1.01)])
    assert saving.share is not None
    assert saving.share.value == pytest.approx(share)
    assert saving.share.low < share < saving.share.high


def test_requests_are_held_to_inference_and_others_to_nothing() -> None:
    """A fused program or a request for one output has FLOPs of its own."""
    modes: tuple[ExecutionMode, ...] = (SEQUENTIAL, FUSED, SINGLE_OUTPUT)
    ratios = [ratio(Quantity(REQUEST, mode, 8), 0.5, 0.4, 0.6) for mode in modes]
    ratios.append(ratio(Quantity(TRAINING_FLOPS), 0.5, 0.4, 0.6))
    ratios.append(
        Ratio(
            quantity=STEP,
            other="a third",
            ratio=Estimate(0.5, 0.4, 0.6),
            floor=None,
            blocks=20,
            measured_difference=True,
        )
    )
    (saving,) = predicted_saving(JOINT, OTHER, ratios)
    assert (saving.quantity, saving.predicted) == (Quantity(REQUEST, SEQUENTIAL, 8), 0.5)


@pytest.mark.parametrize(
    ("other", "timed", "says"),
    [
        (planned("other", 260, 100), ratio(STEP, 0.5, 0.4, 0.6), "predict"),
        (OTHER, ratio(STEP, 0.9, 0.7, 1.1), "no difference measured"),
        (OTHER, ratio(STEP, 0.9, 0.85, 0.95, measured=False), "no difference measured"),
    ],
)
def test_where_a_logarithm_is_not_clear_of_zero_there_is_no_share(other: PlannedArm, timed: Ratio, says: str) -> None:
    (saving,) = predicted_saving(JOINT, other, [timed])
    assert saving.share is None
    assert says in saving.reason


def trained(fold: int, output: int, epochs: int, failure: str | None = None) -> Fit:
    network = Network(
        dataset="d",
        sha256="",
        repeat=0,
        fold=fold,
        split="",
        seed=1,
        group=(f"o{output}",),
        shape=Shape((4,)),
        recipe=Recipe(optimizer="adamw", learning_rate=1e-3, batch_size=10, weight_decay=0.1),
        backend="b",
        device="cpu",
        engine="stock",
    )
    return Fit(
        network=network,
        parameters=50,
        epochs=epochs,
        steps=3 * epochs,
        train_flops=30 * 500 * epochs,
        failure=failure,
        stopped_by="patience" if output == 0 else "limit",
    )


def cell_of(fits: list[Fit], groups: int) -> tuple[BenchmarkCell, PlannedArm]:
    arm = planned("other", 1000, 200, tuple(fit.network.id for fit in fits), groups)
    nothing = np.zeros(0)
    folds = tuple(
        FoldRecord(
            dataset="d",
            repeat=0,
            fold=i,
            folds=3,
            seed=1,
            digest="",
            outputs=("o0",),
            train_rows=15,
            validation_rows=5,
            test=np.arange(10) + 10 * i,
            y_true=nothing,
            weights=nothing,
            no_skill_error=(1.0,),
        )
        for i in range(3)
    )
    return BenchmarkCell(
        dataset="d",
        backend="b",
        device="cpu",
        planned_arms=(arm,),
        fits={fit.network.id: fit for fit in fits},
        timings=(),
        cold_starts=(),
        absences=(),
        folds=folds,
    ), arm


def test_an_arms_flops_add_up_and_carry_an_interval_over_folds() -> None:
    fits = [trained(fold, output, epochs) for fold, epochs in enumerate((2, 3, 4)) for output in range(2)]
    flops = arm_flops(*cell_of(fits, 2))
    assert flops is not None
    parts = flops.trunk_forward + flops.trunk_backward + flops.heads_forward + flops.heads_backward
    assert (parts, flops.per_step, flops.per_epoch) == (1000, 10_000, 30_000)
    assert flops.to_stop is not None
    assert flops.to_stop.value == pytest.approx(3 * flops.per_epoch)
    # Student t with 2 degrees of freedom, scale sd sqrt(1/3 + 1/2), sd = one epoch
    assert flops.to_stop.high - flops.to_stop.value == pytest.approx(4.302653 * math.sqrt(5 / 6) * 30_000, rel=1e-6)
    assert flops.to_stop.low == 0.0
    assert flops.patience_share == 0.5
    assert flops.update_flops_per_parameter == 13
    assert (flops.update_per_step, flops.update_to_stop) == (1300, 13 * 50 * 9 * 2)


def test_a_fold_with_a_failed_network_is_left_out() -> None:
    fits = [
        trained(fold, output, 2, "broke" if (fold, output) == (1, 1) else None)
        for fold in range(3)
        for output in range(2)
    ]
    fits[0] = trained(0, 0, 9)
    flops = arm_flops(*cell_of(fits, 2))
    assert flops is not None
    assert flops.to_stop is not None
    assert flops.to_stop.value == pytest.approx((9 + 2 + 2 + 2) / 4 * 30_000)


def test_nothing_trained_has_no_flops_to_the_stop() -> None:
    assert arm_flops(*cell_of([trained(0, 0, 2, "broke")], 1)) is None


def test_memory_beyond_the_frameworks_own() -> None:
    record = Memory(
        dataset="d",
        backend="b",
        device="cuda",
        arm="joint",
        artifact_bytes=7,
        training=Peak(100, 130, 40),
        serving=None,
        reason="it died",
    )
    assert arm_memory(record) == ArmMemory(
        arm="joint",
        artifact_bytes=7,
        training_peak=130,
        training_increase=30,
        training_device=40,
        serving_peak=None,
        serving_increase=None,
        serving_device=None,
        reason="it died",
    )
