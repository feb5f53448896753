"""Numbers as people write them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.data.number_text import MISSING_MARKS, POINT, DecimalMark, decimal_mark, leading_zeros, number_text

COMMA = DecimalMark(comma=True)
PROVEN = DecimalMark(comma=True, proven=True)
NAN = float("nan")


def column(*cells: str | None) -> pd.Series:
    return pd.Series(cells, dtype="str")


@pytest.mark.parametrize(
    ("cells", "mark", "values"),
    [
        (["1", "-2.5", "+3", ".5", "5.", "1e3"], POINT, [1, -2.5, 3, 0.5, 5, 1000]),
        (["1,234", "5"], POINT, [1234, 5]),
        (["1,234", "5"], COMMA, [1.234, 5]),
        (["1,234", "0,5"], POINT, [1.234, 0.5]),
        (["1,234,567.5", "2"], COMMA, [1234567.5, 2]),
        (["1.234,5", "2"], POINT, [1234.5, 2]),
        (["1.234", "5.678"], COMMA, [1.234, 5.678]),
        (["1.234", "5.678"], PROVEN, [1234, 5678]),
        (["1.5", "2.75"], PROVEN, [1.5, 2.75]),
        (["1 234,5", "7"], POINT, [1234.5, 7]),
        (["1\u00a0234", "1\u202f000\u202f000", "3'000"], POINT, [1234, 1e6, 3000]),
        (["$1,200.00", "-$5", "($7.00)", "\u20ac 3"], POINT, [1200, -5, -7, 3]),
        (["12 \u20ac", "3,50 \u20ac"], POINT, [12, 3.5]),
        (["45.0%", "3 %"], POINT, [45, 3]),
        (["\u22123", "4"], POINT, [-3, 4]),
        (["1", None, "?", "NA", "-"], POINT, [1, NAN, NAN, NAN, NAN]),
    ],
)
def test_numbers_are_read_as_they_are_meant(cells: list[str | None], mark: DecimalMark, values: list[float]) -> None:
    numbers = number_text(column(*cells), mark)
    assert numbers.stray is None
    assert numbers.values == pytest.approx(values, nan_ok=True)


@pytest.mark.parametrize(
    ("cells", "stray"),
    [
        (["1", "<0.3"], 1),
        (["1_000", "2"], 0),
        (["0x10", "2"], 0),
        (["1", "18.00.00"], 1),
        (["45%", "0.45"], 1),
        (["1,23,4", "5"], 0),
        (["\u0661", "2"], 0),
        (["1 2", "3"], 0),
        (["2020-01-01", "2"], 0),
        (["$", "1"], 0),
    ],
)
def test_what_is_no_number_is_pointed_at(cells: list[str], stray: int) -> None:
    numbers = number_text(column(*cells), POINT)
    assert numbers.stray == stray
    assert numbers.share == 0.5
    assert np.isnan(numbers.values[stray])


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e12, 1e12).map(lambda value: round(value, 2)), min_size=1, max_size=8), st.sampled_from(" '.")
)
def test_european_and_american_writing_of_a_number_agree(values: list[float], thousands: str) -> None:
    american = [f"{value:,.2f}" for value in values]
    european = [text.replace(",", "_").replace(".", ",").replace("_", thousands) for text in american]
    for texts in (american, european):
        assert number_text(column(*texts), POINT).values == pytest.approx(values, abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_no_integer_is_rounded(values: list[int]) -> None:
    numbers = number_text(column(*map(str, values)), POINT)
    if max(map(abs, values)) < 2**53:
        assert numbers.values.tolist() == values
    else:
        assert numbers.exact is not None
        assert numbers.exact.tolist() == values


def test_names_are_no_numbers() -> None:
    for cells in (["a", "b"], [None, None], list(MISSING_MARKS)):
        assert number_text(column(*cells), POINT).share == 0


@pytest.mark.parametrize(
    ("columns", "delimiter", "expected"),
    [
        ({"a": ["0,5", "1"]}, ",", PROVEN),
        ({"a": ["1,234", "1"]}, ",", POINT),
        ({"a": ["1,234", "1"]}, ";", COMMA),
        ({"a": ["1,234.5", "1"]}, ";", POINT),
        ({"a": ["rome, lima", "x"]}, ",", POINT),
        ({"a": ["1.5", "x"], "b": ["7,25", None]}, "\t", PROVEN),
    ],
)
def test_a_file_tells_what_its_commas_mean(
    columns: dict[str, list[str]], delimiter: str, expected: DecimalMark
) -> None:
    frame = pd.DataFrame({name: column(*cells) for name, cells in columns.items()})
    assert decimal_mark(frame, delimiter) == expected


def test_leading_zeros_are_seen() -> None:
    assert leading_zeros(column("10", "02116", None))
    assert not leading_zeros(column("0", "0.5", "10", "-01"))
