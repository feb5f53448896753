"""Dates as people write them: one format a column."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.data.date_text import date_text
from tables import csv, frame_of, loaded, refusal


def column(*cells: str | None) -> pd.Series:
    return pd.Series(cells, dtype="str")


@pytest.mark.parametrize(
    ("cells", "second"),
    [
        (["2019-02-01", "2019-02-13"], "2019-02-13"),
        (["2019-02-01", "2019-02-13 10:30"], "2019-02-13 10:30"),
        (["2019-02-01T00:00:00Z", "2019-02-13T12:00:00+02:00"], "2019-02-13 10:00"),
        (["01.02.2019", "13.02.2019"], "2019-02-13"),
        (["01.02.2019", "03.02.2019"], "2019-02-03"),
        (["01/02/2019", "13/02/2019"], "2019-02-13"),
        (["02/01/2019", "02/13/2019"], "2019-02-13"),
        (["2/1/2019 1:00 PM", "2/13/2019 1:00 AM"], "2019-02-13 01:00"),
        (["1.2.19", "13.2.19"], "2019-02-13"),
        (["1 February 2019", "13 February 2019"], "2019-02-13"),
        (["Feb 1, 2019", "Feb 13, 2019"], "2019-02-13"),
        (["2019/02/01", "2019/02/13"], "2019-02-13"),
        (["March 2020", "May 2020"], "2020-05-01"),
        (["0001-01-01", "9999-12-31"], "9999-12-31"),
    ],
)
def test_dates_are_read_in_the_one_format_of_their_column(cells: list[str], second: str) -> None:
    dates = date_text(column(*cells))
    assert dates is not None
    assert dates.stray is None
    assert dates.second is None
    assert dates.values.iloc[1] == pd.Timestamp(second)


@pytest.mark.parametrize("cells", [["lima", "rome"], ["18.00.00", "19.00.00"], ["10:30", "11:30"], ["1.2.3", "1.2.4"]])
def test_what_is_no_date_is_left_alone(cells: list[str]) -> None:
    assert date_text(column(*cells)) is None


@settings(deadline=None)
@given(
    st.lists(
        st.integers(0, 40_000).map(lambda days: datetime(1950, 1, 1) + timedelta(days=days)), min_size=1, max_size=9
    ),
    st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%Y-%m-%dT%H:%M:%S+02:00"]),
)
def test_a_column_is_read_as_it_was_written_or_as_unclear(days: list[datetime], written: str) -> None:
    dates = date_text(column(*(f"{day:{written}}" for day in days)))
    assert dates is not None
    shift = timedelta(hours=2) if "+02" in written else timedelta(0)
    expected = [day - shift for day in days]
    if dates.second is None:
        assert dates.values.tolist() == expected
    else:
        assert expected in (dates.values.tolist(), dates.second.tolist())
        assert all(day.day <= 12 for day in days)


@pytest.mark.parametrize("role", ["feature", "time"])
def test_dates_with_two_readings_are_refused_with_both(tmp_path: Path, role: str) -> None:
    path = csv(tmp_path / "t.csv", when=["05/05/2019", "03/04/2019", "01/02/2019"], y=[1.5, 2, 3])
    message = refusal(path, ["y"], time="when" if role == "time" else None)
    for part in ("'when'", "'03/04/2019'", "data row 2", "03 April 2019 or 04 March 2019", "year-month-day"):
        assert part in message


def test_dates_that_change_their_format_are_no_time(tmp_path: Path) -> None:
    """Read one by one, 13/01 and 01/13 would be one day."""
    path = csv(tmp_path / "t.csv", when=["13/01/2019", "01/14/2019", "15/01/2019"], y=[1.5, 2, 3])
    message = refusal(path, ["y"], time="when")
    assert "'01/14/2019'" in message and "data row 2" in message


def test_a_gap_among_times_with_offsets_is_a_gap(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", when=["2020-01-01T00:00:00Z", "?", "2020-01-02T00:00:00Z"], y=[1.5, 2, 3])
    assert frame_of(loaded(path, ["y"]))["when"].isna().sum() == 10


def test_a_text_among_dates_is_shown_with_its_row(tmp_path: Path) -> None:
    cells = ["soon", *(f"2020-01-{day:02}" for day in range(1, 30))]
    message = refusal(csv(tmp_path / "t.csv", when=cells, y=[1.5, 2, 3]), ["y"])
    for part in ("'when'", "'soon' in data row 1", "a date is expected"):
        assert part in message


def test_offsets_given_now_and_then_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", when=["2020-01-01T00:00:00Z", "2020-01-01T01:00:00"], y=[1.5, 2, 3])
    assert "offset" in refusal(path, ["y"], time="when")


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_times_with_a_zone_are_sorted_as_utc(tmp_path: Path, unit: str) -> None:
    """The hour that summer time repeats in Rome stands twice on the clock."""
    hours = pd.date_range("2020-10-24 20:00", periods=30, freq="h", tz="UTC").tz_convert("Europe/Rome")
    frame = pd.DataFrame({"when": hours.as_unit(unit), "x": np.arange(30) * 1.5, "y": np.arange(30) * 0.5})
    frame.to_parquet(tmp_path / "t.parquet")
    data = loaded(tmp_path / "t.parquet", ["y"], time="when")
    assert data.time is not None
    assert np.array_equal(np.diff(data.time), np.full(29, 3600e6))


def test_times_below_a_second_keep_their_order(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", when=[f"2020-01-01 00:00:00.{i:03}" for i in range(30)], y=[1.5, 2, 3])
    data = loaded(path, ["y"], time="when")
    assert data.time is not None
    assert (np.diff(data.time) > 0).all()


def test_long_numbers_as_times_keep_their_order(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", when=[1_600_000_000_000_000_000 + i for i in range(30)], y=[1.5, 2, 3])
    data = loaded(path, ["y"], time="when")
    assert data.time is not None
    assert (np.diff(data.time) > 0).all()


def test_a_date_as_a_feature_has_its_hours_and_its_gaps(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", when=["2020-01-01 06:00", "", "2020-01-02 18:30"], y=[1.5, 2, 3])
    features = frame_of(loaded(path, ["y"]))
    assert features["when"].tolist()[0] == 18262.25
    assert features["when: hour"].tolist()[2] == 18.5
    assert features["when: weekday"].tolist()[::2][:2] == [3, 4]
    assert features["when"].isna().tolist()[:3] == [False, True, False]
    assert "when: month" not in features


def test_a_date_is_no_target(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", when=["2020-01-01", "2020-01-05"], y=[1.5, 2, 3])
    for target in ("when", "when:regression"):
        assert "dates" in refusal(path, [target])
