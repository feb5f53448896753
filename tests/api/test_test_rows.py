"""``compare(X, Y, test=(X, Y))``: fits on all of X, judged on the test rows alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import jointbench
from jointbench.errors import BadInput
from jointbench.types import FloatArray


def table(rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    x: FloatArray = np.random.default_rng(seed).normal(size=(rows, 3))
    return pd.DataFrame(x, columns=list("abc")), pd.DataFrame({"y": x[:, 0], "z": x[:, 1]})


def test_the_answer_is_of_the_test_rows_by_several_fits(tmp_path: Path) -> None:
    arms = ("joint", "separate")
    result = jointbench.compare(*table(90, 0), test=table(40, 1), profile="smoke", arms=arms, repeats=4, progress=False)
    (dataset,) = result.summary.datasets
    assert (dataset.test_file, dataset.test_rows, dataset.rows) == ("test", 40, 130)
    assert (dataset.folds, dataset.repeats) == (1, 4)
    (cell,) = result.summary.cells
    for difference in cell.differences:
        assert difference.pairs == 4
        assert difference.difference.low < difference.difference.value < difference.difference.high
    page = result.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "the 40 rows of test, by 4 fits of each network" in page
    assert "Fewer than" not in page


def test_what_does_not_go_with_test_rows_is_refused() -> None:
    x, y = table(90, 0)
    for options, said in (
        ({"test": 3}, r"test: give \(X, Y\)"),
        ({"test": table(40, 1), "groups": np.arange(90)}, "test: groups says something of the rows of X alone"),
        ({"test": (table(40, 1)[0][["a"]], table(40, 1)[1])}, "it has no column 'b'"),
        ({"test": table(40, 1), "folds": 5}, "--folds 5: --test says which rows are tested on"),
        ({"test": table(40, 1), "repeats": 2}, "--repeats 2: at least 3 are needed with --test"),
    ):
        with pytest.raises(BadInput, match=said):
            jointbench.compare(x, y, profile="smoke", progress=False, **options)  # type: ignore[arg-type]  # on purpose
