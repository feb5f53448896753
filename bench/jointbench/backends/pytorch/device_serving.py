"""Serving as it is done on a GPU: networks in one captured graph, and the copies of a request by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.pytorch.copies import StagedCopies
from jointbench.backends.pytorch.launcher import Launcher, make_launcher
from jointbench.backends.pytorch.networks import MultiOutputNetwork, build
from jointbench.networks.architecture import Architecture
from jointbench.records import CopiedBytes
from jointbench.types import Float32Array, Weights

MOST_GRAPHS = 8  # of a server: each holds memory on the device for its number of rows


class Captured(NamedTuple):
    """A graph of requests of so many rows. It reads ``rows`` and writes ``answers``, which stay where they are."""

    rows: torch.Tensor
    answers: list[torch.Tensor]
    launch: Launcher


class GraphServer:
    """An arm's networks called one after the other, all of them in one graph for each number of rows.

    A number of rows that was not asked for yet costs a capture. On the CPU the launcher calls the networks.
    """

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str, copies: StagedCopies) -> None:
        self.modules = [build(network, weights, device, torch.float32).eval() for network, weights in networks]
        self.input_shape, self.units = networks[0][0].input_shape, answer_units(networks)
        self.device, self.copies = device, copies
        self.graphs: dict[int, Captured] = {}

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        with torch.inference_mode():
            graph = self.graphs.get(len(rows)) or self._capture(len(rows))
            graph.rows.copy_(self.copies.staged(rows), non_blocking=True)
            graph.launch()
            return self.copies.to_host(graph.answers)

    @property
    def copied(self) -> CopiedBytes:
        return self.copies.copied

    def _capture(self, count: int) -> Captured:
        """Raises RuntimeError where no graph can be captured: what is called instead would be timed under its name."""
        if len(self.graphs) >= MOST_GRAPHS:
            del self.graphs[next(iter(self.graphs))]
        rows = torch.zeros((count, *self.input_shape), device=self.device)
        answers = [torch.zeros((count, units), device=self.device) for units in self.units]
        launch = make_launcher(lambda: answer(self.modules, rows, answers), self.device, ())
        if launch.eager_reason is not None:
            raise RuntimeError(f"no graph can be captured: {launch.eager_reason}")
        self.graphs[count] = Captured(rows, answers, launch)
        return self.graphs[count]


def answer(modules: Sequence[MultiOutputNetwork], rows: torch.Tensor, answers: Sequence[torch.Tensor]) -> None:
    """Writes each network's answers to the rows, the heads' side by side."""
    for module, into in zip(modules, answers, strict=True):
        torch.cat(module(rows), dim=1, out=into)


class CopyServer:
    """The copies of requests to networks that are called in turn, without the networks: rows to the device, and as many
    zeros back as there would be answers."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], device: str, copies: StagedCopies) -> None:
        self.units, self.device, self.copies = answer_units(networks), device, copies
        self.zeros: list[torch.Tensor] = []

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        with torch.inference_mode():
            if not self.zeros or len(self.zeros[0]) != len(rows):
                self.zeros = [torch.zeros((len(rows), units), device=self.device) for units in self.units]
            self.copies.to_device(rows)
            return self.copies.to_host(self.zeros)

    @property
    def copied(self) -> CopiedBytes:
        return self.copies.copied


def answer_units(networks: Sequence[tuple[Architecture, Weights]]) -> list[int]:
    """The number of each network's answers to a row, over all its heads."""
    return [sum(head[-1].units for head in network.heads) for network, _ in networks]
