"""The PyTorch backend."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from jointbench.backends.base import Job, Server, Stacked, Trained, Trainer
from jointbench.backends.batched.program import PackedData, ProgramSpec
from jointbench.backends.batched.scheduler import fit_stacked
from jointbench.backends.batched.trainer import EngineTrainer
from jointbench.backends.fit_loop import endless_batches, fit_loop
from jointbench.backends.own_trunk import TrunkReading
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.backends.pytorch.batched.policy import policy_of
from jointbench.backends.pytorch.batched.program import BatchedProgram
from jointbench.backends.pytorch.device import peak_bytes, prepare, stack_limits, synchronise, unusable_reason
from jointbench.backends.pytorch.diagnostics.interface import TorchDiagnostics
from jointbench.backends.pytorch.flop_counter import counted_flops
from jointbench.backends.pytorch.own_trunk import read_trunk, seeded
from jointbench.backends.pytorch.saved_model import exported, saved_bytes
from jointbench.backends.pytorch.servers import Servers
from jointbench.backends.pytorch.stock_trainer import StockTrainer
from jointbench.backends.pytorch.weighting.loops import make_loop
from jointbench.measure.device_clock import device_clock
from jointbench.networks.architecture import Architecture
from jointbench.networks.own_trunk import TrunkFunction
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.types import Weights


class TorchBackend:
    """PyTorch on one device; threads are process-wide, so one instance per process."""

    name = "torch"

    def __init__(self, device: str, threads: int) -> None:
        self.device = device
        self.diagnostics: Diagnostics | None = TorchDiagnostics(self.device, self.synchronise)
        self.servers = Servers(device)
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

    def exported(self, network: Architecture, weights: Weights) -> bytes:
        return exported(network, weights)

    def fit(self, job: Job) -> Trained:
        with seeded(job.seed):
            return fit_loop(make_loop(job, self.device), device_clock(self.synchronise))

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        limits = stack_limits(self.device)
        programs: list[BatchedProgram] = []

        def make_program(spec: ProgramSpec, data: PackedData) -> BatchedProgram:
            programs.append(BatchedProgram(spec, data, self.device))
            return programs[0]

        trained = fit_stacked(jobs, make_program, partial(policy_of(self.device).predict, device=self.device), limits)
        (program,) = programs
        return Stacked(trained, program.stack.spec.slots, 0, limits.memory_bytes, program.eager_reason or "")

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        if mode == "engine":
            return EngineTrainer(jobs, partial(BatchedProgram, device=self.device), self.synchronise)
        return StockTrainer(list(jobs), self.device, steps, self.synchronise)

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        return self.servers.unavailable_reason(mode)

    def server(self, networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode = SEQUENTIAL) -> Server:
        return self.servers.make(networks, mode)

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        return counted_flops(network, batch_size)

    def steps(self, job: Job, count: int) -> dict[str, npt.NDArray[np.floating]]:
        with seeded(job.seed):
            loop = make_loop(job, self.device)
            for rows in itertools.islice(endless_batches(loop), count):
                loop.step(rows)
            return loop.read_weights()

    def read_trunk(self, function: TrunkFunction, input_shape: tuple[int, ...], width: int | None) -> TrunkReading:
        return read_trunk(function, input_shape, width)


def make_backend(device: str, threads: int) -> Backend:
    """What the registry calls."""
    return TorchBackend(device, threads)
