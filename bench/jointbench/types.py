"""The nouns of jointbench: identity, evidence and nothing else.

Every value here is a frozen dataclass over the standard library and numpy. What a value *means* in
a benchmark is said in its docstring; how it is computed lives in the modules further down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Weights = Mapping[str, npt.NDArray[np.floating]]

Kind = Literal["regression", "binary", "multiclass"]
Sizing = Literal["same-width", "same-parameters"]
Optimizer = Literal["sgd", "adam", "adamw"]
Engine = Literal["stock", "stacked"]
Stop = Literal["patience", "limit"]
Scenario = Literal["training", "request"]
Path = Literal["stock loop", "engine", "in turn", "fused", "one of N", "compiled", "predict"]

TWIN = "A/A twin"


@dataclass(frozen=True)
class Output:
    """One thing to predict. ``classes`` names the classes of a classification output, in code order."""

    name: str
    kind: Kind
    classes: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Width of the head's last layer: one per class, or one number or logit."""
        return len(self.classes) if self.kind == "multiclass" else 1


@dataclass(frozen=True)
class Provenance:
    """Where a dataset is from. ``sha256`` is that of the data file's bytes."""

    source: str
    licence: str
    citation: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table (or stack of images) and its outputs.

    features: a DataFrame of numeric and categorical columns, or images (rows, height, width, channels).
    targets: per output, float64 (rows,): the value, or the class code; NaN where the label is missing.
    groups: (rows,) codes of rows that must share a fold, or None. time: (rows,) sortable, or None.
    notes: sentences a reader of the results must know (subsampling, outputs that determine each other).
    """

    slug: str
    title: str
    features: pd.DataFrame | npt.NDArray[np.uint8]
    targets: Mapping[str, FloatArray]
    outputs: tuple[Output, ...]
    provenance: Provenance
    groups: IntArray | None = None
    time: FloatArray | None = None
    shape: Shape | None = None
    recipe: Recipe | None = None
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return int(self.features.shape[0])

    @property
    def digest(self) -> str:
        """A hash of the file and of how it is read: which columns are outputs, of what kind, and which are features."""
        columns = [] if isinstance(self.features, np.ndarray) else [(c, str(t)) for c, t in self.features.dtypes.items()]
        return hashlib.sha256(repr((self.provenance.sha256, self.outputs, columns)).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Split:
    """One fold of one repeat: row numbers to train on, to stop early on, and to test on."""

    repeat: int
    fold: int
    folds: int
    train: IntArray
    validation: IntArray
    test: IntArray
    seed: int

    @property
    def digest(self) -> str:
        """A short hash of the three index sets: two splits with one digest are the same split."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            digest.update(np.int64(len(part)).tobytes() + part.astype(np.int64).tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Shape:
    """Widths of a network's hidden layers: convolution channels (images only), dense trunk, each head."""

    trunk: tuple[int, ...]
    head: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    activation: Literal["relu", "tanh"] = "relu"


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. ``loss_weights`` are per output name; an output not named weighs 1."""

    optimizer: Optimizer = "adam"
    learning_rate: float = 1e-3
    batch_size: int = 32
    max_epochs: int = 200
    patience: int = 20
    loss_weights: tuple[tuple[str, float], ...] = ()
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Arm:
    """A partition of a dataset's outputs into networks, and the rule that sizes them.

    ``reference`` is the partition at base shape whose parameter count ``same-parameters`` aims at.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]
    sizing: Sizing = "same-width"
    reference: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Network:
    """The unit of training: everything that decides what one fit gives, and hence its identity."""

    dataset: str
    sha256: str
    repeat: int
    fold: int
    split: str
    seed: int
    group: tuple[str, ...]
    shape: Shape
    recipe: Recipe
    backend: str
    device: str
    engine: Engine

    @property
    def id(self) -> str:
        """A stable id: the same network, however it was asked for, has the same one."""
        parts = {**vars(self), "shape": vars(self.shape), "recipe": vars(self.recipe)}  # asdict is ten times slower
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Score:
    """Quality of one output on one fold's test rows.

    error: the error that skill is made of: mean squared error in the output's own unit, or log loss (nats).
    metrics: what people read (rmse, mae, r2, rrmse; accuracy, balanced_accuracy, ...); None: undefined there.
    """

    output: str
    error: float
    metrics: Mapping[str, float | None]


@dataclass(frozen=True, eq=False)
class Fit:
    """What training one Network gave, or why it gave nothing (``failure``).

    Curves are (epochs, outputs): the mean loss of each output divided by its no-skill loss, so 1 is no skill.
    epoch_seconds: (epochs,) as they passed, the first with the framework's first-call work in it; empty where
    networks were trained together. predictions: float32 (test rows, units), raw: standardised values and logits.
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


@dataclass(frozen=True, eq=False)
class Fold:
    """What every arm was scored against on one fold: the test rows and the no-skill predictor's error there.

    observed: float64 (test rows, outputs); weights: the same shape, 0 where the label is missing.
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
    observed: FloatArray
    weights: FloatArray
    no_skill_error: tuple[float, ...]


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Assembly:
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


@dataclass(frozen=True)
class Participant:
    """Who takes turns in a timing: an arm, and the way its work is done."""

    arm: str
    path: Path


@dataclass(frozen=True, eq=False)
class Timing:
    """Interleaved samples of several participants doing the same work in one process.

    order[i] is the participant (its place) of visit i; seconds[i] are that visit's clocked intervals, (visits,
    intervals), of one optimisation step of each of the arm's networks, or of one request. A block is ``block``
    consecutive visits and reads the same forwards and backwards (A B B A), so a drift over the block cancels. TWIN is
    the first arm built a second time, on its own: its ratio to the first is pure noise.

    load: (blocks,), cores that other processes kept busy meanwhile; disturbed: they kept too many busy. take: 0, or 1
    for the one time that a disturbed timing was repeated.
    """

    dataset: str
    backend: str
    device: str
    scenario: Scenario
    batch_size: int
    threads: int
    participants: tuple[Participant, ...]
    block: int
    order: tuple[int, ...]
    seconds: FloatArray
    load: FloatArray
    disturbed: bool = False
    take: int = 0

    def of(self, participant: Participant) -> FloatArray:
        """The participant's intervals, in the order they were taken."""
        place = self.participants.index(participant)
        return self.seconds[[who == place for who in self.order]].ravel()


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Memory:
    """What an arm takes to keep, to train and to serve, in bytes. None: not measured, and ``reason`` says why.

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


@dataclass(frozen=True)
class Projection:
    """An arm's training really timed to the stop, beside the steady seconds per step carried on over as many steps.

    Both leave out evaluation and every network's first epoch, which holds the framework's first call.
    """

    dataset: str
    backend: str
    device: str
    threads: int
    arm: str
    steps: int
    projected_seconds: float
    measured_seconds: float


@dataclass(frozen=True)
class Stack:
    """Networks that were trained together in one program, and what that took.

    slots: replicates at a time, a function of shapes and ``memory_budget_bytes``. compilations: programs compiled
    for this stack, 0 where an earlier one's was used. seconds: all of it, compilation included.
    """

    dataset: str
    backend: str
    device: str
    network_ids: tuple[str, ...]
    slots: int
    compilations: int
    memory_budget_bytes: int
    seconds: float


@dataclass(frozen=True)
class Absence:
    """A cell that was asked for and did not run, with the reason: never a hole in a table."""

    dataset: str
    backend: str
    device: str
    reason: str


Record = Fit | Fold | Reference | Assembly | Timing | ColdStart | Projection | Memory | Stack | Absence
