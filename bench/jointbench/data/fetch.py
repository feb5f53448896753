"""Datasets that have a card and no bundled file: fetched from UCI, or read from a copy, and kept in a cache.

The cache is $JOINTBENCH_CACHE, else the platform's cache directory for jointbench. In datasets/<slug>/ it holds
the table as <slug>.csv and the table's sha256 in <slug>.json. The bytes of the table are the same whether it was
fetched or copied. The JSON is written last: a folder without it counts as not fetched.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import ParseError

import numpy as np
import pandas as pd
import platformdirs

from jointbench.data.card import Card
from jointbench.data.read_file import read_table
from jointbench.data.sources import uci
from jointbench.data.sources.asking import NotDownloaded
from jointbench.errors import BadInput
from jointbench.records.whole_file import is_regular, write_together

CACHE_VARIABLE = "JOINTBENCH_CACHE"
TEXT_TABLES = (".csv", ".tsv", ".txt", ".gz", ".xz")


@dataclass(frozen=True)
class Layout:
    """The columns of UCI's table.

    file: the table's name at UCI. ranges: smallest and largest value of each column, in column order.
    decimals: places that the table shows; a spreadsheet's cell may hold more, its CSV copy does not.
    """

    file: str
    ranges: dict[str, tuple[float, float]]
    decimals: int


LAYOUTS = {  # by UCI id
    242: Layout(
        "ENB2012_data.xlsx",
        {
            "X1": (0.62, 0.98),
            "X2": (514.5, 808.5),
            "X3": (245, 416.5),
            "X4": (110.25, 220.5),
            "X5": (3.5, 7),
            "X6": (2, 5),
            "X7": (0, 0.4),
            "X8": (0, 5),
            "Y1": (6.01, 43.1),
            "Y2": (10.9, 48.03),
        },
        decimals=2,
    ),
}


def cache_folder() -> Path:
    """The folder that fetched datasets are kept in."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("jointbench"))


def is_fetched(slug: str) -> bool:
    """Whether the cache has a file for the dataset; `cached_file` checks that it is intact."""
    table, record = _cache_paths(slug)
    return is_regular(table) and is_regular(record)


def cached_file(slug: str, card: Card) -> Path:
    """The path of the fetched file, after checking its bytes. Raises BadInput when it is missing or was changed."""
    if not is_fetched(slug):
        raise BadInput(f"{slug} is not bundled; get it with: jointbench datasets fetch {slug}")
    table, record = _cache_paths(slug)
    again = f"replace it with: jointbench datasets fetch {slug}"
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        recorded = content.get("sha256") if isinstance(content, dict) else None
        digest = hashlib.sha256(table.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise BadInput(f"the fetched copy in {table.parent} cannot be read ({error}); {again}") from error
    if digest != recorded or digest != (card.sha256 or recorded):
        expected = card.sha256 or str(recorded)
        if digest == expected:
            raise BadInput(f"{record} does not record the sha256 of {table.name}; {again}")
        raise BadInput(
            f"{table} is not the file that was fetched: sha256 {digest[:12]}... instead of {expected[:12]}...; {again}"
        )
    return table


def fetch(slug: str, card: Card, copy: Path | None = None) -> str:
    """Puts the dataset into the cache, from UCI or from a user's copy; returns a sentence on what was done.

    Does nothing when the dataset is bundled, or cached and intact. Raises BadInput, with nothing written, when the
    table cannot be fetched or read, or is not the one that the card describes.
    """
    if card.file is not None:
        return f"{slug} is bundled with jointbench; there is nothing to fetch"
    layout = LAYOUTS.get(card.uci_id) if card.uci_id is not None else None
    if layout is None:
        raise BadInput(
            f"{slug} has neither a bundled file nor a UCI id whose layout jointbench knows; "
            f"its card says: {card.made_from}"
        )
    try:
        return f"{slug} is already here and intact: {cached_file(slug, card)}"
    except BadInput:  # not cached, or changed
        pass
    if copy is None:
        origin = f"UCI (id {card.uci_id})"
        frame = _from_uci(slug, card, layout)
    else:
        origin = str(copy)
        frame = _from_copy(copy, card, layout)
    content = _canonical(frame, origin, card, layout)
    digest = hashlib.sha256(content).hexdigest()
    if card.sha256 and digest != card.sha256:
        raise BadInput(
            f"{origin} has the right columns, rows and ranges, but other values or another order than the table "
            f"of the card: sha256 {digest[:12]}... instead of {card.sha256[:12]}...; "
            f"expected is {_expected(card, layout)}"
        )
    table, record = _cache_paths(slug)
    entry = {"sha256": digest, "uci_id": card.uci_id, "from": origin if copy is None else copy.name}
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        write_together({record: (json.dumps(entry, indent=2) + "\n").encode(), table: content})
    except OSError as error:
        raise BadInput(
            f"{table.parent} cannot be written ({error.strerror}); set {CACHE_VARIABLE} to a folder that can"
        ) from error
    except BadInput as error:
        raise BadInput(f"{error}; set {CACHE_VARIABLE} to a folder that can") from error
    return f"{slug}: {card.rows:,} rows from {origin}, kept in {table}"


def _cache_paths(slug: str) -> tuple[Path, Path]:
    """Paths of the cached table and of the record of its sha256."""
    folder = cache_folder() / "datasets" / slug
    return folder / f"{slug}.csv", folder / f"{slug}.json"


def _expected(card: Card, layout: Layout) -> str:
    columns = ", ".join(layout.ranges)
    return f"UCI's {layout.file} (id {card.uci_id}), as .xlsx or .csv: {card.rows:,} rows, columns {columns}"


def _from_uci(slug: str, card: Card, layout: Layout) -> pd.DataFrame:
    """The table as the UCI client returns it. Raises BadInput, naming the request that failed."""
    alternative = f"--from FILE takes a copy that you have: {_expected(card, layout)}"
    try:
        return cast(pd.DataFrame, uci.ask(cast(int, card.uci_id)).data.original)
    except NotDownloaded as error:
        raise BadInput(f"{slug} could not be fetched: {error}; {alternative}") from error


def _from_copy(path: Path, card: Card, layout: Layout) -> pd.DataFrame:
    """The table in a user's file. Raises BadInput when the file holds none."""
    suffix = path.suffix.lower()
    if suffix in TEXT_TABLES:
        return read_table(path).frame
    if suffix != ".xlsx":
        raise BadInput(f"--from {path}: neither .xlsx nor .csv; expected is {_expected(card, layout)}")
    if not is_regular(path):
        raise BadInput(f"{path}: there is no such file")
    try:
        importlib.import_module("openpyxl")
    except ImportError as error:
        raise BadInput(
            f"reading {path} takes openpyxl: pip install openpyxl, or save the table as .csv and give that with --from"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on styles and extensions, which hold no data
            return pd.read_excel(path, engine="openpyxl")
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
    ) as error:
        raise BadInput(f"{path} cannot be read as a spreadsheet; expected is {_expected(card, layout)}") from error


def _canonical(frame: pd.DataFrame, origin: str, card: Card, layout: Layout) -> bytes:
    """The table as CSV, the same bytes from every source: columns in UCI's order, LF, whole columns as integers.

    Leaves out the empty rows and columns that UCI's spreadsheet has behind its table.
    Raises BadInput at the first column, row or value that differs from the layout.
    """
    expected = f"expected is {_expected(card, layout)}"
    frame = frame.rename(columns=lambda name: str(name).strip()).dropna(axis="index", how="all")
    unknown = [name for name in frame.columns if name not in layout.ranges]
    frame = frame.drop(columns=[name for name in unknown if frame[name].isna().to_numpy().all()])
    names = [str(name) for name in frame.columns]
    if absent := [name for name in layout.ranges if name not in names]:
        raise BadInput(f"{origin} has no column {absent[0]!r}; {expected}")
    if len(names) > len(layout.ranges):
        extra = next((name for name in names if name not in layout.ranges), None)
        raise BadInput(
            f"{origin} has a column {extra!r} too many; {expected}"
            if extra
            else f"{origin} has a column twice; {expected}"
        )
    if len(frame) != card.rows:
        raise BadInput(f"{origin} has {len(frame):,} rows; {expected}")
    columns = {}
    for name, (low, high) in layout.ranges.items():
        values = (
            pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64).round(layout.decimals) + 0.0
        )  # no -0.0
        wrong = ~((values >= low) & (values <= high))  # also true of a missing value or a text
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            value = str(frame[name].iloc[row])[:40]
            raise BadInput(
                f"{origin}: column {name!r} holds {value!r} in data row {row + 1}, "
                f"not a number from {low:g} to {high:g}; {expected}"
            )
        columns[name] = values.astype(np.int64) if np.all(values == np.round(values)) else values
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n").encode()
