"""TensorFlow's diagnostics, as the backends' protocol has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from jointbench.backends.base import Gradients, Job, Pattern, TrainingHistory, TrunkGramians
from jointbench.backends.tensorflow.diagnostics.activations import activations
from jointbench.backends.tensorflow.diagnostics.gradients import gradients
from jointbench.backends.tensorflow.diagnostics.reference_loops import keras_fit
from jointbench.backends.tensorflow.diagnostics.trunk_gradients import trunk_gramians
from jointbench.backends.tensorflow.diagnostics.tutorial_code import run
from jointbench.backends.tensorflow.losses_and_optimizers import precision
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, IntArray, Weights


class TensorFlowDiagnostics:
    """TensorFlow on one device. device: TensorFlow's name of it. synchronise: waits for it."""

    def __init__(self, device: str, synchronise: Callable[[], None]) -> None:
        self.device, self.synchronise = device, synchronise

    def gradients(self, job: Job, rows: IntArray) -> Gradients:
        with tf.device(self.device), precision(job):
            return gradients(job, rows)

    def trunk_gramians(self, job: Job, at_steps: Sequence[int], rows: IntArray) -> TrunkGramians:
        with tf.device(self.device), precision(job):
            return trunk_gramians(job, at_steps, rows)

    def tutorial(self, job: Job, pattern: Pattern) -> TrainingHistory:
        with tf.device(self.device), precision(job):
            return run(job, pattern)

    def reference_loops(self, job: Job, repeats: int) -> dict[str, float]:
        job.require_squared_loss("a loop as tutorials write it")
        return {"keras_fit": keras_fit(job, repeats)}

    def activations(
        self, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
    ) -> list[list[Float32Array]]:
        with tf.device(self.device):
            return activations(networks, rows)
