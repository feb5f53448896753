"""PyTorch's diagnostics, as the backends' protocol has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jointbench.backends.base import Gradients, Job, Pattern, TrainingHistory, TrunkGramians
from jointbench.backends.pytorch.diagnostics.activations import activations
from jointbench.backends.pytorch.diagnostics.gradients import gradients
from jointbench.backends.pytorch.diagnostics.reference_loops import installed_loops
from jointbench.backends.pytorch.diagnostics.trunk_gradients import trunk_gramians
from jointbench.backends.pytorch.diagnostics.tutorial_code import run
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, IntArray, Weights


class TorchDiagnostics:
    """PyTorch on one device. synchronise: waits for it."""

    def __init__(self, device: str, synchronise: Callable[[], None]) -> None:
        self.device, self.synchronise = device, synchronise

    def gradients(self, job: Job, rows: IntArray) -> Gradients:
        return gradients(job, rows, self.device)

    def trunk_gramians(self, job: Job, at_steps: Sequence[int], rows: IntArray) -> TrunkGramians:
        return trunk_gramians(job, at_steps, rows, self.device)

    def tutorial(self, job: Job, pattern: Pattern) -> TrainingHistory:
        return run(job, pattern, self.device)

    def reference_loops(self, job: Job, repeats: int) -> dict[str, float]:
        job.require_squared_loss("a loop as tutorials write it")
        return {name: loop(job, repeats) for name, loop in installed_loops().items()}

    def activations(
        self, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
    ) -> list[list[Float32Array]]:
        return activations(networks, rows, self.device)
