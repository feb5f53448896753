"""One example or more of every kind of record, with hard names and numbers, and exact comparison of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from jointbench.records import (
    AA_CONTROL,
    ColdStart,
    Fit,
    FlopsPerRow,
    FoldRecord,
    Memory,
    NotMeasured,
    Peak,
    PlannedArm,
    Projection,
    Record,
    Reference,
    Score,
    Stack,
    Timing,
    Untimed,
    Variant,
)
from jointbench.types import Arm, Network, Recipe, Shape

NAME = 'a "quoted",\nbroken\u2028 name\\ \u00e9\U0001f642'
SHAPE = Shape((64, 32), (8,), (4, 2), "tanh")
RECIPE = Recipe(
    optimizer="adamw",
    learning_rate=3e-4,
    batch_size=16,
    max_epochs=40,
    patience=7,
    loss_weights=((NAME, 0.1), ("b", 2.0)),
    weight_decay=1e-2,
)
NETWORK = Network(
    dataset="wine",
    sha256="f" * 64,
    repeat=1,
    fold=2,
    split="d1",
    seed=4294967295,
    group=(NAME, "b"),
    shape=SHAPE,
    recipe=RECIPE,
    backend="torch",
    device="cpu",
    engine="stock",
)
ARM = Arm(NAME, ((NAME,), ("b",)), "same-parameters", ((NAME, "b"),))
SCORE = Score(NAME, 0.1 + 0.2, {"rmse": 1 / 3, "r2": None, "auc": 0.0})
CURVE = np.array([[0.1, np.nan], [np.inf, -0.0], [5e-324, 1e308]])

RECORDS: tuple[Record, ...] = (
    Fit(
        network=NETWORK,
        parameters=5058,
        flops_per_row=28160,
        epochs=40,
        best_epoch=33,
        steps=4880,
        train_flops=10**15,
        stopped_by="patience",
        epoch_seconds=np.array([0.1, 0.2]),
        train_loss=CURVE,
        validation_loss=CURVE[::-1],
        predictions=np.array([[0.1, np.nan, -np.inf]], np.float32),
        scores=(SCORE, SCORE),
    ),
    Fit(network=NETWORK, failure="loss is not finite in epoch 3: " + NAME),
    FoldRecord(
        dataset="wine",
        repeat=0,
        fold=1,
        folds=5,
        seed=0,
        digest="d1",
        outputs=(NAME, "b"),
        train_rows=80,
        validation_rows=16,
        test=np.array([3, 1, 2**40]),
        y_true=CURVE,
        weights=np.ones((3, 2)),
        no_skill_error=(1 / 3, 0.7),
    ),
    Reference(dataset="wine", repeat=0, fold=1, model="ridge", output=NAME, score=SCORE),
    Reference(dataset="wine", repeat=0, fold=1, model="logistic", output=NAME, score=None, failure="one class only"),
    PlannedArm(
        dataset="wine",
        backend="torch",
        device="cpu",
        engine="stacked",
        arm=ARM,
        shapes=(SHAPE, SHAPE),
        parameters=10,
        reference_parameters=11,
        train_flops_per_row=12,
        inference_flops_per_row=13,
        network_ids=("id1", "id2"),
        flops=FlopsPerRow(1, 2, 3, 7),
    ),
    PlannedArm(
        dataset="wine",
        backend="torch",
        device="cpu",
        engine="stacked",
        arm=ARM,
        shapes=(SHAPE, SHAPE),
        parameters=10,
        reference_parameters=11,
        train_flops_per_row=12,
        inference_flops_per_row=13,
        network_ids=("id1", "id2"),
    ),
    Timing(
        dataset="wine",
        backend="torch",
        device="cpu",
        scenario="request",
        batch_size=64,
        threads=2,
        variants=(Variant("joint", "fused"), Variant(AA_CONTROL, "fused")),
        block=4,
        order=(0, 1, 1, 0),
        seconds=np.array([[1e-3, 2e-3]] * 4),
        load=np.array([0.5]),
        disturbed=True,
        take=1,
    ),
    Timing(
        dataset="wine",
        backend="torch",
        device="cuda",
        scenario="training",
        batch_size=32,
        threads=2,
        variants=(Variant("joint", "engine"),),
        block=2,
        order=(),
        seconds=np.zeros((0, 0)),
        load=np.zeros(0),
    ),
    Projection(
        dataset="wine",
        backend="torch",
        device="cpu",
        threads=2,
        arm=NAME,
        steps=1200,
        projected_seconds=3.1,
        measured_seconds=3.2,
    ),
    ColdStart(
        dataset="wine",
        backend="tensorflow",
        device="cpu",
        arm=NAME,
        import_seconds=7.1,
        build_seconds=0.2,
        first_call_seconds=0.3,
    ),
    Memory(
        dataset="wine",
        backend="torch",
        device="cuda",
        arm=NAME,
        artifact_bytes=23501,
        training=Peak(1, 2**40, 3),
        serving=Peak(4, 5, None),
        reason=None,
    ),
    Memory(
        dataset="wine",
        backend="torch",
        device="cpu",
        arm="joint",
        artifact_bytes=None,
        training=None,
        serving=None,
        reason="the process died",
    ),
    NotMeasured("wine", "tensorflow", "cuda", "not installed: pip install 'jointbench[tensorflow]'"),
    NotMeasured(
        "wine",
        "torch",
        "cpu",
        "not timed: requests at 2 threads (in turn: joint), because the time for requests was spent",
        Untimed(
            scenario="request",
            threads=2,
            batch_sizes=(512, 4096),
            variants=(Variant("joint", "in turn"),),
            budget_spent=True,
        ),
    ),
    Stack(
        dataset="wine",
        backend="torch",
        device="cpu",
        network_ids=("id1", "id2"),
        slots=20,
        compilations=1,
        memory_budget_bytes=2**34,
        seconds=12.5,
    ),
)


def same(first: Any, second: Any) -> bool:
    """Equal to the last bit and of the same types, not-a-number included."""
    if isinstance(first, np.ndarray):
        return (
            isinstance(second, np.ndarray)
            and first.dtype == second.dtype
            and first.shape == second.shape
            and first.tobytes() == second.tobytes()
        )
    if is_dataclass(first):
        return type(first) is type(second) and all(
            same(getattr(first, f.name), getattr(second, f.name)) for f in fields(first)
        )
    if isinstance(first, tuple):
        return isinstance(second, tuple) and len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, Mapping):
        return (
            isinstance(second, Mapping)
            and list(first) == list(second)
            and all(same(first[k], second[k]) for k in first)
        )
    return type(first) is type(second) and (first == second or (first != first and second != second))
