"""How many networks a stack may have: a function of shapes and of the memory that the device grants it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.backends.base import MEMORY_BUDGET_BYTES, Job, Precision
from jointbench.backends.early_stopping import checkpoints_kept
from jointbench.networks.architecture import Architecture
from jointbench.types import Recipe

MAX_STACK = 32  # beyond it a step on the processor costs no less per network, and more slots idle at the end
STEPS_PER_CALL = 64  # small epochs are joined until a call is at least this long
MAX_STACK_ON_DEVICE = 4096  # beyond it a step costs no less per network there either
STEPS_PER_CALL_ON_DEVICE = 256  # what the host does for a call takes longer than some dozens of a device's steps
DEVICE_SHARE = 0.5  # of its free memory: capturing a graph copies the weights, and other work needs some too
WHOLE = 2**30  # bytes that a device's memory is counted in, so that a few more or less change no stack
WHOLE_STACK_BUFFERS = 2  # of the parameters' size, of an update of all slots at once, beside those of any update
ROW_NUMBERS = 8  # bytes: a row's number among the features and among the targets


@dataclass(frozen=True)
class StackLimits:
    """What a stack may take up where it trains.

    memory_bytes: of weights, optimiser state and activations. most: networks. steps_per_call: small epochs are joined
    until a call is at least this long. holds_rows: the data and the rows of a whole call lie in the same memory.
    """

    memory_bytes: int
    most: int
    steps_per_call: int
    holds_rows: bool = False


def processor_limits() -> StackLimits:
    """Those of the processor, whatever machine it is in: the same study makes the same stacks everywhere."""
    return StackLimits(MEMORY_BUDGET_BYTES, MAX_STACK, STEPS_PER_CALL)


def device_limits(free_bytes: int) -> StackLimits:
    """Those of an accelerator with so much memory free."""
    whole = max(free_bytes // WHOLE * WHOLE, MEMORY_BUDGET_BYTES)
    return StackLimits(int(whole * DEVICE_SHARE), MAX_STACK_ON_DEVICE, STEPS_PER_CALL_ON_DEVICE, holds_rows=True)


@dataclass(frozen=True)
class CallSize:
    """The sizes of a call: its epochs, their steps, the rows of a step, and those of validation."""

    epochs: int = 0
    steps: int = 0
    batch: int = 0
    validation: int = 0


def stack_size(
    network: Architecture,
    recipe: Recipe,
    precision: Precision,
    jobs: int,
    call: CallSize | None = None,
    limits: StackLimits | None = None,
) -> int:
    """Slots of a stack: as many as fit the memory and the limit of networks; by default the processor's limits.

    A slot holds weights, gradient, two moments and best weights, and a batch's activations forward and backward; and
    with dropout the masks of a call, a byte for each unit of its rows.
    """
    limits = limits or processor_limits()
    call = call or CallSize()
    item_bytes = _item_bytes(precision)
    activations = sum(
        layer.positions * (layer.units + 9 * layer.inputs * (layer.kind == "conv")) for layer in network.layers
    )
    inputs = math.prod(network.input_shape)
    kept = 5 + checkpoints_kept(recipe, len(network.heads)) + WHOLE_STACK_BUFFERS * limits.holds_rows
    slot_bytes = item_bytes * (kept * network.parameters + 3 * recipe.batch_size * (activations + inputs))
    slot_bytes += call.epochs * call.steps * call.batch * sum(layer.units for layer in network.dropped)
    if limits.holds_rows:
        slot_bytes += _row_bytes(network, item_bytes, call)
    return max(1, min(jobs, limits.most, limits.memory_bytes // slot_bytes))


def _row_bytes(network: Architecture, item_bytes: int, call: CallSize) -> int:
    """Of the rows of a call in a slot: their numbers, and for those of an epoch and of validation targets, weights, answers,
    and three numbers of each while their losses are computed."""
    epoch = call.steps * call.batch
    numbers = ROW_NUMBERS * (call.epochs * epoch + epoch + call.validation)
    return numbers + item_bytes * 6 * sum(network.units) * (epoch + call.validation)


def without_data(limits: StackLimits, jobs: Sequence[Job], network: Architecture) -> StackLimits:
    """The limits without the memory that the jobs' data takes, where that lies in the same memory."""
    if not limits.holds_rows:
        return limits
    item_bytes = _item_bytes(jobs[0].precision)
    features = {id(job.features): job.features.size for job in jobs}
    labels = 2 * sum(network.units) * sum(len(job.features) + 1 for job in jobs)
    left = limits.memory_bytes - item_bytes * (sum(features.values()) + labels)
    return StackLimits(max(left, 0), limits.most, limits.steps_per_call, limits.holds_rows)


def _item_bytes(precision: Precision) -> int:
    return 4 if precision == "float32" else 8
