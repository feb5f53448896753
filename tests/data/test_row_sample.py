"""A Parquet file larger than the limit is read by row groups, a uniform and seeded sample of its rows kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.data import row_sample
from jointbench.data.arrow_files import read_parquet
from jointbench.data.subsample import subsampled
from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput

ROWS, COLUMNS, KEPT = 5000, 4, 1200


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(row_sample, "MOST_BYTES", KEPT * COLUMNS * row_sample.CELL_BYTES)
    monkeypatch.setattr(row_sample, "BATCH_ROWS", 333)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": np.arange(float(ROWS)), "name": pd.Categorical(rng.choice(["a", "b"], ROWS))})
    frame["y"], frame["z"] = frame["x"] * 2 + rng.normal(size=ROWS), rng.choice(["no", "yes"], ROWS)
    path = tmp_path / "large.parquet"
    frame.to_parquet(path, row_group_size=700, index=False)
    return path


def test_the_sample_is_of_whole_rows_in_their_order_and_the_same_again(large: Path) -> None:
    raw, again = read_parquet(large), read_parquet(large)
    rows = raw.frame.index.to_numpy()
    assert len(rows) == len(set(rows)) == KEPT
    assert (np.diff(rows) > 0).all()
    pd.testing.assert_frame_equal(raw.frame, again.frame)
    whole = pd.read_parquet(large).iloc[rows]
    np.testing.assert_array_equal(raw.frame["x"], whole["x"])
    np.testing.assert_array_equal(raw.frame["z"], whole["z"])
    assert raw.declared == {"name"}


def test_every_part_of_the_file_has_its_share(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over many seeds each tenth of the rows has a tenth of the samples, with the spread of a draw without returning."""
    counts = []
    for seed in range(60):
        monkeypatch.setattr(row_sample, "SAMPLE_SEED", seed)
        counts.append(np.bincount(read_parquet(large).frame.index.to_numpy() * 10 // ROWS, minlength=10))
    drawn = np.array(counts)
    tenth, share = ROWS / 10, KEPT / ROWS
    variance = tenth * share * (1 - share) * (ROWS - tenth) / (ROWS - 1)
    assert np.abs(drawn.mean(axis=0) - KEPT / 10).max() < 4 * np.sqrt(variance / len(drawn))
    assert 0.7 < drawn.var(axis=0).mean() / variance < 1.3


def test_a_file_within_the_limit_is_read_whole(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_sample, "MOST_BYTES", ROWS * COLUMNS * row_sample.CELL_BYTES)
    raw = read_parquet(large)
    assert (len(raw.frame), raw.cut_from, raw.remarks) == (ROWS, 0, ())


def test_the_dataset_says_so_and_a_further_cut_is_one_of_the_whole_file(large: Path) -> None:
    dataset = load_table(large, TableOptions(targets=("y", "z")))
    said = "Too large for memory: a sample of 1,200 of 5,000 rows (uniform, seed 0), read by row groups."
    assert said in dataset.notes
    assert (dataset.rows, dataset.cut_from) == (KEPT, ROWS)
    assert subsampled(dataset, 500, 0).cut_from == ROWS


def test_a_bad_cell_is_named_by_its_row_in_the_file(large: Path) -> None:
    frame = pd.read_parquet(large)
    place = int(read_parquet(large).frame.index[-1])
    frame.loc[place, "y"] = np.inf
    frame.to_parquet(large, row_group_size=700, index=False)
    with pytest.raises(BadInput, match=f"data row {place + 1};"):
        load_table(large, TableOptions(targets=("y", "z")))
