"""Large tables as populations, from which draws of a few rows are studied as a user's table would be.

The truth of a population at a number of rows is the mean, over draws, of the difference in skill on rows beyond the
draw: the expected difference between the two procedures, trained on data like this, which is what a verdict is about.
Forward in time the rows beyond a draw are of all times, so they do not tell how the procedures do on later rows; there
the truth is the mean over draws of the differences that the draws themselves show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from jointbench.data.catalog import load_bundled
from jointbench.data.synthetic import SyntheticConfig, synthetic_dataset
from jointbench.data.units import row_units
from jointbench.errors import BadInput
from jointbench.types import Dataset, IntArray

MOST_ROWS = 30_000  # of a population; draws and the rows beyond them are far fewer
MIN_OTHERS = 1_000  # rows beyond a draw, below which the truth is not known well enough
SYNTHETIC_ROWS = 8_000
FORWARD = "-forward"  # ends the name of a table that is split forward in the time of its groups
RELATED, UNRELATED = "synthetic-related", "synthetic-unrelated"
SYNTHETIC = {
    RELATED: SyntheticConfig(rows=SYNTHETIC_ROWS, outputs=3, relatedness=1.0, noise=0.3),
    UNRELATED: SyntheticConfig(rows=SYNTHETIC_ROWS, outputs=3, relatedness=0.0, noise=0.3),
}
POPULATIONS = (
    "wine_quality",
    "grid_stability",
    "abalone",
    "census_income",
    "bike_sharing",
    "yeast",
    RELATED,
    UNRELATED,
    "bike_sharing" + FORWARD,
)


@dataclass(frozen=True, eq=False)
class Population:
    """A table to draw from. forward: its draws are split forward in time."""

    name: str
    table: Dataset

    @cached_property
    def units(self) -> IntArray:
        """(rows,): see ``row_units``."""
        return row_units(self.table)

    @property
    def forward(self) -> bool:
        return self.table.time is not None


def load_population(name: str) -> Population:
    """A population by name. Raises BadInput for a bundled table that there is not."""
    if name in SYNTHETIC:
        return Population(name, synthetic_dataset(name, SYNTHETIC[name], seed=0))
    table = load_bundled(name.removesuffix(FORWARD))
    if table.rows > MOST_ROWS:
        table = rows_of(table, np.sort(np.random.default_rng(0).permutation(table.rows)[:MOST_ROWS]))
    if not name.endswith(FORWARD):
        return Population(name, table)
    if table.groups is None:
        raise BadInput(f"{table.slug} has no groups in the order of time, so it cannot be split forward")
    return Population(name, replace(table, groups=None, time=table.groups.astype(np.float64)))


def draw_rows(population: Population, rows: int, others: int, seed: int) -> tuple[IntArray, IntArray]:
    """Row numbers of a draw of at most ``rows`` rows, and of at most ``others`` further ones.

    Rows that stay together (equal features, a group of the table's) are drawn together, so that nothing of a draw stands
    among the other rows. Raises BadInput where fewer than MIN_OTHERS rows would be left.
    """
    units = population.units
    order = np.random.default_rng([seed, rows]).permutation(int(units.max()) + 1)
    ends = np.cumsum(np.bincount(units)[order])
    inside, further = order[ends <= rows], order[(ends > rows) & (ends <= rows + others)]
    chosen = np.flatnonzero(np.isin(units, inside))
    other_rows = np.flatnonzero(np.isin(units, further))
    if len(other_rows) < MIN_OTHERS:
        raise BadInput(f"{population.name} has {population.table.rows:,} rows, too few for draws of {rows:,}")
    return chosen, other_rows


def rows_of(population: Dataset, rows: IntArray) -> Dataset:
    """The table of these rows alone."""
    assert isinstance(population.features, pd.DataFrame)
    return replace(
        population,
        features=population.features.iloc[rows].reset_index(drop=True),
        targets={name: values[rows] for name, values in population.targets.items()},
        groups=None if population.groups is None else np.unique(population.groups[rows], return_inverse=True)[1],
        time=None if population.time is None else population.time[rows],
    )
