"""What a study clocked and weighed: records of time and memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from annotated_types import Interval, MinLen
from pydantic import Field

from jointbench.records.arrays import FLOATS, StoredArray
from jointbench.types import FloatArray, IntArray, Natural, Positive

Scenario = Literal["training", "request"]
ExecutionMode = Literal[
    "stock loop",
    "engine",
    "fit",
    "in turn",
    "fused",
    "one of N",
    "compiled",
    "onnx",
    "predict",
    "CUDA graph",
    "torch.compile",
    "copies alone",
]
STOCK_LOOP: Final = "stock loop"  # training as people write it
WHOLE_FIT: Final = "fit"  # a model that is no network is trained in one call
SEQUENTIAL: Final = "in turn"  # an arm's networks are called one after the other, for all outputs
FUSED: Final = "fused"  # an arm's networks answer as one program
SINGLE_OUTPUT: Final = "one of N"  # only the first output is asked for
CUDA_GRAPH: Final = "CUDA graph"  # an arm's networks are called one after the other, as one captured graph
TORCH_COMPILE: Final = "torch.compile"  # the fused program by PyTorch's compiler
COPIES: Final = "copies alone"  # no network is called: a request's rows go to the device, as many zeros come back
AA_CONTROL = "A/A twin"
Seconds = Annotated[float, Interval(ge=0, le=1e9)]


@dataclass(frozen=True)
class Variant:
    """What takes turns in a timing: an arm, and the way its work is done."""

    arm: str
    path: ExecutionMode


@dataclass(frozen=True)
class CopiedBytes:
    """Bytes that one request copies: its rows to the device, and the answers back."""

    to_device: Natural
    to_host: Natural


@dataclass(frozen=True, eq=False, kw_only=True)
class Timing:
    """Interleaved samples of several variants doing the same work in one process.

    order[i] is the index of the variant of visit i. seconds[i] are that visit's timed intervals, (visits, intervals):
    of one optimisation step of each of the arm's networks, or of one request. A block is ``block`` consecutive visits
    and reads the same forwards and backwards (A B B A), so a drift over the block cancels. AA_CONTROL is the first arm
    built a second time: its ratio to the first is pure noise.

    load: (blocks,), cores that other processes kept busy meanwhile; disturbed: they kept too many busy. take: 0, or 1
    where it repeats a disturbed timing. copied: of a request of each variant; () where nothing is copied.
    """

    dataset: str
    backend: str
    device: str
    scenario: Scenario
    batch_size: Positive
    threads: Positive
    variants: Annotated[tuple[Variant, ...], MinLen(1), Field(alias="participants")]
    block: Positive
    order: Annotated[tuple[Natural, ...], MinLen(1)]
    seconds: Annotated[FloatArray, StoredArray(FLOATS, axes=2, low=1e-12, high=1e9)]
    load: Annotated[FloatArray, StoredArray(FLOATS, axes=1, low=-1e9, high=1e9)]
    disturbed: bool = False
    take: Natural = 0
    copied: tuple[CopiedBytes, ...] = ()

    def of(self, variant: Variant) -> FloatArray:
        """The variant's intervals, in the order they were taken."""
        index = self.variants.index(variant)
        return self.seconds[[visitor == index for visitor in self.order]].ravel()


@dataclass(frozen=True, eq=False, kw_only=True)
class Energy:
    """Joules of several variants that do the same work in turns, as in ``Timing``, each visit of many steps or requests.

    joules, seconds: (visits,), of one optimisation step of each of the arm's networks, or of one request. The counter's
    ``source`` says whose joules they are: all that the device took meanwhile, its idle power included, ``idle_watts``
    in a pause before. update_seconds: the usual time between two changes of the counter.
    """

    dataset: str
    backend: str
    device: str
    scenario: Scenario
    batch_size: Positive
    threads: Positive
    source: str
    update_seconds: Seconds
    idle_watts: Annotated[float, Interval(ge=0, le=1e9)]
    variants: Annotated[tuple[Variant, ...], MinLen(1)]
    block: Positive
    order: Annotated[tuple[Natural, ...], MinLen(1)]
    joules: Annotated[FloatArray, StoredArray(FLOATS, axes=1, low=1e-12, high=1e12)]
    seconds: Annotated[FloatArray, StoredArray(FLOATS, axes=1, low=1e-12, high=1e9)]
    load: Annotated[FloatArray, StoredArray(FLOATS, axes=1, low=-1e9, high=1e9)]

    def visits_of(self, variant: Variant) -> IntArray:
        """The places of the variant's visits."""
        return np.flatnonzero(np.array(self.order) == self.variants.index(variant))


@dataclass(frozen=True, kw_only=True)
class StatedCost:
    """What somebody says that an arm costs, in a unit of theirs; nothing was clocked."""

    dataset: str
    backend: str
    device: str
    arm: str
    scenario: Scenario
    value: Annotated[float, Interval(gt=0, le=1e15)]


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """Seconds before the first useful step: importing the framework, building a network, its first call.

    threads: of the worker; None in records of older versions.
    """

    dataset: str
    backend: str
    device: str
    arm: str
    import_seconds: Seconds
    build_seconds: Seconds
    first_call_seconds: Seconds
    threads: Positive | None = None


@dataclass(frozen=True)
class Peak:
    """Memory of a process of its own, in bytes.

    baseline: resident once the framework was imported. peak: the most that was resident after that. device: the most
    that the framework had allocated on the accelerator, by its own counter; None on the CPU.
    """

    baseline: Natural
    peak: Natural
    device: Natural | None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes that an arm takes saved, in training and in serving. None: not measured, for the ``reason``.

    artifact_bytes: its networks as saved files, the sum over them. training, serving: each in a fresh process.
    """

    dataset: str
    backend: str
    device: str
    arm: str
    artifact_bytes: Natural | None
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
    threads: Positive
    arm: str
    steps: Natural
    projected_seconds: Seconds
    measured_seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Networks that were trained together in one program, and its cost.

    slots: replicates at a time, a function of shapes and ``memory_budget_bytes``. compilations: programs compiled
    for this stack, 0 where an earlier one was reused. seconds: in all, compilation included. eager_reason: why an
    accelerator could not replay the steps as a graph; empty where it could, and on the processor.
    """

    dataset: str
    backend: str
    device: str
    network_ids: Annotated[tuple[str, ...], MinLen(1)]
    slots: Positive
    compilations: Natural
    memory_budget_bytes: Natural
    seconds: Seconds
    eager_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Untimed:
    """What was left out of a timing: these variants, in training steps or in requests of these sizes.

    budget_spent: the time for timing did not suffice; otherwise something is wrong with them, or they do not exist.
    """

    scenario: Scenario
    threads: Positive
    batch_sizes: tuple[Positive, ...]
    variants: tuple[Variant, ...]
    budget_spent: bool
