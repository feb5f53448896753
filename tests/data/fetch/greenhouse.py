"""A dataset that is not bundled, its files, and a server on this machine that answers as UCI's does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import openpyxl
import pandas as pd
import pytest

from jointbench.data import fetch as fetching
from jointbench.data.catalog import card_of
from jointbench.data.fetch import fetch
from jointbench.errors import BadInput

SLUG = "greenhouse"
UCI_ID = 9001
ROWS = 24
RANGES = {"X1": (0.0, 1.0), "X2": (100.0, 200.0), "X3": (2.0, 5.0), "Y1": (0.0, 50.0), "Y2": (0.0, 50.0)}
CARD = """
title = "A greenhouse that is not there"
{sha256}
rows = {rows}
source = "a test"
licence = "CC BY 4.0"
citation = "none"
made_from = "not bundled"
uci_id = {uci_id}
outputs = [{{ name = "Y1", kind = "regression" }}, {{ name = "Y2", kind = "regression" }}]
categorical = ["X3"]
leaks = ["none"]
"""


def rows() -> pd.DataFrame:
    """The table with more decimals than UCI shows in one cell, as a spreadsheet has."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "X1": random.uniform(0, 1, ROWS).round(2),
            "X2": np.linspace(100, 200, ROWS).round() + 0.0,
            "X3": np.arange(ROWS) % 4 + 2,
            "Y1": random.uniform(0, 50, ROWS).round(2),
            "Y2": random.uniform(0, 50, ROWS).round(2),
        }
    )
    frame.loc[5, "Y1"] = 18.1858
    return frame


def canonical() -> bytes:
    """The bytes that every source of these rows must give, written down independently of the code that makes them."""
    lines = ["X1,X2,X3,Y1,Y2"]
    lines += [
        f"{x1!r},{int(x2)},{int(x3)},{round(y1, 2)!r},{y2!r}" for x1, x2, x3, y1, y2 in rows().to_numpy().tolist()
    ]
    return ("\n".join(lines) + "\n").encode()


def write_xlsx(frame: pd.DataFrame, path: Path) -> Path:
    """As UCI's spreadsheet: behind the table formatted but empty rows and columns, and further empty sheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*frame.columns, None, None])
    for row in frame.to_numpy(object).tolist():
        sheet.append(row)
    for behind in range(len(frame) + 2, len(frame) + 20):
        for column in range(1, frame.shape[1] + 3):
            sheet.cell(behind, column).number_format = "0.00"
    book.create_sheet("Sheet2")
    book.save(path)
    return path


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """As people export that spreadsheet: two decimals everywhere, empty columns and rows behind."""
    lines = [",".join(frame.columns) + ",,"]
    lines += [
        ",".join(f"{value:.2f}" if name != "X3" else str(int(value)) for name, value in row.items()) + ",,"
        for _, row in frame.iterrows()
    ]
    lines += [",,,,,,"] * 3
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


@dataclass
class Uci:
    """A server on this machine that answers as archive.ics.uci.edu does."""

    table: str
    importable: bool = True
    garbled: bool = False
    missing: int = 200  # HTTP status for an id that is not there; the body's own is 404
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str) -> tuple[int, str, str]:
        """Status, content type and body."""
        self.asked.append(path)
        parts = urlsplit(path)
        if parts.path == f"/static/public/{UCI_ID}/data.csv":
            return 200, "text/csv", self.table
        if self.garbled:
            return 200, "text/html", "<html>down for maintenance</html>"
        if parse_qs(parts.query).get("id") != [str(UCI_ID)]:
            return (
                self.missing,
                "application/json",
                json.dumps({"status": 404, "statusText": "Not found", "message": "Error: no such dataset"}),
            )
        variables = [
            {
                "name": name,
                "role": "Feature" if name.startswith("X") else "Target",
                "type": "Continuous",
                "demographic": None,
                "description": None,
                "units": None,
                "missing_values": "no",
            }
            for name in RANGES
        ]
        data = {
            "uci_id": UCI_ID,
            "name": "Greenhouse",
            "repository_url": f"{self.address}/dataset/{UCI_ID}",
            "data_url": f"{self.address}/static/public/{UCI_ID}/data.csv" if self.importable else None,
            "abstract": "",
            "num_instances": ROWS,
            "variables": variables,
            "additional_info": {"summary": ""},
            "intro_paper": None,
        }
        return 200, "application/json", json.dumps({"status": 200, "statusText": "OK", "data": data})


def refused(*words: str, copy: Path | None = None) -> None:
    """Fetching fails with one sentence that holds these words, and leaves nothing behind."""
    with pytest.raises(BadInput) as raised:
        fetch(SLUG, card_of(SLUG), copy)
    message = str(raised.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message
    assert not fetching.cache_folder().exists()
