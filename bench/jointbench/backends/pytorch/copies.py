"""What a request copies: its rows to the device, and the answers back to numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.pytorch.device import synchronise
from jointbench.records import CopiedBytes
from jointbench.types import Float32Array

Answers = list[npt.NDArray[np.floating]]


class Copies(Protocol):
    """Brings rows to a device and answers back."""

    def to_device(self, rows: Float32Array) -> torch.Tensor:
        """The rows on the device, which has them when it comes to what is called next."""
        ...

    def to_host(self, answers: Sequence[torch.Tensor]) -> Answers:
        """The answers as arrays, after the device is done."""
        ...

    @property
    def copied(self) -> CopiedBytes | None:
        """What the last request copied; None where nothing is."""
        ...


class SharedMemory:
    """On the CPU tensors and arrays share their memory: nothing is copied."""

    copied = None

    def to_device(self, rows: Float32Array) -> torch.Tensor:
        return torch.from_numpy(rows)

    def to_host(self, answers: Sequence[torch.Tensor]) -> Answers:
        return [answer.numpy() for answer in answers]


class View(NamedTuple):
    """A part of a buffer, as a tensor and as an array."""

    tensor: torch.Tensor
    array: Float32Array


class Buffer:
    """Memory of the host that grows to the largest that is asked of it. pinned: page-locked."""

    def __init__(self, pinned: bool) -> None:
        self.flat, self.pinned = torch.empty(0), pinned
        self.made: dict[tuple[tuple[int, ...], ...], list[View]] = {}
        self.last: list[View] = []

    def views(self, shapes: tuple[tuple[int, ...], ...]) -> list[View]:
        """Tensors of these shapes one behind the other: the same memory for whoever asks."""
        if shapes not in self.made:
            self.made[shapes] = self._make(shapes)
        self.last = self.made[shapes]
        return self.last

    def _make(self, shapes: tuple[tuple[int, ...], ...]) -> list[View]:
        sizes = [math.prod(shape) for shape in shapes]
        if sum(sizes) > len(self.flat):
            self.made.clear()
            self.flat = torch.empty(sum(sizes), dtype=torch.float32, pin_memory=self.pinned)
        parts = self.flat[: sum(sizes)].split(sizes)
        tensors = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
        return [View(tensor, tensor.numpy()) for tensor in tensors]

    @property
    def last_bytes(self) -> int:
        return sum(view.array.nbytes for view in self.last)


class StagedCopies:
    """Copies through page-locked memory, which the device reads and writes while the processor goes on.

    All servers of a process copy through the same two buffers, one request at a time: no place in memory favours one of
    them, and the largest request is there once. On the CPU the memory is not page-locked; the rest is the same.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.rows, self.answers = (Buffer(pinned=device != "cpu") for _ in range(2))

    def staged(self, rows: Float32Array) -> torch.Tensor:
        """The rows in page-locked memory."""
        (view,) = self.rows.views((rows.shape,))
        view.array[...] = rows
        return view.tensor

    def to_device(self, rows: Float32Array) -> torch.Tensor:
        return self.staged(rows).to(self.device, non_blocking=True)

    def to_host(self, answers: Sequence[torch.Tensor]) -> Answers:
        """One wait for all of them. The arrays are the caller's: the next request writes into the buffer, not into them."""
        views = self.answers.views(tuple(answer.shape for answer in answers))
        for view, answer in zip(views, answers, strict=True):
            view.tensor.copy_(answer, non_blocking=True)
        synchronise(self.device)
        return [view.array.copy() for view in views]

    @property
    def copied(self) -> CopiedBytes:
        return CopiedBytes(self.rows.last_bytes, self.answers.last_bytes)
