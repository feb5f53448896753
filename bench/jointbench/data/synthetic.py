"""Generated tables whose truth is known: outputs that are mixes of shared and of their own random features.

    output = sqrt(1 - noise) * signal + sqrt(noise) * white noise
    signal = sqrt(relatedness) * shared mix + sqrt(1 - relatedness) * own mix

All terms have unit variance. The shared mix is drawn from ``pool`` random features that all outputs have in common,
the own mix from ``pool`` random features of that output. A random feature is tanh of a random direction of the inputs
(Rahimi and Recht, "Random features for large-scale kernel machines", 2007, with tanh for the cosine), so that one
hidden layer of a network can hold it. Nothing predicts better than the signal, so no skill is above 1 - noise.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from jointbench.types import Dataset, FloatArray, Output, Provenance, Recipe, Shape

GAIN = 1.5  # standard deviation of tanh's argument: curved enough that no straight line fits


@dataclass(frozen=True)
class SyntheticConfig:
    """What to generate. relatedness, noise: shares of variance, in [0, 1]. pool: random features in each pool."""

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
    slug: str, config: SyntheticConfig, seed: int, *, shape: Shape | None = None, recipe: Recipe | None = None
) -> Dataset:
    """A dataset of regression outputs ``task 1`` ... drawn with this seed; the same arguments give the same one.

    ``shape``, ``recipe``: the base shape and recipe that the dataset asks for; None leaves them to its size class.
    """
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(config.rows, config.features))
    shared = _random_features(inputs, config.pool, generator)
    names = tuple(f"task {k}" for k in range(1, config.outputs + 1))
    targets = {}
    for name in names:
        common = _mix(shared, generator)
        own = _mix(_random_features(inputs, config.pool, generator), generator)
        signal = _unit(np.sqrt(config.relatedness) * common + np.sqrt(1.0 - config.relatedness) * own)
        targets[name] = np.sqrt(1.0 - config.noise) * signal + np.sqrt(config.noise) * generator.normal(
            size=config.rows
        )
    description = f"{asdict(config)}, seed {seed}"
    provenance = Provenance("generated", "none needed", description, hashlib.sha256(description.encode()).hexdigest())
    table = pd.DataFrame(inputs, columns=[f"x{i}" for i in range(1, config.features + 1)])
    outputs = tuple(Output(name, "regression") for name in names)
    return Dataset(
        slug=slug,
        title=f"Generated: {description}",
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
