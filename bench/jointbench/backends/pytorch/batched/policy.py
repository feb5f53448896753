"""How a program goes about its work on a kind of device: the same networks, losses and results in either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from jointbench.backends.batched.program import BatchRows, Meanwhile, PackedData, ProgramStep
from jointbench.backends.pytorch.batched.convolutions import MakeConvolutions, SlotConvolutions, StackConvolutions
from jointbench.backends.pytorch.batched.device_loop import DeviceLoop
from jointbench.backends.pytorch.batched.host_loop import HostLoop
from jointbench.backends.pytorch.batched.network_stack import NetworkStack
from jointbench.backends.pytorch.batched.prediction import Request, one_by_one, together
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array


class EpochLoop(Protocol):
    """Takes the steps of a stack, and decides when a slot stops."""

    @property
    def eager_reason(self) -> str | None:
        """Why steps that should be replayed are called; None where they are replayed, and where they should be called."""
        ...

    def reset(self, slots: Sequence[int]) -> None:
        """New networks are in these slots: no step taken, no best epoch yet."""
        ...

    def advance(self, rows: BatchRows, meanwhile: Meanwhile | None) -> ProgramStep:
        """As a program's ``advance``."""
        ...


class Predict(Protocol):
    """Answers each request with its weights: (rows, units), raw."""

    def __call__(self, network: Architecture, requests: Sequence[Request], device: str) -> list[Float32Array]: ...


@dataclass(frozen=True)
class Policy:
    """Where the rows of steps, the counters and early stopping are, how convolutions are computed, and how networks that
    are trained answer."""

    make_loop: Callable[[NetworkStack, PackedData], EpochLoop]
    convolutions: MakeConvolutions
    predict: Predict


ON_HOST = Policy(HostLoop, SlotConvolutions, one_by_one)
"""For the processor: what the host knows saves work, and nothing has to be copied to it."""
ON_DEVICE = Policy(DeviceLoop, StackConvolutions, partial(together, make_convolutions=StackConvolutions))
"""For an accelerator: all that a step needs lies in its memory, so that no step waits for the host."""


def policy_of(device: str) -> Policy:
    """The faster one on this device."""
    return ON_HOST if device == "cpu" else ON_DEVICE
