"""Is the gradient of the shared layers the sum of the losses' gradients?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Backend, Gradients, Job, Precision
from jointbench.explain.answer import Answer, Table
from jointbench.explain.context import Context, networks_of
from jointbench.networks.architecture import Architecture, Layer
from jointbench.networks.initialization import epoch_order
from jointbench.study.plan import Experiment, job, prepared_split
from jointbench.types import FloatArray, IntArray

KEY = "gradient-identity"
QUESTION = "Are the gradients of the losses summed in the shared layers, or kept apart?"
PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
ROUNDING = 1_000  # times the float type's epsilon: what sums over a batch may differ by and still be the same number
STEPS = 20  # of training before the second look, so that it is no accident of the initial weights


@dataclass(frozen=True)
class LayerIdentity:
    """One layer in one precision.

    residual: largest |total - sum of weight x own| over the layer's weights, divided by the largest |total| there.
    from_others: largest gradient that a head's layer gets from another output's loss; 0 for the trunk, which is everyone's.
    """

    layer: str
    owner: str
    precision: Precision
    residual: float
    from_others: float


@dataclass(frozen=True)
class Identity:
    """Every layer in both precisions, and the largest |total loss - sum of weight x loss| / total loss."""

    layers: tuple[LayerIdentity, ...]
    loss_residual: float

    def residual(self, precision: Precision) -> float:
        """The trunk's largest residual; of all layers where nothing is shared."""
        mine = [one for one in self.layers if one.precision == precision]
        return max(one.residual for one in [one for one in mine if one.owner == TRUNK] or mine)

    @property
    def from_others(self) -> float:
        return max(one.from_others for one in self.layers)


TRUNK = "trunk"


def measure(backend: Backend, task: Job, rows: IntArray, owners: Sequence[str]) -> Identity:
    """The identity at the initial weights and after STEPS steps, in both precisions, the worse of the two looks."""
    layers: list[LayerIdentity] = []
    losses = 0.0
    for precision in PRECISIONS:
        first = replace(task, precision=precision)
        looks = [first, replace(first, initial=backend.steps(first, STEPS))]
        found = [backend.gradients(look, rows) for look in looks]
        each = [compared(task.architecture, task.loss_weights, one, precision, owners) for one in found]
        layers.extend(
            replace(a, residual=max(a.residual, b.residual), from_others=max(a.from_others, b.from_others))
            for a, b in zip(*each, strict=True)
        )
        losses = max(losses, *(loss_residual(task.loss_weights, one) for one in found))
    return Identity(tuple(layers), losses)


def loss_residual(weights: Sequence[float], found: Gradients) -> float:
    """|total loss - sum of weight x loss| / total loss."""
    return abs(found.total_loss - float(np.dot(weights, found.losses))) / abs(found.total_loss)


def compared(
    network: Architecture, weights: Sequence[float], found: Gradients, precision: Precision, owners: Sequence[str]
) -> list[LayerIdentity]:
    """Each layer's total gradient against the weighted sum of the outputs' own; arithmetic in float64."""
    made = []
    for layer in network.layers:
        total = _flat(layer, found.total)
        own = np.stack([_flat(layer, alone) for alone in found.alone])
        scale = float(np.abs(total).max()) or 1.0
        residual = float(np.abs(total - np.asarray(weights) @ own).max()) / scale
        others = [np.abs(own[i]).max() for i in range(len(own)) if layer.head is not None and i != layer.head]
        owner = TRUNK if layer.head is None else f"head of {owners[layer.head]}"
        made.append(LayerIdentity(layer.name, owner, precision, residual, float(max(others, default=0.0))))
    return made


def _flat(layer: Layer, arrays: object) -> FloatArray:
    assert isinstance(arrays, dict)
    parts: list[npt.NDArray[np.floating]] = [arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]]
    return np.concatenate([part.ravel() for part in parts]).astype(np.float64)


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Measured on the first training batch of the first fold, with the first output weighing twice."""
    weights = (2.0, *(1.0,) * (len(experiment.dataset.outputs) - 1))
    network = networks_of(experiment, "joint", backend, context.device, weights)[0]
    task = job(experiment, network, prepared_split(experiment, network.repeat, network.fold))
    rows = task.train[epoch_order(task.seed, 0, len(task.train))[: task.recipe.batch_size]]
    found = context.workers.submit(measure, task, rows, network.group).result()
    return answer(found, experiment.dataset.slug, backend, weights)


def answer(found: Identity, dataset: str, backend: str, weights: Sequence[float]) -> Answer:
    """The sentence and its table."""
    said = ":".join(f"{weight:g}" for weight in weights)
    single, double = found.residual("float32"), found.residual("float64")
    summed = all(found.residual(precision) <= ROUNDING * np.finfo(precision).eps for precision in PRECISIONS)
    error = f"{single:.1e} in float32 and {double:.1e} in float64 (largest error over a layer's largest gradient)"
    if summed:
        sentence = f"Summed: with loss weights {said}, the shared layers' gradient is the weighted sum of the outputs' own gradients, to {error}"
    else:
        sentence = f"Not summed: with loss weights {said}, the shared layers' gradient differs from the weighted sum of the outputs' own gradients by {error}"
    if found.from_others == 0:
        sentence += "; a head gets exactly 0 from every other output's loss."
    else:
        sentence += f"; a head gets up to {found.from_others:.1e} from another output's loss."
    table = Table(
        "Gradient of the total loss against the weighted sum of the outputs' own gradients, by layer",
        ("Layer", "Owner", "Residual in float32", "Residual in float64", "Largest gradient from another output's loss"),
        tuple(
            (
                single_.layer,
                single_.owner,
                single_.residual,
                double_.residual,
                None if single_.owner == TRUNK else max(single_.from_others, double_.from_others),
            )
            for single_, double_ in _pairs(found)
        ),
    )
    numbers = {
        "residual_float32": single,
        "residual_float64": double,
        "largest_gradient_from_another_output": found.from_others,
        "total_loss_residual": found.loss_residual,
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(table,),
    )


def _pairs(found: Identity) -> list[tuple[LayerIdentity, LayerIdentity]]:
    single, double = ([one for one in found.layers if one.precision == precision] for precision in PRECISIONS)
    return list(zip(single, double, strict=True))
