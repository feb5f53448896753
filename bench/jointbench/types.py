"""The values of jointbench: what is trained, on what and how. What a study leaves behind is in ``records``.

Every value is a frozen dataclass. Its docstring gives its meaning; other modules compute it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from annotated_types import Interval

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Weights = Mapping[str, npt.NDArray[np.floating]]

# Ranges hold for what is read from a file; code that makes a value is held to them by its tests.
Natural = Annotated[int, Interval(ge=0, lt=2**63)]  # what 64 bits hold
Positive = Annotated[int, Interval(ge=1, lt=2**63)]
PositiveFloat = Annotated[float, Interval(gt=0, lt=math.inf)]
Width = Annotated[int, Interval(ge=1, lt=2**31)]  # of a layer

Partition = tuple[tuple[str, ...], ...]  # of outputs into groups
Kind = Literal["regression", "binary", "multiclass"]
Sizing = Literal["same-width", "same-parameters"]
Optimizer = Literal["sgd", "adam", "adamw"]
Norm = Literal["", "layer"]
Engine = Literal["stock", "stacked", "external"]  # external: trained by somebody else
EXTERNAL: Final = "external"
ColumnRole = Literal["output", "number", "category", "date", "key", "dropped"]
ClassWeight = Literal["", "balanced"]
Weighting = Literal["", "uw", "dwa", "famo", "pcgrad", "mgda", "upgrad"]  # "": fixed loss weights
Checkpoint = Literal["network", "output"]  # what each has a best epoch of its own, whose weights are kept


@dataclass(frozen=True)
class Output:
    """One thing to predict. ``classes`` names the classes of a classification output, in code order.

    metric: of the errors that skill is made of (``metrics.row_losses``), "" for its kind's usual one; no part of digests."""

    name: str
    kind: Kind
    classes: tuple[str, ...] = ()
    metric: str = field(default="", repr=False)

    @property
    def error_metric(self) -> str:
        return self.metric or ("squared" if self.kind == "regression" else "brier")

    @property
    def units(self) -> int:
        """Width of the head's last layer: one per class, or one number or logit."""
        return len(self.classes) if self.kind == "multiclass" else 1


@dataclass(frozen=True)
class Provenance:
    """Where a dataset comes from. ``sha256``: of the data file's bytes."""

    source: str
    licence: str
    citation: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ColumnReading:
    """How one column of a table was read.

    detail: levels, formats, marks. missing: rows without a value. reason: why it was dropped, or why an output is of
    its kind. labels: of an output, in words, how many there are of each class.
    """

    name: str
    role: ColumnRole
    detail: str = ""
    missing: Natural = 0
    reason: str = ""
    labels: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldOut:
    """Rows to test on that came with the table as a file of their own. rows: (all rows,). name, sha256: of the file."""

    rows: npt.NDArray[np.bool_]
    name: str
    sha256: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """A table (or stack of images) and its outputs.

    features: a DataFrame of numeric and categorical columns, or images (rows, height, width, channels).
    targets: per output, float64 (rows,): the value, or the class code; NaN where the label is missing.
    groups: (rows,) codes of rows that must share a fold, or None. time: (rows,) sortable, or None.
    notes: sentences a reader of the results must know (subsampling, outputs that determine each other). cut_from: rows
    that there were before some were left out, 0 where none was.
    reading: how each column of the table was read. keep: columns that were asked to be used as they stand.
    row_weights: (rows,), above 0 and at most 1, of the column weight_column; None: all equal. class_weight: see
    ``data.row_weights``. layout: of the file, in words. held_out: the rows to test on, where they are a file of their own.
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
    reading: tuple[ColumnReading, ...] = ()
    keep: tuple[str, ...] = ()
    row_weights: FloatArray | None = None
    weight_column: str = ""
    class_weight: ClassWeight = ""
    cut_from: int = 0
    layout: str = ""
    held_out: HeldOut | None = None

    @property
    def rows(self) -> int:
        return int(self.features.shape[0])

    @property
    def digest(self) -> str:
        """A hash of the file and of how it is read: which columns are outputs, of what kind, and which are features;
        and of what rows weigh."""
        columns = (
            [] if isinstance(self.features, np.ndarray) else [(c, str(t)) for c, t in self.features.dtypes.items()]
        )
        weights = "" if self.row_weights is None else hashlib.sha256(self.row_weights.tobytes()).hexdigest()
        parts = (
            self.provenance.sha256,
            self.outputs,
            columns,
            *((self.keep,) if self.keep else ()),
            *((("weights", weights, self.class_weight),) if weights or self.class_weight else ()),
            *((("held out", self.held_out.sha256),) if self.held_out is not None else ()),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, eq=False, kw_only=True)
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


class InCell(Protocol):
    """Anything that belongs to one dataset on one backend and device."""

    @property
    def dataset(self) -> str: ...
    @property
    def backend(self) -> str: ...
    @property
    def device(self) -> str: ...


@dataclass(frozen=True, order=True)
class CellKey:
    """The name of a cell: one dataset on one backend and device."""

    dataset: str
    backend: str
    device: str

    @classmethod
    def of(cls, member: InCell) -> CellKey:
        """The cell that it belongs to."""
        return cls(member.dataset, member.backend, member.device)


@dataclass(frozen=True)
class Shape:
    """Widths of a network's hidden layers: convolution channels (images only), dense trunk, each head.

    own_trunk: the name of a user's trunk, whose width is ``trunk`` (() where it has none), "" for a dense one.
    dropout: the share of a hidden dense layer's units that each row of a training batch does without. norm: "layer" for
    layer normalisation of hidden dense layers. It looks at one row at a time, so a network answers a row alike in any
    batch, and its weights are all that early stopping has to keep; batch normalisation has running means beside them,
    and trains on rows that a stack pads with zeros. residual: the first width of ``trunk`` is that of a stream, every
    other one that of a block which adds to it (Gorishniy et al. 2021); see ``networks.layers``.

    An id leaves out the fields of ``LATER`` that have their default, and so does a record those of ``NOT_WRITTEN``.
    """

    trunk: tuple[Width, ...]
    head: tuple[Width, ...] = ()
    channels: tuple[Width, ...] = ()
    activation: Literal["relu", "tanh"] = "relu"
    own_trunk: str = ""
    dropout: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    norm: Norm = ""
    residual: bool = False


YOUNG: Final = {"dropout": 0.0, "norm": "", "residual": False, "weighting": "", "checkpoint": "network"}
LATER: Final = {"own_trunk": "", **YOUNG}  # fields of Shape and Recipe that ids are older than
NEW: Final = {"weighting_flops": 0, "best_epochs": (), "served_parameters": None, "search": False, "partitions": ()}
NOT_WRITTEN: Final = {**YOUNG, **NEW, "copied": (), "eager_reason": "", "screens": ()}  # records are older than these


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained. ``loss_weights`` are per output name; an output not named weighs 1. weighting: the method
    that weighs the losses anew in training (``networks.loss_weighting``). checkpoint: see ``backends.early_stopping``."""

    optimizer: Optimizer = "adam"
    learning_rate: PositiveFloat = 1e-3
    batch_size: Positive = 32
    max_epochs: Positive = 200
    patience: Natural = 20
    loss_weights: tuple[tuple[str, PositiveFloat], ...] = ()
    weight_decay: Annotated[float, Interval(ge=0, lt=math.inf)] = 0.0
    weighting: Weighting = ""
    checkpoint: Checkpoint = "network"


@dataclass(frozen=True)
class Arm:
    """A partition of a dataset's outputs into networks, and the rule that sizes them.

    ``reference`` is the partition at base shape whose parameter count ``same-parameters`` aims at. weighting: how its
    networks of several outputs weigh their losses. checkpoint: what has a best epoch of its own, to be served from.
    search: each run has the partition of the least validation loss; until that is known ``groups`` are the finest."""

    name: str
    groups: Partition
    sizing: Sizing = "same-width"
    reference: Partition = ()
    weighting: Weighting = ""
    checkpoint: Checkpoint = "network"
    search: bool = False

    @property
    def served(self) -> Partition:
        """The outputs of each network that answers requests, in the order of the groups."""
        return self.groups if self.checkpoint == "network" else tuple((name,) for g in self.groups for name in g)


@dataclass(frozen=True, kw_only=True)
class Network:
    """The unit of training: everything that determines the result of a fit, and hence its identity."""

    dataset: str
    sha256: str
    repeat: Natural
    fold: Natural
    split: str
    seed: Natural
    group: tuple[str, ...]
    shape: Shape
    recipe: Recipe
    backend: str
    device: str
    engine: Engine

    @cached_property
    def id(self) -> str:
        """A stable id: equal networks have the same one, in every process."""
        shape, recipe = (
            {name: value for name, value in vars(part).items() if name not in LATER or value != LATER[name]}
            for part in (self.shape, self.recipe)
        )
        parts = {**vars(self), "shape": shape, "recipe": recipe}
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
