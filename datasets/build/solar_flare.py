"""Builds datasets/solar_flare: an active region of the sun, and its flares of three classes in the next 24 hours."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, write_table
from package_file import PackageFile, package_argument

FLARES = PackageFile(
    "river",
    "0.26.1",
    "river/datasets/solar-flare.csv.zip",
    "79a904a6c30ca6cb11ca7e05fcca1c43be9750ad29d0b8e1aa6c209e07b55d1c",
)
LARGEST = {"c_class_flares": 8, "m_class_flares": 5, "x_class_flares": 2}
REGIONS_WITHOUT = {"c_class_flares": 884, "m_class_flares": 1030, "x_class_flares": 1061}


def main() -> None:
    content = FLARES.read(package_argument())
    regions = pd.read_csv(io.BytesIO(content), compression="zip")
    check(regions.shape == (1066, 13), "1,066 regions, 10 features and 3 counts")
    regions.columns = [name.replace("-", "_") for name in regions.columns]
    check(not regions.isna().any(axis=None), "no missing values")
    check(set(regions["zurich_class"]) == set("BCDEFH"), "the modified Zurich classes B, C, D, E, F, H")
    check(set(regions["largest_spot_size"]) == set("XRSAHK"), "the spot sizes X, R, S, A, H, K")
    check(set(regions["spot_distribution"]) == set("XOIC"), "the spot distributions X, O, I, C")
    for name, count in REGIONS_WITHOUT.items():
        check(int((regions[name] == 0).sum()) == count, f"{count} regions without {name}")
        check(int(regions[name].max()) == LARGEST[name], f"at most {LARGEST[name]} {name}")
    write_table(regions, "solar_flare")


if __name__ == "__main__":
    main()
