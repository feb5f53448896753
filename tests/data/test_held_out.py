"""A file of rows to test on: read with the table, never trained on, cut by itself, and refused with a way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.data.splits import splits
from jointbench.data.subsample import subsampled
from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import Dataset

ROWS, TEST_ROWS = 120, 30
DESIGN = CrossValidation(folds=5, repeats=1, seeds=1, seed=0, fits=4)


def frame(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, rows))
    colour = np.where(x > 0, "red", "blue")
    return pd.DataFrame({"x": x, "z": z, "colour": colour, "price": x + z, "sold": np.where(z > 0, "yes", "no")})


def written(folder: Path, table: pd.DataFrame, test: pd.DataFrame) -> Path:
    table.to_csv(folder / "homes.csv", index=False)
    test.to_csv(folder / "new.csv", index=False)
    return folder / "homes.csv"


def loaded(path: Path, **options: str | tuple[str, ...]) -> Dataset:
    asked = {"targets": ("price", "sold"), "test": str(path.with_name("new.csv")), **options}
    return load_table(path, TableOptions(**asked))  # type: ignore[arg-type]  # each option in its own type


def refused(path: Path, **options: str | tuple[str, ...]) -> str:
    with pytest.raises(BadInput) as caught:
        make_experiment(loaded(path, **options), ("joint", "separate"), DESIGN)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    return written(tmp_path, frame(ROWS, 0), frame(TEST_ROWS, 1))


def test_every_repeat_tests_on_the_rows_of_the_file_and_draws_its_validation_rows_anew(homes: Path) -> None:
    data = loaded(homes)
    assert (data.slug, data.title, data.rows) == ("homes", "homes.csv", ROWS + TEST_ROWS)
    plan = make_experiment(data, ("joint", "separate"), DESIGN)
    own = np.arange(ROWS)
    assert [(split.repeat, split.fold, split.folds) for split in plan.splits] == [(r, 0, 1) for r in range(4)]
    for split in plan.splits:
        np.testing.assert_array_equal(split.test, np.arange(ROWS, ROWS + TEST_ROWS))
        np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.validation])), own)
    assert len({split.validation.tobytes() for split in plan.splits}) == 4
    prices = frame(TEST_ROWS, 1)["price"].to_numpy()
    np.testing.assert_allclose(data.targets["price"][plan.splits[0].test], prices)


def test_columns_pair_by_name_whatever_their_order_and_kind_of_file(homes: Path) -> None:
    read = loaded(homes)
    shuffled = frame(TEST_ROWS, 1)[["sold", "z", "colour", "price", "x"]].assign(extra=1)
    shuffled.to_parquet(homes.with_name("new.parquet"))
    again = loaded(homes, test=str(homes.with_name("new.parquet")))
    assert isinstance(read.features, pd.DataFrame)
    assert isinstance(again.features, pd.DataFrame)
    pd.testing.assert_frame_equal(read.features, again.features)
    assert any("Columns of new.parquet that homes.csv lacks, left out: extra." in note for note in again.notes)


def test_another_file_of_the_same_size_is_another_study(homes: Path) -> None:
    before = loaded(homes).digest
    frame(TEST_ROWS, 2).to_csv(homes.with_name("new.csv"), index=False)
    assert loaded(homes).digest != before


def test_rows_that_are_trained_on_too_are_said(tmp_path: Path) -> None:
    table = frame(ROWS, 0)
    homes = written(tmp_path, table, pd.concat([frame(TEST_ROWS, 1), table[:7]]))
    notes = make_experiment(loaded(homes), ("joint", "separate"), DESIGN).dataset.notes
    assert any("7 of the 37 rows of new.csv have the features of a row that is trained on" in note for note in notes)


def test_a_cut_keeps_a_fifth_for_test_rows_and_all_where_they_are_fewer(homes: Path) -> None:
    for most, test in ((100, 20), (140, 28), (149, 29)):
        cut = subsampled(loaded(homes), most, 0)
        assert cut.held_out is not None
        assert (cut.rows, int(cut.held_out.rows.sum())) == (pytest.approx(most, abs=1), pytest.approx(test, abs=1))
        tested = splits(cut, 5, 3, 0)[0].test
        np.testing.assert_array_equal(tested, np.flatnonzero(cut.held_out.rows))


def test_a_class_that_only_the_test_rows_have_is_not_judged_and_said(tmp_path: Path) -> None:
    test = frame(TEST_ROWS, 1)
    test.loc[:3, "sold"] = "perhaps"
    homes = written(tmp_path, frame(ROWS, 0), test)
    notes = make_experiment(loaded(homes), ("joint", "separate"), DESIGN).dataset.notes
    assert any("trains without 'perhaps' (4 test rows)" in note for note in notes)


def test_what_cannot_be_tested_on_is_refused_with_a_way_out(homes: Path) -> None:
    missing = homes.with_name("missing.csv")
    assert refused(homes, test=str(missing)) == f"{missing}: there is no such file"
    assert refused(homes, test="-").startswith("--test -: name a file")
    assert refused(homes, test="https://example.org/a.csv").startswith("--test https://example.org/a.csv: name a file")
    assert "--time and --test" in refused(homes, time="x") or "--test and --time" in refused(homes, time="x")
    frame(TEST_ROWS, 1).drop(columns="z").to_csv(homes.with_name("new.csv"), index=False)
    assert "new.csv: it has no column 'z', which" in refused(homes)
    make_experiment(loaded(homes, drop=("z",)), ("joint", "separate"), DESIGN)
    frame(TEST_ROWS, 1).assign(price="").to_csv(homes.with_name("new.csv"), index=False)
    assert "output 'price' has no label in the test rows of repeat 1" in refused(homes)
    frame(TEST_ROWS, 1).assign(x="two").to_csv(homes.with_name("new.csv"), index=False)
    with pytest.raises(BadInput, match="--repeats 2: at least 3 are needed with --test"):
        make_experiment(loaded(homes), ("joint", "separate"), replace(DESIGN, fits=2))
