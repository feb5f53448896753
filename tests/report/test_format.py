from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointbench.report import format as show
from jointbench.stats.estimate import Estimate

numbers = st.floats(-1e6, 1e6, allow_nan=False)
positive = st.floats(1e-9, 1e12)


def read(text: str) -> float:
    return float(text.replace(show.MINUS, "-").replace(",", ""))


def decimals(text: str) -> int:
    return len(text.partition(".")[2])


@given(numbers, st.integers(0, 5), st.booleans())
def test_fixed_reads_back_and_never_signs_a_zero(value: float, digits: int, sign: bool) -> None:
    text = show.fixed(value, digits, sign)
    assert read(text) == pytest.approx(value, abs=0.5000001 * 10**-digits)
    assert decimals(text) == digits
    if read(text) == 0:
        assert text[0] == "0"
    elif sign:
        assert text[0] == ("+" if value > 0 else show.MINUS)


@given(st.floats(-2, 2), st.floats(1e-7, 50))
def test_digits_follow_the_interval(value: float, half: float) -> None:
    text = show.difference(Estimate(value, value - half, value + half))
    middle, low, high = text.replace("(", "").replace(")", "").replace("to ", "").split()
    assert decimals(middle) == decimals(low) == decimals(high)
    unit = 10.0 ** -decimals(middle)
    assert 1 <= decimals(middle) <= show.MOST_SKILL_DIGITS
    if 1 < decimals(middle) < show.MOST_SKILL_DIGITS:
        assert half / 101 < unit <= half / 9.9
    if decimals(middle) == 1:
        assert half > 0.99
    assert read(middle) == pytest.approx(value, abs=0.51 * unit)
    assert read(low) == pytest.approx(value - half, abs=0.51 * unit)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(-0.04726, -0.08908, -0.00544), "−0.047 (−0.089 to −0.005)"),
        (Estimate(0.0465, -1.94, 2.03), "0.0 (−1.9 to +2.0)"),
        (Estimate(0.000012, -0.00001, 0.000034), "0.0000 (0.0000 to 0.0000)"),
        (Estimate(0.00012, -0.0004, 0.0007), "+0.0001 (−0.0004 to +0.0007)"),
        (Estimate(math.nan, math.nan, math.nan), "not measured"),
    ],
)
def test_differences(estimate: Estimate, text: str) -> None:
    assert show.difference(estimate) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.4282, 0.349, 0.525), "0.43x (0.35 to 0.53)"),
        (Estimate(0.351, 0.351, 0.351), "0.35x"),
        (Estimate(0.33345, 0.33336, 0.33353), "0.33x"),
        (Estimate(0.6876, 0.152, 3.11), "0.7x (0.2 to 3.1)"),
        (Estimate(0.0123, 0.0121, 0.0125), "0.012x (0.012 to 0.013)"),
        (Estimate(12.3, 11.1, 13.9), "12.3x (11.1 to 13.9)"),
    ],
)
def test_ratios(estimate: Estimate, text: str) -> None:
    assert show.ratio(estimate) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.741e-5, "47.4 µs"),
        (0.0330930454, "33.1 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (3.36, "3.36 s"),
        (119.4, "119 s"),
        (252.0, "4.2 min"),
        (5400.0, "90 min"),
        (7200.0, "2.0 h"),
        (3e-8, "30.0 ns"),
        (0.0, "0 s"),
        (None, "not measured"),
        (math.nan, "not measured"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert show.seconds(value) == text


@given(positive)
def test_flops_keep_three_digits(value: float) -> None:
    text, _, unit = show.flops(value).partition(" ")
    scale = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit.removesuffix("FLOP")]
    assert read(text) * scale == pytest.approx(value, rel=0.00501)
    assert 1 <= read(text) < 1000 or value < 1


@given(st.floats(0, 1))
def test_certainty_is_not_claimed_by_rounding(value: float) -> None:
    text = show.probability(value)
    assert (text == "1.00") == (value == 1)
    assert (text == "0.00") == (value == 0)
    if text[0] not in "<>":
        assert read(text) == pytest.approx(value, abs=0.00501)
    part = show.share(value)
    assert (part == "100 %") == (value == 1)
    assert (part == "0 %") == (value == 0)


@given(st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-9))
def test_three_significant_digits(value: float) -> None:
    text = show.significant(value)
    assert read(text) == pytest.approx(value, rel=0.00501)
    assert len(text.partition("e")[0].lstrip(show.MINUS).replace(".", "").replace(",", "").strip("0")) <= 3


@pytest.mark.parametrize(
    ("name", "value", "text"), [("r2", 0.002147, "0.002"), ("rmse", 8123.4, "8,120"), ("custom", 0.0021, "0.00210")]
)
def test_metrics_that_end_at_one_have_three_decimals(name: str, value: float, text: str) -> None:
    assert show.metric(name, value) == text


@pytest.mark.parametrize("format_value", [show.seconds, show.flops, show.significant])
def test_nothing_is_said_to_be_not_measured(format_value: object) -> None:
    assert callable(format_value)
    assert format_value(None) == format_value(math.nan) == format_value(math.inf) == "not measured"


def test_counts_have_separators() -> None:
    assert show.count(6497) == "6,497"
    assert show.count(300.5) == "300"
    assert show.count(41.7) == "41.7"


def test_one_fold_has_no_deviation() -> None:
    assert show.skill(0.1234, math.nan) == "0.12"
    assert show.skill(0.1234, 0.0456) == "0.123 ± 0.046"
    assert show.skill(0.0007, 0.19) == "0.00 ± 0.19"


@given(st.text(max_size=400), st.integers(2, 80))
def test_names_are_one_quiet_line(text: str, most: int) -> None:
    name = show.plain(text)
    assert name.strip() == name != ""
    assert len(name.splitlines()) == 1
    assert not any(
        unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE")
        for c in name
    )
    assert show.plain(name) == name
    assert len(show.shorten(text, most)) <= most
    if len(name) > most:
        assert show.shorten(text, most).endswith("…")


def test_an_interval_that_knows_nothing_is_not_dressed_up() -> None:
    assert show.ratio(Estimate(1.5, 1e-6, 1_235_656.8)) == "1.5x (<0.01 to >100)"
