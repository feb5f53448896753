"""A whole run of a few rows, made without training: every kind of record, in the order of a study, with hard names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from jointbench.comparison.summary.recipe import RecipeSummary
from jointbench.comparison.summary.run import DatasetSummary
from jointbench.records import (
    AA_CONTROL,
    Candidate,
    ColdStart,
    Energy,
    ExecutionMode,
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
    Scenario,
    Score,
    Screen,
    SearchedArm,
    Stack,
    StatedCost,
    Timing,
    TunedArm,
    Variant,
)
from jointbench.records.store import write_records
from jointbench.runs.about import About
from jointbench.types import Arm, ColumnReading, Network, Recipe, Shape

NAME = 'a "quoted",\nbroken\u2028 name\\ \u00e9\U0001f642 <b>'
OUTPUTS = (NAME, "type")
FOLDS, TEST_ROWS, EPOCHS = 3, 4, 3
SITE = {"dataset": "wine", "backend": "torch", "device": "cpu"}
SHAPE = Shape((8, 4), (2,), (), "tanh")
RECIPE = Recipe(optimizer="adamw", learning_rate=3e-4, loss_weights=((NAME, 0.1),), max_epochs=EPOCHS)
ARMS = (
    Arm("joint", (OUTPUTS,), "same-width", (OUTPUTS,)),
    Arm("separate", ((NAME,), ("type",)), "same-width", (OUTPUTS,)),
)


def score(output: str, error: float) -> Score:
    if output == NAME:
        return Score(output, error, {"rmse": error**0.5, "mae": error, "r2": 1 - error, "rrmse": None})
    return Score(output, error, {"log_loss": error, "accuracy": 0.75, "balanced_accuracy": 0.5, "roc_auc": None})


def folds() -> Iterator[Record]:
    for fold in range(FOLDS):
        yield FoldRecord(
            dataset="wine",
            repeat=0,
            fold=fold,
            folds=FOLDS,
            seed=0,
            digest=f"split {fold}",
            outputs=OUTPUTS,
            train_rows=6,
            validation_rows=2,
            test=np.arange(fold * TEST_ROWS, (fold + 1) * TEST_ROWS),
            y_true=np.tile((1.5, 1.0), (TEST_ROWS, 1)),
            weights=np.ones((TEST_ROWS, len(OUTPUTS))),
            no_skill_error=(1.0, 0.7),
        )
    for fold in range(FOLDS):
        for output in OUTPUTS:
            at = {"dataset": "wine", "repeat": 0, "fold": fold, "output": output}
            yield Reference(**at, model="ridge", score=score(output, 0.4))  # type: ignore[arg-type]  # by name
            yield Reference(**at, model="trees", score=None, failure="one class")  # type: ignore[arg-type]  # by name


def networks(arm: Arm) -> list[Network]:
    return [
        Network(
            **SITE,
            sha256="f" * 64,
            repeat=0,
            fold=fold,
            split=f"split {fold}",
            seed=4294967295 - fold,
            group=group,
            shape=SHAPE,
            recipe=RECIPE,
            engine="stacked",
        )
        for fold in range(FOLDS)
        for group in arm.groups
    ]


def planned_arm(arm: Arm, flops: FlopsPerRow | None) -> PlannedArm:
    return PlannedArm(
        **SITE,
        engine="stacked",
        arm=arm,
        shapes=(SHAPE,) * len(arm.groups),
        parameters=100 * len(arm.groups),
        reference_parameters=100,
        train_flops_per_row=600 * len(arm.groups),
        inference_flops_per_row=200 * len(arm.groups),
        network_ids=tuple(network.id for network in networks(arm)),
        flops=flops,
    )


def fit(network: Network, number: int) -> Fit:
    curve = np.linspace(1.0, 0.3 + 0.01 * number, EPOCHS * len(network.group)).reshape(EPOCHS, -1)
    return Fit(
        network=network,
        parameters=100,
        flops_per_row=600,
        epochs=EPOCHS,
        best_epoch=2,
        steps=9,
        train_flops=10**6 + number,
        stopped_by="patience",
        epoch_seconds=np.array([0.2, 0.1, 0.1]),
        train_loss=np.where(curve == 1.0, np.nan, curve),
        validation_loss=curve,
        predictions=np.full((TEST_ROWS, len(network.group)), 0.5, np.float32),
        scores=tuple(score(output, 0.2 + 0.01 * ((7 * number) % 5)) for output in network.group),
    )


def timing(scenario: Scenario, mode: ExecutionMode, batch_size: int, take: int = 0) -> Timing:
    order = (0, 1, 2, 2, 1, 0) * 8
    noise = 1 + 0.01 * np.sin(np.arange(len(order)))
    return Timing(
        **SITE,
        scenario=scenario,
        batch_size=batch_size,
        threads=2,
        variants=(Variant("joint", mode), Variant("separate", mode), Variant(AA_CONTROL, mode)),
        block=6,
        order=order,
        seconds=(np.array([1e-3, 2e-3, 1e-3])[list(order)] * noise)[:, None],
        load=np.full(8, -0.01),
        disturbed=take == 0 and batch_size == 1,
        take=take,
    )


def energy(scenario: Scenario, mode: ExecutionMode, batch_size: int) -> Energy:
    order = (0, 1, 1, 0) * 3
    noise = 1 + 0.01 * np.sin(np.arange(len(order)))
    return Energy(
        **SITE,
        scenario=scenario,
        batch_size=batch_size,
        threads=2,
        source="RAPL: the processor's packages <b>",
        update_seconds=1e-3,
        idle_watts=21.5,
        variants=(Variant("joint", mode), Variant("separate", mode)),
        block=4,
        order=order,
        joules=np.array([0.05, 0.1])[list(order)] * noise,
        seconds=np.array([1e-3, 2e-3])[list(order)] * noise,
        load=np.full(3, -0.01),
    )


def costs() -> Iterator[Record]:
    for name in ("joint", "separate"):
        yield StatedCost(**SITE, arm=name, scenario="training", value=2.5)
        yield ColdStart(**SITE, arm=name, import_seconds=7.1, build_seconds=0.2, first_call_seconds=0.3)
    yield timing("training", "stock loop", 32)
    yield timing("request", "in turn", 1)
    yield timing("request", "in turn", 1, take=1)
    yield timing("request", "fused", 64)
    yield energy("training", "stock loop", 32)
    yield energy("request", "in turn", 1)
    yield Projection(**SITE, threads=2, arm="joint", steps=1200, projected_seconds=3.1, measured_seconds=3.2)
    peaks = {"training": Peak(1, 2**40, None), "serving": Peak(4, 5, 3)}
    yield Memory(**SITE, arm="joint", artifact_bytes=23501, **peaks, reason=None)
    yield Memory(**SITE, arm="separate", artifact_bytes=None, training=None, serving=None, reason="the process died")
    yield NotMeasured(**SITE, reason="not timed: predict, because of " + NAME)
    yield NotMeasured("wine", "tensorflow", "cpu", "not installed: pip install 'jointbench[tensorflow]'")


def records() -> list[Record]:
    """The run. One of its fits failed."""
    all_networks = [network for arm in ARMS for network in networks(arm)]
    fits = [fit(network, number) for number, network in enumerate(all_networks)]
    fits[-1] = Fit(network=all_networks[-1], failure="loss is not finite in epoch 3: " + NAME)
    return [
        *folds(),
        planned_arm(ARMS[0], FlopsPerRow(100, 200, 100, 200)),
        planned_arm(ARMS[1], None),
        TunedArm(**SITE, arm=ARMS[0].name, trials=((planned_arm(ARMS[0], FlopsPerRow(100, 200, 100, 200)),),)),
        Stack(
            **SITE,
            network_ids=tuple(network.id for network in all_networks),
            slots=20,
            compilations=1,
            memory_budget_bytes=2**34,
            seconds=12.5,
        ),
        *fits,
        *costs(),
    ]


def search() -> list[Record]:
    """An arm that searches its groups, among the networks that the run has."""
    joint, separate = ARMS
    arm = Arm("best-grouping", separate.groups, "same-width", separate.reference, search=True)
    candidates = tuple(
        Candidate(
            group=group,
            shape=SHAPE,
            parameters=100,
            train_flops_per_row=600,
            inference_flops_per_row=200,
            flops=None,
            network_ids=tuple(network.id for network in networks(of) if network.group == group),
        )
        for of in (separate, joint)
        for group in of.groups
    )
    screens = (
        *(Screen(overlaps=(value,), train_flops=10**6, seconds=0.5) for value in (0.125, None)),
        Screen(overlaps=(), train_flops=0, seconds=0.0, failure="loss is not finite: " + NAME),
    )
    searched = SearchedArm(**SITE, arm=arm.name, candidates=candidates)
    return [planned_arm(arm, None), searched, replace(searched, screens=screens)]


def about() -> About:
    """The run's account of itself."""
    dataset = DatasetSummary(
        slug="wine",
        title="Wine",
        rows=FOLDS * TEST_ROWS,
        features=2,
        outputs=OUTPUTS,
        kinds=("regression", "binary"),
        folds=FOLDS,
        repeats=1,
        seeds=1,
        notes=("A note.",),
        source="",
        licence="",
        citation="",
        sha256="f" * 64,
        references=(),
        command="jointbench run wine",
        reading=(
            ColumnReading(name="acid", role="number", missing=1, detail="written with a decimal comma"),
            ColumnReading(name=NAME, role="output", labels="12 labels"),
        ),
        recipe=RecipeSummary(
            rows=12,
            fewest_trained=6,
            most_trained=6,
            trunk=SHAPE.trunk,
            head=SHAPE.head,
            channels=(),
            optimizer="adamw",
            learning_rate=3e-4,
            batch_size=32,
            max_epochs=EPOCHS,
            patience=20,
            weight_decay=0.0,
        ),
    )
    return About(
        schema_version=1,
        profile="quick",
        engine="stacked",
        command="jointbench run wine",
        notes=("GPU: not measured.",),
        machine={"python": "3.11", "CPU": "a CPU", "physical cores": "2", "commit": "abc"},
        datasets=(dataset,),
        backends=("torch", "tensorflow"),
        devices=("cpu",),
        finished=True,
    )


def write_run(folder: Path, run: Iterable[Record] | None = None, **changes: object) -> Path:
    """Writes the run, or other records, into a new folder. changes: of environment.json."""
    folder.mkdir(parents=True)
    (folder / "environment.json").write_text(json.dumps({**asdict(about()), **changes}), encoding="utf-8")
    write_records(folder / "records.jsonl", records() if run is None else run)
    return folder
