"""Small tables of mixed traits, as text: what people's files look like, in every combination."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

from hypothesis import strategies as st

YEAR_1000 = date(1000, 1, 1)
TRAITS: dict[str, st.SearchStrategy[str]] = {
    "decimals": st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}"),
    "decimal commas": st.floats(-1e3, 1e3).map(lambda value: f"{value:.2f}".replace(".", ",")),
    "thousands": st.integers(0, 10**7).map(lambda value: f"{value:,}"),
    "whole": st.integers(-50, 50).map(str),
    "few": st.sampled_from(["0", "1"]),
    "long": st.integers(10**17, 10**17 + 10**6).map(str),
    "huge": st.floats().map(repr),
    "codes": st.integers(0, 20).map(lambda value: f"{value:05}"),
    "money": st.floats(0, 1e5).map(lambda value: f"${value:,.2f}"),
    "percent": st.floats(0, 100).map(lambda value: f"{value:.1f}%"),
    "names": st.sampled_from(["rome", "Rome", " rome", "oslo", "None", "NA"]),
    "answers": st.sampled_from(["yes", "no"]),
    "flags": st.sampled_from(["True", "False"]),
    "texts": st.text(max_size=12),
    "dates": st.dates(YEAR_1000).map(str),
    "other dates": st.dates(YEAR_1000).map(lambda day: f"{day:%d/%m/%Y}"),
    "times": st.datetimes().map(lambda when: f"{when.isoformat()}+02:00"),
    "limits": st.sampled_from(["<0.3", "0.5", "0.75", "1.25"]),
    "nothing": st.just(""),
}
MISSING = ("", "?", "NA", "-999", "nan")
NAMES = st.text(max_size=8) | st.sampled_from(["id", "x", "price", " price ", "Unnamed: 0", "a:binary", "1.5"])


@dataclass(frozen=True)
class WrittenTable:
    """A file's content, and what a user may ask of it."""

    text: str
    targets: tuple[str, ...]
    group: str | None
    time: str | None
    keep: tuple[str, ...]


@st.composite
def tables(draw: st.DrawFn) -> WrittenTable:
    """A table with a header, its columns of one trait each, some cells replaced, and now and then an odd layout."""
    rows = draw(st.integers(3, 30))
    traits = draw(st.lists(st.sampled_from(sorted(TRAITS)), min_size=2, max_size=6))
    names = [f"column {i}" if draw(st.integers(0, 4)) else draw(NAMES) for i in range(len(traits))]
    columns = [[_cell(draw, trait) for _ in range(rows)] for trait in traits]
    content = io.StringIO()
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    writer = csv.writer(content, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    if draw(st.booleans()):
        content.write(draw(st.sampled_from(["A title\n", "\n\n", "# made by hand, in May\n"])))
    writer.writerow(names)
    ending = draw(st.sampled_from([[], [], [""]]))
    for i in range(rows):
        writer.writerow([column[i] for column in columns] + ending)
        if draw(st.integers(0, 100)) == 0:
            writer.writerow(draw(st.sampled_from([names, [""] * len(names), ["only one"]])))
    kinds = st.sampled_from(["", "", "", "", ":regression", ":binary", ":multiclass"])
    some_name = st.sampled_from(names)
    return WrittenTable(
        text=content.getvalue(),
        targets=tuple(name + draw(kinds) for name in draw(st.lists(some_name, min_size=1, max_size=3, unique=True))),
        group=draw(st.none() | st.none() | some_name),
        time=draw(st.none() | st.none() | some_name),
        keep=tuple(draw(st.lists(some_name, max_size=1))),
    )


def _cell(draw: st.DrawFn, trait: str) -> str:
    return draw(st.sampled_from(MISSING)) if draw(st.integers(0, 9)) == 0 else draw(TRAITS[trait])
