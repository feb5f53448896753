"""The TensorFlow backend."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

# Keras reads it at import. jointbench measures Keras on TensorFlow, whatever the user's environment sets.
os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf

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
from jointbench.backends.tensorflow.batched.program import GraphProgram, compilations, predict
from jointbench.backends.tensorflow.device import peak_bytes, prepare, synchronise, unusable_reason
from jointbench.backends.tensorflow.diagnostics import loss_weighting
from jointbench.backends.tensorflow.diagnostics.activations import activations
from jointbench.backends.tensorflow.diagnostics.gradients import gradients
from jointbench.backends.tensorflow.diagnostics.reference_loops import keras_fit
from jointbench.backends.tensorflow.diagnostics.trunk_gradients import trunk_gramians
from jointbench.backends.tensorflow.diagnostics.tutorial_code import run
from jointbench.backends.tensorflow.flop_counter import counted_flops
from jointbench.backends.tensorflow.losses_and_optimizers import precision
from jointbench.backends.tensorflow.saved_model import saved_bytes
from jointbench.backends.tensorflow.serving import FunctionServer, FusedServer, PredictServer
from jointbench.backends.tensorflow.stepwise_fit import StockTrainer
from jointbench.backends.tensorflow.training_loop import fit, take_steps
from jointbench.measure.device_clock import device_clock
from jointbench.networks.architecture import Architecture
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.types import Float32Array, IntArray, Weights

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
        self.requested_device = device
        self.device = "/GPU:0" if device == "cuda" else "/CPU:0"
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

    def fit(self, job: Job) -> Trained:
        with tf.device(self.device), precision(job):
            return fit(job, device_clock(self.synchronise))

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        before = compilations()
        with tf.device(self.device), precision(jobs[0]):
            trained = fit_stacked(jobs, GraphProgram, predict)
        return Stacked(trained, program_spec(jobs).slots, compilations() - before)

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        if mode == "engine":
            with tf.device(self.device):
                return EngineTrainer(jobs, GraphProgram, self.synchronise)
        return StockTrainer(list(jobs), self.device, steps, self.synchronise)

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        return None if mode in SERVERS else f"Keras has no `{mode}`"

    def server(self, networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode = SEQUENTIAL) -> Server:
        with tf.device(self.device):
            return SERVERS[mode](networks)

    def reference_loops(self, job: Job, repeats: int) -> dict[str, float]:
        job.require_squared_loss("a loop as tutorials write it")
        return {"keras_fit": keras_fit(job, repeats)}

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        return counted_flops(network, batch_size)

    def steps(self, job: Job, count: int) -> dict[str, Any]:
        with tf.device(self.device), precision(job):
            return take_steps(job, count)

    def gradients(self, job: Job, rows: IntArray) -> Gradients:
        with tf.device(self.device), precision(job):
            return gradients(job, rows)

    def trunk_gramians(self, job: Job, at_steps: Sequence[int], rows: IntArray) -> TrunkGramians:
        with tf.device(self.device), precision(job):
            return trunk_gramians(job, at_steps, rows)

    def weighting_methods(self) -> Mapping[str, str | None]:
        return loss_weighting.methods()

    def fit_weighted(self, job: Job, method: str) -> Trained:
        with tf.device(self.device), precision(job):
            return loss_weighting.fit(job, method, device_clock(self.synchronise))

    def weighted_steps(self, job: Job, method: str, steps: int) -> Callable[[Clock], float]:
        with tf.device(self.device), precision(job):
            return loss_weighting.timed_steps(job, method, steps, self.synchronise)

    def tutorial(self, job: Job, pattern: Pattern) -> TrainingHistory:
        with tf.device(self.device), precision(job):
            return run(job, pattern)

    def activations(
        self, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
    ) -> list[list[Float32Array]]:
        with tf.device(self.device):
            return activations(networks, rows)
