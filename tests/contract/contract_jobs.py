"""Jobs that every backend must train alike: each kind of output, alone and mixed, on tables and images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Job, Precision
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Norm, Output, Recipe, Shape

OUTPUTS = {
    "regression": (Output("r", "regression"),),
    "binary": (Output("b", "binary", ("no", "yes")),),
    "multiclass": (Output("m", "multiclass", ("x", "y", "z")),),
    "mixed": (
        Output("r", "regression"),
        Output("b", "binary", ("no", "yes")),
        Output("m", "multiclass", ("x", "y", "z")),
    ),
}
INPUTS = {"table": (7,), "image": (13, 12, 3)}
ROWS = 160


RECIPE = Recipe(learning_rate=1e-2, batch_size=16, max_epochs=30, patience=4)


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """The outputs, trunk and training of a job to make.

    With the default seed, no ReLU or pooling choice changes side within rounding in ten steps. With seed 3 one does:
    Keras has Adam's 0.999 in float32, so its first step differs by 7e-6 of itself, and PyTorch with a learning rate
    7e-6 smaller differs from itself by as much as from Keras.
    """

    outputs: str = "mixed"
    trunk: str = "table"
    recipe: Recipe = RECIPE
    precision: Precision = "float32"
    seed: int = 5
    widths: tuple[int, ...] = (16, 8)
    head: int = 5
    dropout: float = 0.0
    norm: Norm = ""
    residual: bool = False


def make_job(spec: JobSpec) -> Job:
    """A learnable job on generated rows, a tenth of the labels missing, the last batch of an epoch short."""
    rng = np.random.default_rng(spec.seed)
    outputs = OUTPUTS[spec.outputs]
    shape = Shape(
        trunk=spec.widths,
        head=(spec.head,),
        channels=(4, 6) if spec.trunk == "image" else (),
        dropout=spec.dropout,
        norm=spec.norm,
        residual=spec.residual,
    )
    network = architecture(shape, INPUTS[spec.trunk], outputs)
    features = rng.normal(size=(ROWS, *INPUTS[spec.trunk])).astype(np.float32)
    signal = features.reshape(ROWS, -1)[:, :3].sum(axis=1) + 0.3 * rng.normal(size=ROWS)
    codes = {"regression": signal, "binary": signal > 0, "multiclass": np.digitize(signal, (-1, 1))}
    targets = np.stack([codes[output.kind] for output in outputs], axis=1).astype(np.float32)
    weights = (rng.random(targets.shape) > 0.1).astype(np.float32)
    order = rng.permutation(ROWS)
    return Job(
        architecture=network,
        recipe=spec.recipe,
        features=features,
        targets=targets,
        weights=weights,
        train=order[:100],
        validation=order[100:130],
        test=order[130:],
        loss_weights=tuple(np.linspace(1, 2, len(outputs))),
        initial=initial_weights(network, [o.name for o in outputs], spec.seed),
        seed=spec.seed,
        precision=spec.precision,
    )
