"""The PyTorch backend."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.base import (
    Clock,
    Gradients,
    Job,
    Pattern,
    Server,
    Stacked,
    Trained,
    Trainer,
    TrainingHistory,
    TrunkGramians,
)
from jointbench.backends.batched.program import program_spec
from jointbench.backends.batched.scheduler import fit_stacked
from jointbench.backends.batched.trainer import EngineTrainer
from jointbench.backends.fit_loop import endless_batches, fit_loop
from jointbench.backends.pytorch.batched.program import BatchedProgram, predict
from jointbench.backends.pytorch.device import peak_bytes, prepare, synchronise, unusable_reason
from jointbench.backends.pytorch.diagnostics import loss_weighting
from jointbench.backends.pytorch.diagnostics.activations import activations
from jointbench.backends.pytorch.diagnostics.gradients import gradients
from jointbench.backends.pytorch.diagnostics.reference_loops import installed_loops
from jointbench.backends.pytorch.diagnostics.trunk_gradients import trunk_gramians
from jointbench.backends.pytorch.diagnostics.tutorial_code import run
from jointbench.backends.pytorch.flop_counter import counted_flops
from jointbench.backends.pytorch.saved_model import saved_bytes
from jointbench.backends.pytorch.serving import CompiledServer, EagerServer, FusedServer
from jointbench.backends.pytorch.training_loop import StockLoop, StockTrainer
from jointbench.measure.device_clock import device_clock
from jointbench.networks.architecture import Architecture
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.types import Float32Array, IntArray, Weights

SERVERS: dict[ExecutionMode, type[EagerServer | FusedServer]] = {
    SEQUENTIAL: EagerServer,
    "fused": FusedServer,
    "compiled": CompiledServer,
}


class TorchBackend:
    """PyTorch on one device; threads are process-wide, so one instance per process."""

    name = "torch"

    def __init__(self, device: str, threads: int) -> None:
        self.device = device
        prepare(device)
        torch.set_num_threads(threads)
        torch.optim.SGD([torch.zeros(1)])  # the first optimiser imports 800 modules, which is part of loading PyTorch

    def unusable_reason(self) -> str | None:
        return unusable_reason(self.device)

    def synchronise(self) -> None:
        synchronise(self.device)

    def device_peak_bytes(self) -> int | None:
        return peak_bytes(self.device)

    def saved_bytes(self, network: Architecture, weights: Weights) -> int:
        return saved_bytes(network, weights)

    def fit(self, job: Job) -> Trained:
        return fit_loop(StockLoop(job, self.device), device_clock(self.synchronise))

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        trained = fit_stacked(jobs, partial(BatchedProgram, device=self.device), partial(predict, device=self.device))
        return Stacked(trained, program_spec(jobs).slots, 0)

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        if mode == "engine":
            return EngineTrainer(jobs, partial(BatchedProgram, device=self.device), self.synchronise)
        return StockTrainer(list(jobs), self.device, steps, self.synchronise)

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        return None if mode in SERVERS else f"PyTorch has no `{mode}`"

    def server(self, networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode = SEQUENTIAL) -> Server:
        return SERVERS[mode](networks, self.device)

    def reference_loops(self, job: Job, repeats: int) -> dict[str, float]:
        job.require_squared_loss("a loop as tutorials write it")
        return {name: loop(job, repeats) for name, loop in installed_loops().items()}

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        return counted_flops(network, batch_size)

    def steps(self, job: Job, count: int) -> dict[str, npt.NDArray[np.floating]]:
        loop = StockLoop(job, self.device)
        for rows in itertools.islice(endless_batches(loop), count):
            loop.step(rows)
        return loop.read_weights()

    def gradients(self, job: Job, rows: IntArray) -> Gradients:
        return gradients(job, rows, self.device)

    def trunk_gramians(self, job: Job, at_steps: Sequence[int], rows: IntArray) -> TrunkGramians:
        return trunk_gramians(job, at_steps, rows, self.device)

    def weighting_methods(self) -> Mapping[str, str | None]:
        return loss_weighting.methods()

    def fit_weighted(self, job: Job, method: str) -> Trained:
        return loss_weighting.fit(job, self.device, method, device_clock(self.synchronise))

    def weighted_steps(self, job: Job, method: str, steps: int) -> Callable[[Clock], float]:
        return loss_weighting.timed_steps(job, self.device, method, steps, self.synchronise)

    def tutorial(self, job: Job, pattern: Pattern) -> TrainingHistory:
        return run(job, pattern, self.device)

    def activations(
        self, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
    ) -> list[list[Float32Array]]:
        return activations(networks, rows, self.device)
