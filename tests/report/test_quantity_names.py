"""What a ratio is of, as the comparison says it, the report words it and files name it."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.ratios import flops_ratio, paired_ratios
from jointbench.comparison.summary.quantity import REQUEST, TRAINING_FLOPS, TRAINING_STEP, Quantity, quantity_name
from jointbench.records import ExecutionMode, Fit, FoldRecord, PlannedArm, Scenario, Timing, Variant
from jointbench.report import format as show
from jointbench.types import Arm, Network, Recipe, Shape

FOLDS, WIDTHS = (0, 1), (4, 8)


@pytest.mark.parametrize(
    ("scenario", "path", "quantity", "words", "name"),
    [
        ("training", "stock loop", Quantity(TRAINING_STEP, "stock loop"), "training step", "training step"),
        ("training", "engine", Quantity(TRAINING_STEP, "engine"), "training step, engine", "training step"),
        ("request", "in turn", Quantity(REQUEST, "in turn", 8), "request, batch 8", "request, batch 8"),
        ("request", "fused", Quantity(REQUEST, "fused", 8), "request, batch 8, fused", "request, batch 8"),
    ],
)
def test_a_timed_ratio_has_its_quantity_words_and_name(
    scenario: Scenario, path: ExecutionMode, quantity: Quantity, words: str, name: str
) -> None:
    timing = Timing(
        dataset="d",
        backend="b",
        device="cpu",
        scenario=scenario,
        batch_size=8,
        threads=1,
        variants=(Variant("joint", path), Variant("other", path)),
        block=4,
        order=(0, 1, 1, 0) * 2,
        seconds=np.linspace(1, 2, 8)[:, None],
        load=np.zeros(2),
    )
    (ratio,) = paired_ratios(timing, "joint")
    assert ratio.quantity == quantity
    assert (show.quantity(quantity), quantity_name(quantity)) == (words, name)


def test_the_flops_ratio_has_its_quantity_words_and_name() -> None:
    fits = {fit.network.id: fit for fit in (_fit(fold, width) for fold in FOLDS for width in WIDTHS)}
    arms = tuple(_planned_arm(width, fits) for width in WIDTHS)
    cell = BenchmarkCell(
        dataset="d",
        backend="b",
        device="cpu",
        planned_arms=arms,
        fits=fits,
        timings=(),
        cold_starts=(),
        absences=(),
        folds=tuple(_fold_record(fold) for fold in FOLDS),
    )
    ratio = flops_ratio(cell, *arms)
    assert ratio is not None
    assert ratio.quantity == Quantity(TRAINING_FLOPS)
    assert show.quantity(ratio.quantity) == quantity_name(ratio.quantity) == "training FLOPs to the stop"


def _fit(fold: int, width: int) -> Fit:
    network = Network(
        dataset="d",
        sha256="",
        repeat=0,
        fold=fold,
        split="",
        seed=1,
        group=("a",),
        shape=Shape((width,)),
        recipe=Recipe(),
        backend="b",
        device="cpu",
        engine="stock",
    )
    return Fit(network=network, train_flops=width * (fold + 1))


def _planned_arm(width: int, fits: dict[str, Fit]) -> PlannedArm:
    return PlannedArm(
        dataset="d",
        backend="b",
        device="cpu",
        engine="stock",
        arm=Arm(f"w{width}", (("a",),)),
        shapes=(Shape((width,)),),
        parameters=1,
        reference_parameters=1,
        train_flops_per_row=1,
        inference_flops_per_row=1,
        network_ids=tuple(key for key, fit in fits.items() if fit.network.shape.trunk == (width,)),
    )


def _fold_record(fold: int) -> FoldRecord:
    nothing = np.zeros(0)
    return FoldRecord(
        dataset="d",
        repeat=0,
        fold=fold,
        folds=2,
        seed=1,
        digest="",
        outputs=("a",),
        train_rows=1,
        validation_rows=1,
        test=nothing.astype(int),
        y_true=nothing,
        weights=nothing,
        no_skill_error=(1.0,),
    )
