"""Builds datasets/bike_sharing: rented bikes by the hour in 2011, without the sum of the two outputs."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

BIKES = PackageFile(
    "ISLP",
    "0.6.0",
    "ISLP/data/Bikeshare.csv",
    "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c",
)
FEATURES = [
    "season",
    "mnth",
    "day",
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
]


def main() -> None:
    content = BIKES.read(package_argument())
    hours = pd.read_csv(io.BytesIO(content))
    check(list(hours.columns) == [*FEATURES, "casual", "registered", "bikers"] and len(hours) == 8645, "8,645 hours")
    check(not hours.isna().any(axis=None), "no missing values")
    check(bool((hours["casual"] + hours["registered"] == hours["bikers"]).all()), "bikers is the sum of the two")
    check(hours["day"].nunique() == 365 and within(hours["hr"], 0, 23), "365 days, 24 hours")
    check(not hours.duplicated(["day", "hr"]).any(), "an hour of a day has one row")
    check(within(hours[["temp", "atemp", "hum", "windspeed"]], 0, 1), "weather scaled to 0 to 1")
    write_table(hours.drop(columns="bikers"), "bike_sharing")


if __name__ == "__main__":
    main()
