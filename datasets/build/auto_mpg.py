"""Builds datasets/auto_mpg: six properties of a car, its miles per gallon and where it is from, without its name."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

AUTO = PackageFile(
    "ISLP",
    "0.6.0",
    "ISLP/data/Auto.csv",
    "387b35512e265608328881d7299f768f8010e21d27acd53e5a07456ea9ee3ff7",
)
FEATURES = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "year"]
ORIGIN = {1: "american", 2: "european", 3: "japanese"}


def main() -> None:
    content = AUTO.read(package_argument())
    cars = pd.read_csv(io.BytesIO(content))
    check(list(cars.columns) == ["mpg", *FEATURES, "origin", "name"] and len(cars) == 392, "392 cars, 9 columns")
    check(not cars.isna().any(axis=None), "no missing values: the six cars without horsepower are left out")
    check(cars["origin"].value_counts().to_dict() == {1: 245, 3: 79, 2: 68}, "245 American, 79 Japanese, 68 European")
    check(within(cars["mpg"], 9, 46.6) and within(cars["year"], 70, 82), "9 to 46.6 mpg, 1970 to 1982")
    cars["origin"] = cars["origin"].map(ORIGIN)
    write_table(cars[[*FEATURES, "mpg", "origin"]], "auto_mpg")


if __name__ == "__main__":
    main()
