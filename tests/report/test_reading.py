"""How a table was read: a few lines before training, and all of it on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jointbench.comparison.build import describe
from jointbench.comparison.summary.recipe import recipe_summary
from jointbench.data.catalog import load_bundled
from jointbench.data.subsample import subsampled
from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.report.page import render
from jointbench.report.reading import MOST_LINES, brief_reading, reading_lines
from jointbench.report.tables.reading import reading_table
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import Dataset
from page_tables import tables


@pytest.fixture
def table(tmp_path: Path) -> Dataset:
    rows = range(60)
    columns: dict[str, list[object]] = {
        "x": [i * 0.5 for i in rows],
        "temperature": [-999 if i % 6 == 0 else i for i in rows],
        "town": ["Oslo" if i % 3 else "rome" for i in rows],
        "day": [f"2020-01-{1 + i % 28:02}" for i in rows],
        "customer_id": [f"C{i}" for i in rows],
        "<b>price</b>": [i * 1.25 for i in rows],
        "sold": ["" if i < 5 else "yes" if i % 4 else "no" for i in rows],
    }
    pd.DataFrame(columns).to_csv(tmp_path / "shop.csv", index=False)
    return load_table(tmp_path / "shop.csv", TableOptions(targets=("<b>price</b>", "sold")))


def test_the_lines_say_what_every_column_became(table: Dataset) -> None:
    text = "\n".join(reading_lines(table))
    for part in (
        "shop: 60 rows",
        "output <b>price</b>: regression (its values are numbers), 60 labels",
        "output sold: binary (its values are names), 55 labels: no 13, yes 42; 5 missing",
        "numbers (2): temperature (-999 as missing, 10 times; 10 missing), x",
        "names (1): town (2 levels)",
        "dates (1): day (days since 1970, weekday)",
        "left out (1): customer_id",
        "note: Left out as identifiers of the rows: 'customer_id'",
        "note: Read as missing: -999 in 'temperature' (10 times)",
    ):
        assert part in text


def test_labels_are_counted_again_after_a_cut(table: Dataset) -> None:
    cut = subsampled(table, 30, 0)
    (line,) = [line for line in reading_lines(cut) if "output sold" in line]
    labels = cut.targets["sold"]
    assert f"no {(labels == 0).sum()}, yes {(labels == 1).sum()}" in line


def test_wide_tables_and_many_notes_take_twenty_lines(tmp_path: Path) -> None:
    columns = {f"very long name of column {i}": [j * (i + 2) % 997 + 0.5 for j in range(40)] for i in range(300)}
    pd.DataFrame(columns).to_csv(tmp_path / "wide.csv", index=False)
    data = load_table(tmp_path / "wide.csv", TableOptions(targets=tuple(columns)[:30]))
    data = replace(data, notes=tuple(f"note {i}" for i in range(40)))
    lines = reading_lines(data)
    assert len(lines) == MOST_LINES == 20
    assert all(len(line) <= 200 for line in lines)
    assert any("and 22 more outputs" in line for line in lines)
    assert any("numbers (270)" in line and "and 264 more" in line for line in lines)
    assert "more notes" in lines[-1]


def test_terminal_escapes_in_names_are_not_printed(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [0.5, 1, 2] * 5, "\x1b[31my": [1.5, 2, 3] * 5, "k\n": ["a\x1b]8;;", "b", "c"] * 5})
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = load_table(tmp_path / "t.csv", TableOptions(targets=("\x1b[31my", "k")))
    for line in (*reading_lines(data), brief_reading(data)):
        assert "\x1b" not in line and "\n" not in line


def test_the_page_has_every_column_escaped(
    table: Dataset, maker: Callable[..., Any], parse: Callable[..., Any]
) -> None:
    experiment = make_experiment(table, ["joint"], CrossValidation(folds=2, repeats=1, seeds=1, seed=0))
    recipe = recipe_summary(None, experiment.recipe, experiment.shape, experiment.splits)
    described = describe(table, experiment.splits, 1, recipe)
    shown = reading_table(described)
    assert shown is not None
    assert [row[0].text for row in shown.rows] == [item.name for item in table.reading]
    assert len(shown.rows) == 7
    summary = maker(datasets=(("shop", table_names(table)),)).summary()
    summary = replace(summary, datasets=(replace(summary.datasets[0], reading=described.reading),))
    html = render(summary, {}, "", [])
    assert "<b>price" not in html
    report = maker_report(parse(html))
    (drawn,) = tables(report, "reading")
    cells = [[cell.text for cell in row.all("th") + row.all("td")] for row in drawn.all("tbody")[0].all("tr")]
    assert [row[0] for row in cells] == [item.name for item in table.reading]
    by_name = {row[0]: row for row in cells}
    assert by_name["sold"][1] == "output, binary"
    assert "no 13, yes 42" in by_name["sold"][2]
    assert by_name["temperature"][3] == "10"
    assert "an identifier" in by_name["customer_id"][2]


def table_names(data: Dataset) -> tuple[str, ...]:
    return tuple(output.name for output in data.outputs)


def maker_report(root: Any) -> Any:
    return type("Report", (), {"root": root})


def test_a_run_of_an_older_version_has_no_such_table(maker: Callable[..., Any]) -> None:
    summary = maker().summary()
    older = replace(summary, datasets=tuple(replace(dataset, reading=()) for dataset in summary.datasets))
    assert reading_table(older.datasets[0]) is None
    assert "How each column" not in render(older, {}, "", [])


@pytest.mark.parametrize("slug", ["solar_flare", "coloured_digits"])
def test_bundled_datasets_say_how_they_are_read(slug: str) -> None:
    data = load_bundled(slug)
    outputs = [item for item in data.reading if item.role == "output"]
    assert [item.name for item in outputs] == [output.name for output in data.outputs]
    assert all("as its card says" in item.reason for item in outputs) or slug == "coloured_digits"
    assert len(reading_lines(data)) <= MOST_LINES
