"""Is the gradient of the shared layers the sum of the losses' gradients?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Gradients, Job, Precision
from jointbench.backends.protocols import Backend, diagnostics_of
from jointbench.explain.answer import Answer, AnswerData, failed_answer
from jointbench.explain.context import Context, networks_of
from jointbench.networks.architecture import Architecture
from jointbench.networks.initialization import epoch_order
from jointbench.networks.layers import Layer
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import FloatArray, IntArray, Weights

KEY = "gradient-identity"
QUESTION = "Are the gradients of the losses summed in the shared layers, or kept apart?"
PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
ROUNDING = 1_000  # sums over a batch count as equal when they differ by at most this times the float type's epsilon
STEPS = 20  # of training before the second measurement, so that the result is no accident of the initial weights
TRUNK = "trunk"


@dataclass(frozen=True)
class LayerIdentity:
    """One layer in one precision.

    residual: largest |total - sum of weight x own| over the layer's weights, divided by the largest |total| there.
    from_others: largest gradient that a head's layer gets from another output's loss; 0 for the trunk, which all share.
    """

    layer: str
    owner: str
    precision: Precision
    residual: float
    from_others: float


@dataclass(frozen=True)
class Identity(AnswerData):
    """Every layer in both precisions, and the largest |total loss - sum of weight x loss| / total loss."""

    layers: tuple[LayerIdentity, ...]
    loss_residual: float

    def residual(self, precision: Precision) -> float:
        """The trunk's largest residual; of all layers where nothing is shared."""
        layers = [layer for layer in self.layers if layer.precision == precision]
        return max(layer.residual for layer in [layer for layer in layers if layer.owner == TRUNK] or layers)

    @property
    def from_others(self) -> float:
        return max(layer.from_others for layer in self.layers)


def measure(backend: Backend, task: Job, rows: IntArray, owners: Sequence[str]) -> Identity:
    """The identity in both precisions, at the initial weights and after STEPS steps; the worse of the two values."""
    diagnostics = diagnostics_of(backend)
    layers: list[LayerIdentity] = []
    losses = 0.0
    for precision in PRECISIONS:
        initial = replace(task, precision=precision)
        moments = [initial, replace(initial, initial=backend.steps(initial, STEPS))]
        gradients = [diagnostics.gradients(moment, rows) for moment in moments]
        before, after = (
            layer_identities(task.architecture, task.loss_weights, values, precision, owners) for values in gradients
        )
        layers.extend(
            replace(a, residual=max(a.residual, b.residual), from_others=max(a.from_others, b.from_others))
            for a, b in zip(before, after, strict=True)
        )
        losses = max(losses, *(loss_residual(task.loss_weights, values) for values in gradients))
    return Identity(tuple(layers), losses)


def loss_residual(weights: Sequence[float], gradients: Gradients) -> float:
    """|total loss - sum of weight x loss| / total loss."""
    return abs(gradients.total_loss - float(np.dot(weights, gradients.losses))) / abs(gradients.total_loss)


def layer_identities(
    network: Architecture, weights: Sequence[float], gradients: Gradients, precision: Precision, owners: Sequence[str]
) -> list[LayerIdentity]:
    """Each layer's total gradient against the weighted sum of the outputs' own; arithmetic in float64."""
    identities = []
    for layer in network.layers:
        total = _flat(layer, gradients.total)
        own = np.stack([_flat(layer, alone) for alone in gradients.alone])
        scale = float(np.abs(total).max()) or 1.0
        residual = float(np.abs(total - np.asarray(weights) @ own).max()) / scale
        others = [np.abs(own[i]).max() for i in range(len(own)) if layer.head is not None and i != layer.head]
        owner = TRUNK if layer.head is None else f"head of {owners[layer.head]}"
        identities.append(LayerIdentity(layer.name, owner, precision, residual, float(max(others, default=0.0))))
    return identities


def _flat(layer: Layer, arrays: Weights) -> FloatArray:
    parts: list[npt.NDArray[np.floating]] = [arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]]
    return np.concatenate([part.ravel() for part in parts]).astype(np.float64)


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Measured on the first training batch of the first fold, with a weight of 2 for the first output's loss."""
    weights = (2.0, *(1.0,) * (len(experiment.dataset.outputs) - 1))
    network = networks_of(experiment, "joint", backend, context.device, weights)[0]
    task = job(experiment, network, prepared_split(experiment, network.repeat, network.fold))
    rows = task.train[epoch_order(task.seed, 0, len(task.train))[: task.recipe.batch_size]]
    identity = context.workers.submit(measure, task, rows, network.group).result()
    return answer(identity, experiment.dataset.slug, backend, weights)


def answer(identity: Identity, dataset: str, backend: str, weights: Sequence[float]) -> Answer:
    """The sentence and its data; a failure where a gradient is not finite."""
    if not np.isfinite([layer.residual for layer in identity.layers]).all():
        reason = f"the gradients are not finite, at the initial weights or after {STEPS} steps"
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    numbers = {
        "residual_float32": identity.residual("float32"),
        "residual_float64": identity.residual("float64"),
        "largest_gradient_from_another_output": identity.from_others,
        "total_loss_residual": identity.loss_residual,
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(identity, weights),
        numbers=numbers,
        data=identity,
    )


def _sentence(identity: Identity, weights: Sequence[float]) -> str:
    weights_text = ":".join(f"{weight:g}" for weight in weights)
    summed = all(identity.residual(precision) <= ROUNDING * np.finfo(precision).eps for precision in PRECISIONS)
    error = (
        f"{identity.residual('float32'):.1e} in float32 and {identity.residual('float64'):.1e} in float64 "
        f"(largest error over a layer's largest gradient)"
    )
    if summed:
        claim = (
            f"Summed: with loss weights {weights_text}, the shared layers' gradient is the weighted sum of the "
            f"outputs' own gradients, to {error}"
        )
    else:
        claim = (
            f"Not summed: with loss weights {weights_text}, the shared layers' gradient differs from the weighted sum "
            f"of the outputs' own gradients by {error}"
        )
    if identity.from_others == 0:
        return f"{claim}; a head gets exactly 0 from every other output's loss."
    return f"{claim}; a head gets up to {identity.from_others:.1e} from another output's loss."
