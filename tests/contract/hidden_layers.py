"""Networks with dropout, normalisation and residual blocks, written out in numpy: what every backend is held to.

Nothing here uses the walk over layers that the backends share: each network is spelled out from its formula.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Job
from jointbench.networks.initialization import epoch_order
from jointbench.types import FloatArray, Recipe, Weights

RECIPE = Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=16, max_epochs=8, patience=3)
SHAPES = {
    "dropout": JobSpec(recipe=RECIPE, precision="float64", widths=(6, 4), head=3, dropout=0.25),
    "norm": JobSpec(recipe=RECIPE, precision="float64", widths=(6, 4), head=3, norm="layer"),
    "norm and dropout": JobSpec(recipe=RECIPE, precision="float64", widths=(6, 4), head=3, norm="layer", dropout=0.25),
    "resnet": JobSpec(
        recipe=RECIPE, precision="float64", widths=(4, 6, 5), head=3, norm="layer", residual=True, dropout=0.25
    ),
}
Masks = Mapping[str, FloatArray]


def moved_job(name: str, seed: int = 5) -> Job:
    """The job of a shape, whose scales and shifts are not ones and zeros."""
    spec = SHAPES[name]
    job = make_job(JobSpec(**{**vars(spec), "seed": seed}))
    rng = np.random.default_rng(seed)
    initial = {key: array + 0.1 * rng.normal(size=array.shape) for key, array in job.initial.items()}
    return job if seed == 0 else Job(**{**vars(job), "initial": initial})


def answers(name: str, weights: Weights, rows: FloatArray, masks: Masks | None = None) -> list[FloatArray]:
    """The raw answers of each head. masks: of dropout, 0 or 1 by layer; None in serving."""
    spec = SHAPES[name]

    def dense(layer: str, x: FloatArray) -> FloatArray:
        return x @ weights[f"{layer}/kernel"] + weights[f"{layer}/bias"]

    def norm(layer: str, x: FloatArray) -> FloatArray:
        centred = x - x.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        return centred / deviation * weights[f"{layer}/kernel"] + weights[f"{layer}/bias"]

    def dropped(layer: str, x: FloatArray) -> FloatArray:
        return x if masks is None or not spec.dropout else x * masks[layer] / (1 - spec.dropout)

    def hidden(layer: str, x: FloatArray) -> FloatArray:
        z = dense(layer, x)
        if not spec.norm:
            return dropped(layer, np.maximum(z, 0))
        return dropped(f"{layer}_norm", np.maximum(norm(f"{layer}_norm", z), 0))

    if spec.residual:
        x = dense("trunk_0", rows)
        for block in (1, 2):
            branch = dropped(
                f"trunk_{block}_in",
                np.maximum(dense(f"trunk_{block}_in", norm(f"trunk_{block}_norm", x)), 0),
            )
            x = x + dropped(f"trunk_{block}_out", dense(f"trunk_{block}_out", branch))
        x = np.maximum(norm("trunk_norm", x), 0)
    else:
        x = hidden("trunk_1", hidden("trunk_0", rows))
    return [dense(f"head_{head}_1", hidden(f"head_{head}_0", x)) for head in range(3)]


def losses(job: Job, raw: list[FloatArray], rows: FloatArray) -> FloatArray:
    """Squared error, binary and categorical cross-entropy, each a mean over the rows with a label."""
    number, yes, colour = raw
    targets, weights = job.targets[rows].astype(float), job.weights[rows].astype(float)
    log_odds = yes[:, 0]
    logs = colour - colour.max(axis=1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
    each = (
        (number[:, 0] - targets[:, 0]) ** 2,
        np.logaddexp(0, log_odds) - targets[:, 1] * log_odds,
        -logs[np.arange(len(rows)), targets[:, 2].astype(int)],
    )
    return np.array([(loss * weights[:, k]).sum() / max(weights[:, k].sum(), 1e-9) for k, loss in enumerate(each)])


def trained(name: str, job: Job, steps: int) -> dict[str, FloatArray]:
    """Weights after so many SGD steps, with gradients by central differences of the formula above."""
    weights = {key: np.array(array, float) for key, array in job.initial.items()}
    batch, taken, epoch = job.recipe.batch_size, 0, 0
    while taken < steps:
        order, masks = job.train[epoch_order(job.seed, epoch, len(job.train))], job.masks(epoch)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            of_step = {layer: mask[start : start + batch].astype(float) for layer, mask in masks.items()}
            weights = _step(name, job, weights, rows, of_step)
            taken += 1
            if taken == steps:
                return weights
        epoch += 1
    return weights


def _step(name: str, job: Job, weights: dict[str, FloatArray], rows: FloatArray, masks: Masks) -> dict[str, FloatArray]:
    features = job.features[rows].astype(float)

    def total() -> float:
        return float(losses(job, answers(name, weights, features, masks), rows) @ job.loss_weights)

    moved = {}
    for key, array in weights.items():
        gradient = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value, sides = array[index], []
            for delta in (1e-6, -1e-6):
                array[index] = value + delta
                sides.append(total())
            array[index] = value
            gradient[index] = (sides[0] - sides[1]) / 2e-6
        moved[key] = array - job.recipe.learning_rate * gradient
    return moved
