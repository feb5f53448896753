"""A leak is named; a good feature, and a mere trend, are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.data.telling_features import FEWEST_ROWS, skill_alone
from jointbench.types import FloatArray, Output

ROWS = 800
RNG = np.random.default_rng(0)
X = RNG.normal(size=ROWS)
NUMBER, CLASS = Output("y", "regression"), Output("c", "binary", ("no", "yes"))


@pytest.mark.parametrize("told", [np.exp(X), np.round(3 * X**3, 9), np.sin(X)], ids=["exp", "cube", "sine"])
def test_any_smooth_function_of_a_column_is_told_by_it(told: FloatArray) -> None:
    assert skill_alone(X, told, NUMBER) > 0.999


@pytest.mark.parametrize("noise", [0.05, 0.3, 1.0])
def test_its_skill_is_the_share_of_variance_that_it_explains(noise: float) -> None:
    y = X + noise * RNG.normal(size=ROWS)
    assert skill_alone(X, y, NUMBER) == pytest.approx(1 / (1 + noise**2), abs=0.06)


def test_nothing_is_told_by_chance() -> None:
    assert abs(skill_alone(X, RNG.normal(size=ROWS), NUMBER)) < 0.15
    assert abs(skill_alone(RNG.integers(0, 20, ROWS).astype(float), RNG.normal(size=ROWS), NUMBER)) < 0.1
    assert abs(skill_alone(X, RNG.integers(0, 2, ROWS).astype(float), CLASS)) < 0.15


def test_names_tell_by_their_groups() -> None:
    names = RNG.integers(0, 30, ROWS).astype(float)
    worth = RNG.normal(size=30)
    assert skill_alone(names, worth[names.astype(int)], NUMBER) == pytest.approx(1)
    assert skill_alone(names, (worth[names.astype(int)] > 0).astype(float), CLASS) == pytest.approx(1)


def test_few_rows_tell_nothing() -> None:
    few = X[: FEWEST_ROWS - 1]
    assert skill_alone(few, few, NUMBER) == 0


def test_it_is_named_in_the_notes(tmp_path: Path) -> None:
    y = X + RNG.normal(size=ROWS)
    frame = pd.DataFrame({"a": RNG.normal(size=ROWS), "leak": np.exp(y), "sold": np.where(y > 0, "yes", "no"), "y": y})
    frame.to_csv(tmp_path / "t.csv", index=False)
    notes = load_table(tmp_path / "t.csv", TableOptions(targets=("y", "sold"))).notes
    (note,) = [note for note in notes if "nearly exactly" in note]
    assert "'leak' (of 'y')" in note and "'leak' (of 'sold')" in note and "'y' (of 'sold')" in note
    assert "'a'" not in note


def test_units_behind_numbers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = ["12 kg", "3.5 kg", "4kg", ""] * 15
    frame = pd.DataFrame({"w": cells, "m": ["1 kg", "2 lb", "3 kg", "4 lb"] * 15, "y": RNG.normal(size=60)})
    frame.to_csv(path, index=False)
    dataset = load_table(path, TableOptions(targets=("y",)))
    np.testing.assert_array_equal(dataset.features["w"].to_numpy()[:4], [12, 3.5, 4, np.nan])
    details = {item.name: (item.role, item.detail) for item in dataset.reading}
    assert details["w"] == ("number", "in kg")
    assert details["m"][0] == "category"


def test_numbers_with_exponents_have_no_unit(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"x": ["1e5", "2e5", "3e-2"] * 20, "y": RNG.normal(size=60)}).to_csv(path, index=False)
    dataset = load_table(path, TableOptions(targets=("y",)))
    assert dataset.features["x"].iloc[0] == 1e5
