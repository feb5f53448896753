"""Tables to split."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from jointbench.data.catalog import load_bundled
from jointbench.types import Dataset, Output, Provenance

Ints = npt.NDArray[np.int64]
NOWHERE = Provenance("made up", "none", "none", "0" * 64)
THREE = ("p", "q", "r")


def dataset(
    features: pd.DataFrame | npt.NDArray[np.uint8],
    targets: dict[str, npt.NDArray[np.float64]],
    outputs: tuple[Output, ...],
    groups: Ints | None = None,
    time: npt.NDArray[np.float64] | None = None,
) -> Dataset:
    return Dataset(
        slug="table",
        title="Table",
        features=features,
        targets=targets,
        outputs=outputs,
        provenance=NOWHERE,
        groups=groups,
        time=time,
    )


def numbers(rows: int, groups: Ints | None = None, time: npt.NDArray[np.float64] | None = None) -> Dataset:
    """Rows that all differ, and one regression output."""
    target = np.random.default_rng(0).normal(size=rows)
    return dataset(
        pd.DataFrame({"x": np.arange(rows) * 1.5}), {"y": target}, (Output("y", "regression"),), groups, time
    )


@cache
def bundled(slug: str) -> Dataset:
    return load_bundled(slug)
