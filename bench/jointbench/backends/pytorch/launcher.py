"""Takes one step over and over: by calling it, or on CUDA by replaying the graph that it was captured as.

A step of small networks is some dozens of kernels, each of which takes the processor longer to launch than the device to
run. A captured graph launches all of them at once (NVIDIA, CUDA C++ Programming Guide, "CUDA Graphs").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from jointbench.errors import first_line

WARM_UP_STEPS = 3  # the first calls of libraries choose kernels and take workspaces, which no graph may hold
Step = Callable[[], None]
"""Reads and writes tensors that stay where they are; takes nothing from the host and gives nothing back to it."""


@dataclass(frozen=True, eq=False)
class Launcher:
    """Takes the step when it is called. eager_reason: why no graph of a device's step could be captured, so that it is
    called; None where it is replayed, and on the CPU, which has no graphs."""

    take_step: Step
    eager_reason: str | None = None

    def __call__(self) -> None:
        self.take_step()


def make_launcher(step: Step, device: str, state: Sequence[torch.Tensor]) -> Launcher:
    """The launcher of a step. state: every tensor that a step changes and a later one reads, which are as they were
    before when this returns."""
    if device == "cpu":
        return Launcher(step)
    before = [tensor.clone() for tensor in state]

    def put_back() -> None:
        for tensor, value in zip(state, before, strict=True):
            tensor.copy_(value)

    try:
        return Launcher(_captured(step, put_back).replay)
    except RuntimeError as error:  # a kernel that no graph can hold
        return Launcher(step, _first_reason(error))
    finally:
        put_back()


def _captured(step: Step, put_back: Step) -> torch.cuda.CUDAGraph:
    """The step as a graph, after a few steps on another stream, as PyTorch's notes on CUDA graphs ask.

    put_back: undoes a step, so that none starts where only a later one could, with a counter past its end.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    try:
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_STEPS):
                step()
                put_back()
    finally:
        torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph


def _first_reason(error: BaseException) -> str:
    """The first line of the error that all others followed: a capture that is broken off complains of that too."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return first_line(error)
