"""The tables of a rendered page, read back: rows by their heads, cells by their exact numbers."""

from __future__ import annotations

from typing import Any

import pytest


def tables(report: Any, source: str = "summary") -> list[Any]:
    matching = [table for table in report.root.all("table") if table.attributes.get("data-source", "summary") == source]
    assert matching
    return matching


def value(cell: Any) -> list[float]:
    return [float(text) for text in cell.attributes["data-v"].split()]


def close(*numbers: float) -> Any:
    return pytest.approx(list(numbers), rel=6e-5, abs=1e-9)


def rows_by_caption(report: Any, start: str, cell: Any) -> dict[tuple[str, ...], list[Any]]:
    """The rows of a cell's table whose caption starts so, by the texts of their heads."""
    location = cell_name(cell)
    table = next(
        t
        for t in tables(report)
        if t.all("caption")[0].text.startswith(start) and f"in {location}" in t.all("caption")[0].text
    )
    return {tuple(head.text for head in row.all("th")): row.all("td") for row in table.all("tbody")[0].all("tr")}


def cell_name(cell: Any) -> str:
    return f"{cell.dataset}, {cell.backend} on {cell.device}"
