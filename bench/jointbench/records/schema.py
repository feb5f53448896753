"""What a study leaves behind: the evidence, one frozen dataclass for each kind of record.

``store`` writes and reads the records; ``compare`` draws conclusions from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from jointbench.types import Arm, Engine, Float32Array, FloatArray, IntArray, Network, Shape

SCHEMA_VERSION = 1
Stop = Literal["patience", "limit"]
Scenario = Literal["training", "request"]
ExecutionMode = Literal["stock loop", "engine", "in turn", "fused", "one of N", "compiled", "predict"]
STOCK_LOOP: Final = "stock loop"  # training as people write it
SEQUENTIAL: Final = "in turn"  # an arm's networks are called one after the other, for all outputs
FUSED: Final = "fused"  # an arm's networks answer as one program
SINGLE_OUTPUT: Final = "one of N"  # only the first output is asked for
AA_CONTROL = "A/A twin"


@dataclass(frozen=True)
class Score:
    """Quality of one output on one fold's test rows.

    error: the error that skill is made of: mean squared error in the output's own unit, or log loss (nats).
    metrics: what people read (rmse, mae, r2, rrmse; accuracy, balanced_accuracy, ...); None: undefined there.
    """

    output: str
    error: float
    metrics: Mapping[str, float | None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """What training one Network gave, or why it gave nothing (``failure``).

    Curves are (epochs, outputs): the mean loss of each output divided by its no-skill loss, so 1 is no skill.
    epoch_seconds: (epochs,), the first with the work of the framework's first call; empty where networks were trained
    together. predictions: float32 (test rows, units), raw: standardised values and logits.
    """

    network: Network
    parameters: int = 0
    flops_per_row: int = 0
    epochs: int = 0
    best_epoch: int = 0
    steps: int = 0
    train_flops: int = 0
    stopped_by: Stop = "limit"
    epoch_seconds: FloatArray = field(default_factory=lambda: np.zeros(0))
    train_loss: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    validation_loss: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    predictions: Float32Array = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    scores: tuple[Score, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldRecord:
    """What every arm was scored against on one fold: the test rows and the no-skill predictor's error there.

    y_true: float64 (test rows, outputs); weights: the same shape, 0 where the label is missing.
    """

    dataset: str
    repeat: int
    fold: int
    folds: int
    seed: int
    digest: str
    outputs: tuple[str, ...]
    train_rows: int
    validation_rows: int
    test: IntArray
    y_true: FloatArray
    weights: FloatArray
    no_skill_error: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A model that is no network (ridge, logistic regression, ...) scored on one fold."""

    dataset: str
    repeat: int
    fold: int
    model: str
    output: str
    score: Score | None
    failure: str | None = None


@dataclass(frozen=True)
class FlopsPerRow:
    """FLOPs of one row through an arm's networks, forward and backward apart, the shared trunks and the heads apart."""

    trunk_forward: int
    trunk_backward: int
    heads_forward: int
    heads_backward: int


@dataclass(frozen=True, kw_only=True)
class PlannedArm:
    """An arm made concrete on one dataset and backend: its networks' shapes, sizes and ids.

    parameters and flops are summed over the arm's networks; flops are per row of one training step
    (forward and backward) and per row of inference; ``flops`` breaks the first down (None: an older record).
    """

    dataset: str
    backend: str
    device: str
    engine: Engine
    arm: Arm
    shapes: tuple[Shape, ...]
    parameters: int
    reference_parameters: int
    train_flops_per_row: int
    inference_flops_per_row: int
    network_ids: tuple[str, ...]
    flops: FlopsPerRow | None = None

    @property
    def runs(self) -> tuple[tuple[str, ...], ...]:
        """The ids of the networks by run (a fold with a seed): in each run one for each of the arm's groups."""
        ids, groups = self.network_ids, len(self.arm.groups)
        return tuple(ids[start : start + groups] for start in range(0, len(ids), groups))


@dataclass(frozen=True)
class Variant:
    """What takes turns in a timing: an arm, and the way its work is done."""

    arm: str
    path: ExecutionMode


@dataclass(frozen=True, eq=False, kw_only=True)
class Timing:
    """Interleaved samples of several variants doing the same work in one process.

    order[i] is the index of the variant of visit i. seconds[i] are that visit's timed intervals, (visits, intervals):
    of one optimisation step of each of the arm's networks, or of one request. A block is ``block`` consecutive visits
    and reads the same forwards and backwards (A B B A), so a drift over the block cancels. AA_CONTROL is the first arm
    built a second time: its ratio to the first is pure noise.

    load: (blocks,), cores that other processes kept busy meanwhile; disturbed: they kept too many busy. take: 0, or 1
    where it repeats a disturbed timing.
    """

    dataset: str
    backend: str
    device: str
    scenario: Scenario
    batch_size: int
    threads: int
    variants: tuple[Variant, ...]
    block: int
    order: tuple[int, ...]
    seconds: FloatArray
    load: FloatArray
    disturbed: bool = False
    take: int = 0

    def of(self, variant: Variant) -> FloatArray:
        """The variant's intervals, in the order they were taken."""
        index = self.variants.index(variant)
        return self.seconds[[visitor == index for visitor in self.order]].ravel()


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """Seconds before the first useful step: importing the framework, building a network, its first call."""

    dataset: str
    backend: str
    device: str
    arm: str
    import_seconds: float
    build_seconds: float
    first_call_seconds: float


@dataclass(frozen=True)
class Peak:
    """Memory of a process of its own, in bytes.

    baseline: resident once the framework was imported. peak: the most that was resident after that. device: the most
    that the framework had allocated on the accelerator, by its own counter; None on the CPU.
    """

    baseline: int
    peak: int
    device: int | None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes that an arm takes saved, in training and in serving. None: not measured, for the ``reason``.

    artifact_bytes: its networks as saved files, the sum over them. training, serving: each in a fresh process.
    """

    dataset: str
    backend: str
    device: str
    arm: str
    artifact_bytes: int | None
    training: Peak | None
    serving: Peak | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Projection:
    """An arm's training timed to the stop, beside its steady seconds per step times the number of steps.

    Both leave out evaluation and every network's first epoch, which contains the framework's first call.
    """

    dataset: str
    backend: str
    device: str
    threads: int
    arm: str
    steps: int
    projected_seconds: float
    measured_seconds: float


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Networks that were trained together in one program, and its cost.

    slots: replicates at a time, a function of shapes and ``memory_budget_bytes``. compilations: programs compiled
    for this stack, 0 where an earlier one was reused. seconds: in all, compilation included.
    """

    dataset: str
    backend: str
    device: str
    network_ids: tuple[str, ...]
    slots: int
    compilations: int
    memory_budget_bytes: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Untimed:
    """What was left out of a timing: these variants, in training steps or in requests of these sizes.

    budget_spent: the time for timing did not suffice; otherwise something is wrong with them, or they do not exist.
    """

    scenario: Scenario
    threads: int
    batch_sizes: tuple[int, ...]
    variants: tuple[Variant, ...]
    budget_spent: bool


@dataclass(frozen=True)
class NotMeasured:
    """What was asked for and not measured, with the reason, so that no table has a hole.

    untimed: the part of a timing that it was, where it was one.
    """

    dataset: str
    backend: str
    device: str
    reason: str
    untimed: Untimed | None = None


Record = Fit | FoldRecord | Reference | PlannedArm | Timing | ColdStart | Projection | Memory | Stack | NotMeasured
