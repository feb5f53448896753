"""Every part of a split has its share of every class and quintile of every output."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from jointbench.data.splits import splits
from jointbench.types import Dataset, Output
from split_tables import THREE, Ints, bundled, dataset, numbers


def columns(data: Dataset) -> npt.NDArray[np.bool_]:
    """(rows, labels): a column per class, and per fifth of the ranked values of a regression output."""
    labels = []
    for output in data.outputs:
        values = data.targets[output.name]
        if output.kind == "regression":
            edges = sorted(set(np.quantile(values, [0.2, 0.4, 0.6, 0.8])))
            bins = pd.Series(pd.cut(values, [-np.inf, *edges, np.inf], right=False, labels=False))
            labels.append(pd.get_dummies(bins).to_numpy())
        else:
            labels.append(values[:, None] == np.arange(len(output.classes)))
    return np.concatenate(labels, axis=1)


def shortfall(parts: list[Ints], labels: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(parts, labels): how far each part's count of each label is from its share by size."""
    rows = np.concatenate(parts)
    return np.array([labels[part].sum(0) - labels[rows].sum(0) * len(part) / len(rows) for part in parts])


def at_random(data: Dataset, folds: int, seed: int) -> list[Ints]:
    part = np.random.default_rng(seed).permutation(np.arange(data.rows) % folds)
    return [np.flatnonzero(part == fold) for fold in range(folds)]


@pytest.mark.parametrize(
    ("slug", "folds", "worst", "usual"),
    [
        ("wine_quality", 5, 4, 1),
        ("wine_quality", 10, 4, 1),
        ("yeast", 5, 8, 1),
        ("yeast", 10, 12, 1),
        ("concrete_slump", 5, 3, 1),
        ("coloured_digits", 5, 8, 1),
    ],
)
def test_every_class_and_quintile_of_every_output_is_spread_evenly(
    slug: str, folds: int, worst: float, usual: float
) -> None:
    """For all outputs at once: no fold is off by more than a few rows, and far less than a random split is."""
    data = bundled(slug)
    labels = columns(data)
    chosen = splits(data, folds, 1, 7)
    off = np.abs(shortfall([s.test for s in chosen], labels))
    assert off.max() <= worst
    assert off.mean() <= usual
    luck = np.mean([np.abs(shortfall(at_random(data, folds, seed), labels)).mean() for seed in range(5)])
    assert off.mean() < 0.5 * luck
    assert max(abs(len(s.test) - data.rows / folds) for s in chosen) <= 3


@pytest.mark.parametrize("slug", ["wine_quality", "yeast"])
def test_validation_parts_are_spread_evenly_too(slug: str) -> None:
    """A lopsided validation part stops training at the wrong epoch."""
    data = bundled(slug)
    labels = columns(data)
    for split in splits(data, 5, 1, 0):
        rest = len(split.train) + len(split.validation)
        assert abs(len(split.validation) - rest / 6) <= 3
        off = shortfall([split.train, split.validation], labels)
        assert np.abs(off).max() <= 6
        assert np.abs(off).mean() <= 1


def test_every_yeast_fold_has_positives_of_the_rarest_output() -> None:
    """34 positives in 2,417 rows: a fold without any has no AUC and a log loss that says nothing."""
    data = bundled("yeast")
    rarest = min(data.targets.values(), key=np.sum)
    assert rarest.sum() == 34
    for split in splits(data, 10, 2, 0):
        assert 1 <= rarest[split.test].sum() <= 8


def test_bundled_wine_keeps_its_duplicates_together() -> None:
    """1,179 rows repeat another's features; torn apart they let a network recite instead of predict."""
    data = bundled("wine_quality")
    assert isinstance(data.features, pd.DataFrame)
    assert data.features.duplicated().sum() == 1179
    keys = data.features.groupby(list(data.features.columns), sort=False).ngroup().to_numpy()
    for split in splits(data, 5, 1, 3):
        train, validation, test = (set(keys[rows]) for rows in (split.train, split.validation, split.test))
        assert not train & test
        assert not validation & test
        assert not train & validation


def test_rows_without_a_label_are_spread_evenly_by_the_labels_they_have() -> None:
    """Half of one output's labels are missing: the known ones are still shared out fairly."""
    rng = np.random.default_rng(0)
    half = np.where(rng.random(600) < 0.5, np.nan, rng.integers(0, 2, 600))
    other = rng.integers(0, 3, 600).astype(float)
    outputs = (Output("b", "binary", ("n", "y")), Output("m", "multiclass", THREE))
    data = dataset(pd.DataFrame({"x": np.arange(600.0)}), {"b": half, "m": other}, outputs)
    for split in splits(data, 5, 1, 0):
        for values in (half, other):
            for code in set(values[~np.isnan(values)]):
                assert abs((values[split.test] == code).sum() - (values == code).sum() / 5) <= 3


def test_equal_groups_are_spread_equally() -> None:
    """Ten groups of 20 rows with the same labels in five folds: two groups each, never three and one."""
    data = replace(numbers(200, np.arange(200) % 10), targets={"y": np.arange(200.0) // 10})
    for seed in range(5):
        assert [len(split.test) for split in splits(data, 5, 1, seed)] == [40] * 5


def test_folds_of_unequal_groups_are_equal_and_stratified() -> None:
    """300 groups of 1 to 24 rows, two outputs: folds differ by one group at most and keep every fifth of each output
    far better than luck does; a group with many rows must not be placed by one label alone."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), rng.integers(1, 25, 300))
    level = rng.normal(size=(300, 2))[groups]
    values = level + rng.normal(size=level.shape)
    outputs = (Output("a", "regression"), Output("b", "regression"))
    data = dataset(pd.DataFrame({"x": np.arange(len(groups))}), {"a": values[:, 0], "b": values[:, 1]}, outputs, groups)
    tested = [split.test for split in splits(data, 10, 1, 0)]
    assert max(abs(len(test) - data.rows / 10) for test in tested) <= 24
    part_of = rng.permutation(np.arange(300) % 10)
    luck = np.abs(shortfall([np.flatnonzero(part_of[groups] == fold) for fold in range(10)], columns(data))).mean()
    assert np.abs(shortfall(tested, columns(data))).mean() < 0.5 * luck
