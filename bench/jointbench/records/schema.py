"""What a study leaves behind: the evidence, one frozen dataclass for each kind of record.

Here is what was planned, trained and scored; ``costs`` has what was clocked and weighed. ``store`` writes and reads the
records, ``compare`` draws conclusions from them. The types of the fields say what a file may hold: ``store`` refuses a
record with anything else, and one that breaks the ``rules`` between its fields. Records of which there are tens of
thousands have slots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval, MinLen
from pydantic import Field

from jointbench.records.arrays import FLOATS, INTEGERS, StoredArray
from jointbench.records.costs import ColdStart, Energy, Memory, Projection, Stack, StatedCost, Timing, Untimed
from jointbench.types import (
    Arm,
    Engine,
    Float32Array,
    FloatArray,
    IntArray,
    Kind,
    Natural,
    Network,
    Partition,
    Positive,
    Shape,
)

RECORD_SCHEMA_VERSION = 1
LARGEST_ERROR = 1e160  # (a float32 prediction x a float32 scale) squared
LARGEST_METRIC = 1e300
LARGEST_VALUE = 1e80  # of a target
ErrorValue = Annotated[float, Interval(ge=0, le=LARGEST_ERROR)]
Metric = Annotated[float, Interval(ge=-LARGEST_METRIC, le=LARGEST_METRIC)]
LossCurves = Annotated[FloatArray, StoredArray(FLOATS, axes=2)]
Stop = Literal["patience", "limit"]


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of one output on one fold's test rows.

    error: the error that skill is made of, the mean loss under the output's metric, in its own unit.
    metrics: what people read (rmse, mae, r2, rrmse; accuracy, balanced_accuracy, ...); None: undefined there.
    """

    output: str
    error: ErrorValue
    metrics: Mapping[str, Metric | None]

    @property
    def is_finite(self) -> bool:
        """Whether error and metrics are numbers that a record may hold; they are not where predictions overflowed."""
        metrics = [value for value in self.metrics.values() if value is not None]
        return self.error <= LARGEST_ERROR and all(abs(value) <= LARGEST_METRIC for value in metrics)


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Fit:
    """What training one Network gave, or why it gave nothing (``failure``).

    Curves are (epochs, outputs): the mean loss of each output divided by its no-skill loss, so 1 is no skill.
    epoch_seconds: (epochs,), the first with the work of the framework's first call; empty where networks were trained
    together. predictions: float32 (test rows, units), raw: standardised values and logits. best_epoch: whose weights
    are kept; the last of best_epochs, where each output has its own.
    """

    network: Network
    parameters: Natural = 0
    flops_per_row: Natural = 0
    epochs: Natural = 0
    best_epoch: Natural = 0
    best_epochs: tuple[Natural, ...] = ()
    steps: Natural = 0
    train_flops: Natural = 0
    stopped_by: Stop = "limit"
    epoch_seconds: Annotated[FloatArray, StoredArray(FLOATS, axes=1, low=0, high=1e9)] = field(
        default_factory=lambda: np.zeros(0)
    )
    train_loss: LossCurves = field(default_factory=lambda: np.zeros((0, 0)))
    validation_loss: LossCurves = field(default_factory=lambda: np.zeros((0, 0)))
    predictions: Annotated[Float32Array, StoredArray(FLOATS, axes=2)] = field(
        default_factory=lambda: np.zeros((0, 0), np.float32)
    )
    scores: tuple[Score, ...] = ()
    failure: str | None = None

    def best_epoch_of(self, column: int) -> int:
        """The epoch whose weights serve this output of the network's."""
        return self.best_epochs[column] if self.best_epochs else self.best_epoch


@dataclass(frozen=True, slots=True)
class ScoredOutput:
    """How an output's raw predictions are read and scored on one fold.

    units: their columns. value = raw x scale + location of a regression output. metric: see ``metrics.row_losses``.
    """

    kind: Kind
    units: Positive
    metric: str
    location: Annotated[float, Interval(ge=-LARGEST_VALUE, le=LARGEST_VALUE)] = 0.0
    scale: Annotated[float, Interval(gt=0, le=LARGEST_VALUE)] = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldRecord:
    """What every arm was scored against on one fold: the test rows and the no-skill predictor's error there.

    y_true: float64 (test rows, outputs); weights: the same shape, what a row weighs in the error, 0 where the label is
    missing or of a class that no training row has. no_skill_error: 0 of an output without a row of another weight. scored: one for each output.
    row_units: (test rows,), equal for rows that are kept together. Both are empty in records of older versions, whose
    skill is of squared errors and log loss.
    """

    dataset: str
    repeat: Natural
    fold: Natural
    folds: Positive
    seed: Natural
    digest: str
    outputs: Annotated[tuple[str, ...], MinLen(1)]
    train_rows: Natural
    validation_rows: Natural
    test: Annotated[IntArray, StoredArray(INTEGERS, axes=1, low=0, high=2**53)]
    y_true: Annotated[
        FloatArray, StoredArray(FLOATS, axes=2, low=-LARGEST_VALUE, high=LARGEST_VALUE), Field(alias="observed")
    ]
    weights: Annotated[FloatArray, StoredArray(FLOATS, axes=2, low=0, high=1)]
    no_skill_error: tuple[ErrorValue, ...]
    scored: tuple[ScoredOutput, ...] = ()
    row_units: Annotated[IntArray, StoredArray(INTEGERS, axes=1, low=0, high=2**53)] = field(
        default_factory=lambda: np.zeros(0, np.int64)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A model that is no network (ridge, logistic regression, ...) scored on one fold."""

    dataset: str
    repeat: Natural
    fold: Natural
    model: str
    output: str
    score: Score | None
    failure: str | None = None


@dataclass(frozen=True)
class FlopsPerRow:
    """FLOPs of one row through an arm's networks, forward and backward apart, the shared trunks and the heads apart."""

    trunk_forward: Natural
    trunk_backward: Natural
    heads_forward: Natural
    heads_backward: Natural


@dataclass(frozen=True, kw_only=True)
class PlannedArm:
    """An arm made concrete on one dataset and backend: its networks' shapes, sizes and ids.

    parameters and flops are summed over the arm's networks; flops are per row of one training step
    (forward and backward) and per row of inference; ``flops`` breaks the first down (None: an older record). All of
    them are 0 of models that somebody else trained, whose shapes are not known either. inference_flops_per_row,
    served_parameters: of the networks that answer requests (``Arm.served``); None where these are as many as trained.
    weighting_flops: of one step, beside those of its rows (``networks.flops.weighting_flops``). partitions: by run, where
    they may differ; then ``arm.groups``, shapes, parameters and flops are those of the first run, which is the one timed.
    """

    dataset: str
    backend: str
    device: str
    engine: Engine
    arm: Arm
    shapes: Annotated[tuple[Shape, ...], MinLen(1)]
    parameters: Natural
    reference_parameters: Natural
    train_flops_per_row: Natural
    inference_flops_per_row: Natural
    network_ids: Annotated[tuple[str, ...], MinLen(1)]
    flops: FlopsPerRow | None = None
    weighting_flops: Natural = 0
    served_parameters: Natural | None = None
    partitions: tuple[Partition, ...] = ()

    @property
    def runs(self) -> tuple[tuple[str, ...], ...]:
        """The ids of the networks by run (a fold with a seed): in each run one for each of its groups."""
        ids, groups = iter(self.network_ids), len(self.arm.groups)
        sizes = [len(partition) for partition in self.partitions] or [groups] * (len(self.network_ids) // groups)
        return tuple(tuple(islice(ids, size)) for size in sizes)

    @property
    def every_partition(self) -> tuple[Partition, ...]:
        """Of the outputs, each once: more than one where it is chosen anew in each run."""
        return tuple(dict.fromkeys(self.partitions)) or (self.arm.groups,)


@dataclass(frozen=True, kw_only=True)
class TunedArm:
    """An arm of which several configurations were trained, and each network chooses one on its validation rows.

    trials: by configuration, the rules' own first, then by group of outputs: an arm of that group alone.
    """

    dataset: str
    backend: str
    device: str
    arm: str
    trials: Annotated[tuple[tuple[PlannedArm, ...], ...], MinLen(1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A group of outputs that a searched arm may have, and its network in each run, "" where it is not tried.

    parameters, *_per_row, flops: of the network, as of a ``PlannedArm``.
    """

    group: Annotated[tuple[str, ...], MinLen(1)]
    shape: Shape
    parameters: Positive
    train_flops_per_row: Natural
    inference_flops_per_row: Natural
    flops: FlopsPerRow | None
    network_ids: Annotated[tuple[str, ...], MinLen(1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """How far the outputs' gradients overlap in one run's joint network (``networks.gradient_overlap``).

    overlaps: of every pair, (first, second), (first, third), ...; None where no batch has both; empty in a failure.
    train_flops, seconds: of the network's training and the gradients, on one worker.
    """

    overlaps: tuple[Annotated[float, Interval(ge=0, le=1)] | None, ...]
    train_flops: Natural
    seconds: Annotated[float, Interval(ge=0, le=1e9)]
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class SearchedArm:
    """An arm whose partition of the outputs is searched: in each run the one of the least validation loss.

    Of many outputs there is a second record, with the candidates of the first one and those that they suggest; of so many
    that a screen chooses the pairs, one between, with these pairs. screens: one for each run, from then on.
    """

    dataset: str
    backend: str
    device: str
    arm: str
    candidates: Annotated[tuple[Candidate, ...], MinLen(1)]
    screens: tuple[Screen, ...] = ()


@dataclass(frozen=True)
class NotMeasured:
    """What was asked for and not measured, with the reason, so that no table has a hole.

    untimed: the part of a timing that it was, where it was one. threads: of the worker that was to time it; None where
    it was no timing, and in records of older versions.
    """

    dataset: str
    backend: str
    device: str
    reason: str
    untimed: Untimed | None = None
    threads: Positive | None = None


Record = (
    Fit
    | FoldRecord
    | Reference
    | PlannedArm
    | TunedArm
    | SearchedArm
    | Timing
    | Energy
    | StatedCost
    | ColdStart
    | Projection
    | Memory
    | Stack
    | NotMeasured
)
