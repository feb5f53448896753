"""A small table with an output of each kind."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from jointbench.types import Dataset, Output, Provenance

ROWS = 120
OUTPUTS = (Output("a", "regression"), Output("b", "binary", ("n", "y")), Output("c", "multiclass", ("p", "q", "r")))


@cache
def mixed() -> Dataset:
    """One output of each kind, some labels missing."""
    rng = np.random.default_rng(0)
    targets = {
        "a": rng.normal(50, 7, ROWS),
        "b": rng.integers(0, 2, ROWS).astype(float),
        "c": rng.integers(0, 3, ROWS).astype(float),
    }
    for place, values in enumerate(targets.values()):
        values[place :: 9 + place] = np.nan
    features = pd.DataFrame({"x": rng.normal(size=ROWS), "z": rng.normal(size=ROWS)})
    return Dataset(
        slug="mixed",
        title="Mixed",
        features=features,
        targets=targets,
        outputs=OUTPUTS,
        provenance=Provenance("made up", "none", "none", "0" * 64),
    )
