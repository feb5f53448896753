"""The TensorFlow backend."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

# Keras reads it at import. jointbench measures Keras on TensorFlow, whatever the user's environment sets.
os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf

from jointbench.backends.base import Job, Server, Stacked, Trained, Trainer
from jointbench.backends.batched.program import PackedData, ProgramSpec, program_spec
from jointbench.backends.batched.scheduler import fit_stacked
from jointbench.backends.batched.trainer import EngineTrainer
from jointbench.backends.onnx_runtime.serving import SessionServer
from jointbench.backends.onnx_runtime.serving import unavailable_reason as onnx_unavailable_reason
from jointbench.backends.own_trunk import TrunkReading
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.backends.tensorflow.batched.program import GraphProgram, compilations, predict
from jointbench.backends.tensorflow.device import peak_bytes, prepare, synchronise, unusable_reason
from jointbench.backends.tensorflow.diagnostics.interface import TensorFlowDiagnostics
from jointbench.backends.tensorflow.flop_counter import counted_flops
from jointbench.backends.tensorflow.losses_and_optimizers import precision
from jointbench.backends.tensorflow.own_trunk import read_trunk
from jointbench.backends.tensorflow.saved_model import exported, saved_bytes
from jointbench.backends.tensorflow.serving import FunctionServer, FusedServer, PredictServer
from jointbench.backends.tensorflow.stepwise_fit import StockTrainer
from jointbench.backends.tensorflow.training_loop import fit, take_steps
from jointbench.measure.device_clock import device_clock
from jointbench.networks.architecture import Architecture
from jointbench.networks.own_trunk import TrunkFunction
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.types import Weights

SERVERS: dict[ExecutionMode, Callable[[Sequence[tuple[Architecture, Weights]]], Server]] = {
    SEQUENTIAL: FunctionServer,
    "fused": FusedServer,
    "compiled": partial(FusedServer, xla=True),
    "predict": PredictServer,
}


class TensorFlowBackend:
    """TensorFlow on one device; threads are process-wide, so one instance per process."""

    name = "tensorflow"

    def __init__(self, device: str, threads: int) -> None:
        self.requested_device, self.threads = device, threads
        self.device = "/GPU:0" if device == "cuda" else "/CPU:0"
        self.diagnostics: Diagnostics | None = TensorFlowDiagnostics(self.device, self.synchronise)
        prepare(device)
        tf.get_logger().setLevel("ERROR")  # it warns of retracing, but here each network is traced once
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)

    def unusable_reason(self) -> str | None:
        return unusable_reason(self.requested_device)

    def synchronise(self) -> None:
        synchronise(self.requested_device)

    def device_peak_bytes(self) -> int | None:
        return peak_bytes(self.requested_device)

    def saved_bytes(self, network: Architecture, weights: Weights) -> int:
        return saved_bytes(network, weights)

    def exported(self, network: Architecture, weights: Weights) -> bytes:
        return exported(network, weights)

    def fit(self, job: Job) -> Trained:
        with tf.device(self.device), precision(job):
            return fit(job, device_clock(self.synchronise))

    def _program(self, spec: ProgramSpec, data: PackedData) -> GraphProgram:
        return GraphProgram(spec, data, self.device)

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        before = compilations()
        with tf.device(self.device), precision(jobs[0]):
            trained = fit_stacked(jobs, self._program, predict)
        return Stacked(trained, program_spec(jobs).slots, compilations() - before)

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        if mode == "engine":
            return EngineTrainer(jobs, self._program, self.synchronise)
        return StockTrainer(list(jobs), self.device, steps, self.synchronise)

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        if mode == "onnx":
            return onnx_unavailable_reason(self.requested_device)
        return None if mode in SERVERS else f"Keras has no `{mode}`"

    def server(self, networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode = SEQUENTIAL) -> Server:
        if mode == "onnx":
            return SessionServer(networks, self.threads)
        with tf.device(self.device):
            return SERVERS[mode](networks)

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        return counted_flops(network, batch_size)

    def steps(self, job: Job, count: int) -> dict[str, Any]:
        with tf.device(self.device), precision(job):
            return take_steps(job, count)

    def read_trunk(self, function: TrunkFunction, input_shape: tuple[int, ...], width: int | None) -> TrunkReading:
        with tf.device(self.device):
            return read_trunk(function, input_shape, width)


def make_backend(device: str, threads: int) -> Backend:
    """What the registry calls."""
    return TensorFlowBackend(device, threads)
