"""Tables cut to size: whole groups, all classes, the end of a time series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jointbench.data.catalog import load_bundled
from jointbench.data.subsample import subsampled
from jointbench.types import Dataset, Provenance
from mixed_table import OUTPUTS, ROWS, mixed


def grouped(rows: int, count: int) -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(
        slug="grouped",
        title="Grouped",
        features=pd.DataFrame({"x": rng.normal(size=rows)}),
        targets={"a": rng.normal(size=rows)},
        outputs=OUTPUTS[:1],
        provenance=Provenance("made up", "none", "none", "0" * 64),
        groups=np.arange(rows) % count,
    )


@pytest.mark.parametrize("count", [5, 20, 150])
def test_a_subsample_keeps_groups_whole_and_holds_some(count: int) -> None:
    """Half a group in the sample is a group less to generalise to; and an empty sample is no sample."""
    data = grouped(3000, count)
    cut = subsampled(data, 900, 0)
    assert data.groups is not None
    assert cut.groups is not None
    assert isinstance(data.features, pd.DataFrame)
    assert isinstance(cut.features, pd.DataFrame)
    assert 0 < cut.rows <= 900
    group_of = dict(zip(data.features["x"], data.groups, strict=True))
    groups = [group_of[x] for x in cut.features["x"]]
    assert all(groups.count(group) == 3000 // count for group in set(groups))
    assert len(set(zip(groups, cut.groups, strict=True))) == len(set(groups)) == len(set(cut.groups))


def test_a_subsample_keeps_rows_and_labels_together() -> None:
    data = replace(mixed(), features=pd.DataFrame({"x": mixed().targets["a"], "row": np.arange(ROWS)}))
    cut = subsampled(data, 60, 0)
    assert isinstance(cut.features, pd.DataFrame)
    assert np.array_equal(cut.features["x"].to_numpy(), cut.targets["a"], equal_nan=True)
    assert list(cut.features.index) == list(range(cut.rows))
    for name, values in cut.targets.items():
        assert np.array_equal(values, mixed().targets[name][cut.features["row"]], equal_nan=True)


@pytest.mark.parametrize(
    ("slug", "most"), [("wine_quality", 2500), ("wine_quality", 300), ("yeast", 2416), ("yeast", 20)]
)
def test_a_subsample_is_at_most_as_large_as_was_said(slug: str, most: int) -> None:
    """The report tells readers "cut to that many"."""
    data = load_bundled(slug)
    cut = subsampled(data, most, 0)
    assert 0.75 * most <= cut.rows <= most


def test_a_subsample_is_stratified_over_all_outputs() -> None:
    """Yeast's 14 rates of positives stay within one percentage point or so of the whole table's."""
    data = load_bundled("yeast")
    cut = subsampled(data, 800, 0)
    off = [abs(cut.targets[o.name].mean() - data.targets[o.name].mean()) for o in data.outputs]
    assert max(off) < 0.012
    assert np.mean(off) < 0.006


def test_a_subsample_is_the_seeds_and_says_so() -> None:
    data = load_bundled("yeast")
    first, again, other = (subsampled(data, 800, seed) for seed in (0, 0, 1))
    assert isinstance(first.features, pd.DataFrame)
    assert isinstance(again.features, pd.DataFrame)
    assert isinstance(other.features, pd.DataFrame)
    assert first.features.equals(again.features)
    assert not first.features.equals(other.features)
    assert f"{first.rows:,} of 2,417 rows" in first.notes[-1]
    assert "seed 0" in first.notes[-1]
    assert first.notes[:-1] == data.notes


def test_a_table_within_the_limit_is_left_alone() -> None:
    assert subsampled(mixed(), ROWS, 0) is mixed()
    assert subsampled(mixed(), None, 0) is mixed()


def test_a_subsample_of_a_time_series_is_its_end() -> None:
    time = np.random.default_rng(0).permutation(ROWS).astype(float)
    cut = subsampled(replace(mixed(), time=time), 50, 0)
    assert cut.time is not None
    assert set(cut.time) == set(range(ROWS - 50, ROWS))
    assert "latest" in cut.notes[-1]
