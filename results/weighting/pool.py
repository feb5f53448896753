"""The five tables together: `python results/weighting/pool.py` reads their files here and writes pooled.json.

Of each method: the mean over the tables of fixed weights - method in mean skill, with a 95 % t interval over the tables
(4 degrees of freedom), and on how many tables the table's own interval is above or below 0.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy import stats

TABLES = ("concrete_slump", "auto_mpg", "solar_flare", "abalone", "wine_quality")
HERE = Path(__file__).parent


def pooled(differences: list[list[float]]) -> dict[str, object]:
    """differences: of each table (value, low, high)."""
    values = np.array([value for value, _, _ in differences])
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return {
        "fixed_minus_method": [values.mean(), values.mean() - half, values.mean() + half],
        "tables": len(values),
        "tables_above_0": sum(low > 0 for _, low, _ in differences),
        "tables_below_0": sum(high < 0 for _, _, high in differences),
    }


def main() -> None:
    by_method: dict[str, list[list[float]]] = {}
    for table in TABLES:
        for row in json.loads((HERE / f"{table}.json").read_text(encoding="utf-8"))["comparisons"]:
            by_method.setdefault(row["method"], []).append(row["fixed_minus_method"])
    content = {method: pooled(differences) for method, differences in by_method.items()}
    (HERE / "pooled.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
