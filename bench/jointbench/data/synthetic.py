"""Generated tables whose truth is known: outputs made of shared or of disjoint random features, with a dial between.

Output k is sqrt(1 - noise) * signal + sqrt(noise) * white noise, of unit variance, with the signal
sqrt(relatedness) * (a mix of ``pool`` random features that all outputs draw on) + sqrt(1 - relatedness) * (a mix of
``pool`` random features of its own). A random feature is tanh of a random direction of the inputs (Rahimi and Recht,
"Random features for large-scale kernel machines", 2007, with a layer's own function), so that one hidden layer of a
network can hold it. Nothing predicts better than the signal does, so no skill is above 1 - noise.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from jointbench.types import Dataset, FloatArray, Output, Provenance, Recipe, Shape

GAIN = 1.5  # standard deviation of what tanh is taken of: bent enough that no straight line follows it


@dataclass(frozen=True)
class SyntheticConfig:
    """What is generated. relatedness, noise: shares of variance, in [0, 1]; pool: random features in each pool."""

    rows: int
    outputs: int
    relatedness: float
    noise: float
    features: int = 8
    pool: int = 4

    def __post_init__(self) -> None:
        if not (0.0 <= self.relatedness <= 1.0 and 0.0 <= self.noise < 1.0):
            raise ValueError(
                f"relatedness is a share in [0, 1] and noise one in [0, 1), not {self.relatedness} and {self.noise}"
            )
        if min(self.rows, self.outputs, self.features, self.pool) < 1:
            raise ValueError("rows, outputs, features and pool are at least 1")


def synthetic_dataset(
    slug: str, tasks: SyntheticConfig, seed: int, *, shape: Shape | None = None, recipe: Recipe | None = None
) -> Dataset:
    """A dataset of regression outputs ``task 1`` ... drawn with this seed; the same arguments give the same one.

    ``shape``, ``recipe``: the base shape and recipe that the dataset asks for; None leaves them to its size class.
    """
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(tasks.rows, tasks.features))
    shared = _random_features(inputs, tasks.pool, generator)
    names = tuple(f"task {k}" for k in range(1, tasks.outputs + 1))
    targets = {}
    for name in names:
        common = _mix(shared, generator)
        own = _mix(_random_features(inputs, tasks.pool, generator), generator)
        signal = _unit(np.sqrt(tasks.relatedness) * common + np.sqrt(1.0 - tasks.relatedness) * own)
        targets[name] = np.sqrt(1.0 - tasks.noise) * signal + np.sqrt(tasks.noise) * generator.normal(size=tasks.rows)
    said = f"{asdict(tasks)}, seed {seed}"
    provenance = Provenance("generated", "none needed", said, hashlib.sha256(said.encode()).hexdigest())
    table = pd.DataFrame(inputs, columns=[f"x{i}" for i in range(1, tasks.features + 1)])
    outputs = tuple(Output(name, "regression") for name in names)
    return Dataset(
        slug=slug,
        title=f"Generated: {said}",
        features=table,
        targets=targets,
        outputs=outputs,
        provenance=provenance,
        shape=shape,
        recipe=recipe,
    )


def _random_features(inputs: FloatArray, count: int, generator: np.random.Generator) -> FloatArray:
    """(rows, count): tanh of random directions, shifted."""
    directions = generator.normal(size=(inputs.shape[1], count))
    directions *= GAIN / np.linalg.norm(directions, axis=0)
    return np.asarray(np.tanh(inputs @ directions + generator.normal(size=count)))


def _mix(features: FloatArray, generator: np.random.Generator) -> FloatArray:
    return _unit(features @ generator.normal(size=features.shape[1]))


def _unit(values: FloatArray) -> FloatArray:
    """Mean 0 and variance 1 over these rows."""
    return np.asarray((values - values.mean()) / values.std())
