from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest

from jointbench.comparison.summary.schema import summary_fields
from jointbench.report import embed
from jointbench.report.overview import lean_words
from jointbench.report.page import render

MEGABYTE = 1_000_000


def test_opens_with_the_answer(report: Any) -> None:
    body = report.root.all("body")[0]
    assert [heading.text for heading in body.all("h1")] == [report.summary.headline]
    text = body.text
    places = [text.index(d.reason) for cell in report.summary.cells for d in cell.decisions[:1]]
    assert (
        max(places)
        < text.index("Every comparison")
        < text.index("All datasets at once")
        < text.index("Dataset by dataset")
    )
    assert text.index("Dataset by dataset") < text.index("How it was measured")


def test_badges_say_the_verdicts_in_words(report: Any) -> None:
    badges = [badge.text.split(maxsplit=1)[1] for badge in report.root.with_id("board").all("span", "badge")]
    assert badges == [lean_words(c.decisions[0]) if c.decisions else "not run" for c in report.summary.cells]


def test_nothing_is_loaded_from_elsewhere(report: Any) -> None:
    for node in report.root.walk():
        assert node.tag not in ("link", "img", "iframe", "object", "embed", "base", "image")
        for key, value in node.attributes.items():
            assert key not in ("src", "srcset", "action", "poster", "xlink:href", "formaction", "ping")
            if key == "href":
                assert value.startswith(("#", "data:application/")), value
            if key in ("style", "fill", "stroke", "clip-path"):
                assert "url(" not in value
    for style in report.root.all("style"):
        assert "url(" not in style.text
        assert "@import" not in style.text
    assert "https://archive.ics.uci.edu" in report.root.text, "sources are plain text"


def test_only_the_own_script_may_run(report: Any) -> None:
    (script,) = report.root.all("script")
    policy = next(
        m.attributes["content"]
        for m in report.root.all("meta")
        if m.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert not any(key.startswith("on") for node in report.root.walk() for key in node.attributes)


def test_ids_are_unique_and_every_link_arrives(report: Any) -> None:
    ids = Counter(node.attributes["id"] for node in report.root.walk() if "id" in node.attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    links = {n.attributes["href"][1:] for n in report.root.walk() if n.attributes.get("href", "").startswith("#")}
    assert links - set(ids) == set()
    labels = {node.attributes["aria-labelledby"] for node in report.root.walk() if "aria-labelledby" in node.attributes}
    assert labels - set(ids) == set()


def test_every_figure_can_be_read_without_seeing_it(report: Any) -> None:
    figures = report.root.all("figure")
    assert len(figures) == 3 + 2 * 6  # over all datasets, and of each cell that ran
    for figure in figures:
        (drawing,) = [child for child in figure.children if getattr(child, "tag", "") == "svg"]
        assert drawing.attributes["role"] == "img"
        assert len(drawing.attributes["aria-label"]) > 40
        (fold,) = figure.all("details")
        assert fold.all("td"), "the table that it was drawn from"
        sentence = figure.all("figcaption")[0].all("p")[0].text
        assert len(sentence.split()) > 8
    for drawing in report.root.all("svg", "arm"):
        assert "network" in drawing.attributes["aria-label"]


def test_tables_scroll_in_their_own_box_and_name_their_rows(report: Any) -> None:
    boxes = report.root.all("div", "scroll")
    assert len(boxes) == len(report.root.all("table"))
    for box in boxes:
        assert (box.attributes["tabindex"], box.attributes["role"]) == ("0", "group")
        (table,) = box.all("table")
        (caption,) = table.all("caption")
        assert caption.text
        assert box.attributes["aria-labelledby"] == caption.attributes["id"]
        assert {head.attributes["scope"] for head in table.all("thead")[0].all("th")} == {"col"}
        for row in table.all("tbody")[0].all("tr"):
            assert row.all("th")[0].attributes["scope"] == "row"
            assert len(row.all("th")) + len(row.all("td")) == len(table.all("thead")[0].all("th"))
    css = report.root.all("style")[0].text
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", css)


def test_headings_do_not_skip_a_level(report: Any) -> None:
    levels = [int(node.tag[1]) for node in report.root.walk() if re.fullmatch("h[1-6]", node.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_keyboard_and_schemes(report: Any) -> None:
    first = next(node for node in report.root.all("body")[0].walk() if node.tag == "a")
    assert (first.attributes["class"], first.attributes["href"]) == ("skip", "#answer")
    assert report.root.all("html")[0].attributes["lang"] == "en"
    css = report.root.all("style")[0].text
    for needed in ("prefers-color-scheme: dark", ":focus-visible", "@media print", "prefers-reduced-motion"):
        assert needed in css
    viewport = [m.attributes["content"] for m in report.root.all("meta") if m.attributes.get("name") == "viewport"]
    assert viewport == ["width=device-width, initial-scale=1"]


def test_a_missing_backend_is_a_row(report: Any) -> None:
    rows = [row for row in report.root.with_id("comparisons-table").all("tr") if "tensorflow" in row.text]
    assert len(rows) == 2
    assert all("not installed (pip install" in row.text and "not measured" in row.text for row in rows)
    assert report.root.with_id("board").text.count("not installed") == 2
    assert len(report.root.all("p", "absence")) == 2


def test_what_was_not_measured_is_said_with_its_reason(report: Any) -> None:
    items = [item.text for item in report.root.all("ul", "missing")[0].all("li")]
    assert any(
        "not installed" in item and "slump (tensorflow on cpu), wine (tensorflow on cpu)" in item for item in items
    )
    assert any(
        item.startswith("Peak memory, this profile measures") and "slump (torch on cpu)" in item for item in items
    )


def test_the_section_says_what_the_dataset_is(report: Any) -> None:
    for number, dataset in enumerate(report.summary.datasets, 1):
        text = report.root.with_id(f"dataset-{number}").text
        for fact in (
            dataset.source,
            dataset.licence,
            dataset.citation,
            dataset.sha256,
            f"{dataset.rows:,}",
            *dataset.notes,
            *dataset.outputs,
        ):
            assert fact in text
        assert "adam, learning rate 0.001" in text
        assert "5 folds, 1 repeat, 3 seeds" in text
    failures = {failure for cell in report.summary.cells for cost in cell.costs for failure in cost.failures}
    assert failures
    assert all(failure in report.root.text for failure in failures)


def test_environment_and_command(report: Any) -> None:
    assert report.root.with_id("command").text == report.summary.command
    assert "two cores" in report.root.all("dl", "environment")[0].text


def downloads(root: Any) -> dict[str, bytes]:
    links = [node for node in root.all("a") if "download" in node.attributes]
    return {
        n.attributes["download"]: gzip.decompress(base64.b64decode(n.attributes["href"].partition(",")[2]))
        for n in links
    }


def assert_same(saved: Any, original: Any) -> None:
    """Names, texts and whole numbers equal, other numbers to nine digits."""
    if isinstance(original, dict):
        assert list(saved) == list(original)
        for key, value in original.items():
            assert_same(saved[key], value)
    elif isinstance(original, list):
        assert len(saved) == len(original)
        for saved_item, item in zip(saved, original, strict=True):
            assert_same(saved_item, item)
    else:
        assert saved == (pytest.approx(original, rel=1e-8) if isinstance(original, float) else original)


def test_everything_can_be_saved_from_within(report: Any) -> None:
    files = downloads(report.root)
    links = [
        base64.b64decode(n.attributes["href"].partition(",")[2])
        for n in report.root.all("a")
        if "download" in n.attributes
    ]
    assert [link[4:8] for link in links] == [bytes(4)] * 2, "no time of packing: the same run gives the same file"
    assert_same(json.loads(files["summary.json.gz"]), json.loads(json.dumps(summary_fields(report.summary))))
    assert files["records.jsonl.gz"].decode() == '{"noun": "Fit"}\n{"noun": "Fold"}\n'


def test_records_that_are_too_large_stay_outside(maker: Callable[..., Any]) -> None:
    summary = maker(datasets=(("d", ("a",)),), backends=("torch",)).summary()
    noise = hashlib.shake_256(b"x").hexdigest(500_000)
    for text in (noise, "x" * 700_000):
        (_, records) = embed.downloads(summary, text)
        assert len(records.href) < embed.MOST_RECORDS + 100
        assert (records.href == "") == (text is noise)
        assert ("run's folder" in records.note) == (text is noise)


def test_not_a_number_is_null_in_the_saved_summary(maker: Callable[..., Any]) -> None:
    summary = maker(datasets=(("d", ("a", "b")),), backends=("torch",), folds=1).summary()
    saved = json.loads(embed.summary_json(summary), parse_constant=lambda name: pytest.fail(name))
    assert saved["cells"][0]["quality"][0]["sd"] is None


def test_few_folds_are_said(maker: Callable[..., Any], parse: Callable[[str], Any], report: Any) -> None:
    summary = maker(datasets=(("d", ("a", "b")),), backends=("torch",), folds=2).summary()
    root = parse(render(summary, {}))
    assert "Fewer than 3 folds on every dataset" in root.with_id("answer").text
    for figure in root.all("figure"):
        if not figure.attributes["id"].endswith(
            ("latency", "noise", "explained", "flops")
        ):  # clocks and counts: no fold in them
            assert "Drawn from 2 folds" in figure.text, figure.attributes["id"]
    assert "Fewer than 3 folds" not in report.root.all("body")[0].text
    assert "Drawn from" not in report.root.text


def test_the_same_summary_gives_the_same_page(maker: Callable[..., Any]) -> None:
    run = maker(datasets=(("d", ("a", "b")),), backends=("torch",))
    assert render(run.summary(), {"a": "b"}, "{}\n", run.fits()) == render(
        run.summary(), {"a": "b"}, "{}\n", run.fits()
    )


def test_a_run_that_compared_nothing_is_a_page_too(maker: Callable[..., Any], parse: Callable[[str], Any]) -> None:
    everything = maker(absent="torch", backends=("torch",)).summary()
    root = parse(render(everything, {}))
    assert root.all("figure") == []
    assert "not installed" in root.text
    alone = maker(others=(), backends=("torch",)).summary()
    page = parse(render(alone, {}))
    assert "nothing to compare" in page.text
    assert [f.attributes["id"] for f in page.all("figure") if f.attributes["id"].endswith("skill")] == [
        "d1b1-skill",
        "d2b1-skill",
    ]
    assert parse(render(replace(everything, datasets=(), cells=()), {})).all("h1")


def test_what_is_missing_throughout_is_said_once_and_the_rest_where_it_is(maker: Any, parse: Any) -> None:
    summary = maker(backends=("torch",), datasets=(("d", ("a", "b")), ("e", ("a", "b")))).summary()
    first, second = summary.cells
    cells = (
        replace(first, absences=("not timed: predict", "not timed: batch 4096")),
        replace(second, absences=("not timed: predict",)),
    )
    page = parse(render(replace(summary, cells=cells), {}))
    assert [p.text for p in page.all("p", "absence")] == ["not timed: batch 4096"]
    assert "not timed: predict: every dataset, torch on cpu." in page.text
    assert "not timed: batch 4096: d (torch on cpu)." in page.text


def test_long_runs_start_folded_short_ones_unfolded(report: Any, large_report: Any) -> None:
    assert all("open" in fold.attributes for fold in report.root.all("details", "dataset"))
    folds = large_report.root.all("details", "dataset")
    assert len(folds) == 14
    assert not any("open" in fold.attributes for fold in folds)


def test_a_full_run_stays_small(large_report: Any) -> None:
    assert len(large_report.html.encode()) < 3 * MEGABYTE
    drawings = re.findall(r"<svg.*?</svg>", large_report.html, re.DOTALL)
    assert len(drawings) > 28 * 7
    assert max(len(drawing.encode()) for drawing in drawings) < 100_000


def test_the_script_cannot_end_itself() -> None:
    script = resources.files("jointbench.report").joinpath("page.js").read_text(encoding="utf-8")
    assert "</" not in script
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|innerHTML|eval\(", script)
