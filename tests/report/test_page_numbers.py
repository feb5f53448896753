"""Every number in the page's tables is one of the summary's, and shown as it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from jointbench.comparison.summary.schema import summary_fields
from jointbench.report import format as show
from page_tables import tables, value

UNITS = {
    "ns": 1e-9,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "min": 60,
    "h": 3600,
    "%": 0.01,
    "B": 1,
    "kB": 1e3,
    "MB": 1e6,
    "FLOP": 1,
    "kFLOP": 1e3,
    "MFLOP": 1e6,
    "GFLOP": 1e9,
    "TFLOP": 1e12,
    "µJ": 1e-6,
    "mJ": 1e-3,
    "J": 1,
    "kJ": 1e3,
    "W": 1,
}
TOKEN = re.compile(
    r"([<>]?)([+−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)(?:x| (ns|µs|ms|s|min|h|%|[kMGT]?FLOP|[kM]?B|[µmk]?J|W)\b|(?= ?%))?"
)
WORDS = {
    "yes",
    "no",
    "—",
    "not measured",
    "too few",
    "no clock in it",
    "joint",
    "equivalent",
    "separate",
    "open",
    "same-width",
    "same-parameters",
    "nothing to compare",
    "no difference measured",
    "settled",
    "budget spent",
    "budget spent: too few blocks for an interval",
    "request, batch 1, fused",
}


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        yield len(value)
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.fixture(scope="module")
def summary_numbers(report: Any) -> set[str]:
    """The summary's numbers to five digits, with the lengths of its lists and the quotients of parameter counts."""
    numbers = {f"{leaf:.5g}" for leaf in leaves(summary_fields(report.summary)) if isinstance(leaf, int | float)}
    for cell in report.summary.cells:
        joint = next((cost for cost in cell.costs if cost.arm == cell.joint), None)
        numbers |= {f"{joint.parameters / cost.parameters:.5g}" for cost in cell.costs}
    return numbers


def test_every_number_is_in_the_summary(report: Any, summary_numbers: set[str]) -> None:
    seen = 0
    for table in tables(report):
        for cell in table.all("td"):
            values = cell.attributes.get("data-v", "").split()
            seen += len(values)
            assert set(values) <= summary_numbers, (table.all("caption")[0].text, cell.text)
    assert seen > 900


def test_what_is_shown_is_the_number(report: Any) -> None:
    for table in [*tables(report), *tables(report, "records")]:
        for cell in table.all("td"):
            values = [float(value) for value in cell.attributes.get("data-v", "").split()]
            tokens = TOKEN.findall(cell.text)
            if not values:
                continue
            assert len(tokens) >= (1 if len(values) == 3 else len(values)), cell.text
            for number, (sign, text, unit) in zip(values, tokens[-len(values) :] * 3, strict=False):
                plain = text.replace(",", "").replace("−", "-").lstrip("+")
                digits, _, power = plain.partition("e")
                scale = UNITS[unit or ("%" if "%" in cell.text else "s")] * 10 ** int(power or 0)
                if sign:
                    assert (number < float(digits) * scale) if sign == "<" else (number > float(digits) * scale)
                else:
                    half = 0.51 * 10 ** -len(digits.partition(".")[2]) * scale
                    rounded = abs(number) * 0.006 if "," in text or number > 99 else 0  # three digits of a large number
                    assert number == pytest.approx(float(digits) * scale, abs=max(half, rounded)), cell.text


def test_no_number_is_shown_without_its_value(report: Any) -> None:
    names = {show.plain(leaf) for leaf in leaves(summary_fields(report.summary)) if isinstance(leaf, str)}
    allowed = WORDS | names | {name + " (reference)" for name in names}
    for table in tables(report):
        for cell in (*table.all("td"), *table.all("th")):
            if cell.tag == "th" and cell.attributes.get("scope") == "col":
                continue
            if "data-v" not in cell.attributes:
                assert cell.text in allowed, cell.text


def test_noise_is_marked(report: Any) -> None:
    noisy = [ratio for cell in report.summary.cells for ratio in cell.ratios if not ratio.measured_difference]
    marked = [
        cell
        for figure in report.root.all("figure")
        if figure.attributes["id"].endswith("ratios")
        for cell in figure.all("td", "noise")
    ]
    assert len(marked) == len(noisy) > 0
    assert all(cell.text.startswith("≈ ") for cell in marked)


def test_a_network_below_the_reference_says_so(report: Any) -> None:
    datasets = {dataset.slug: dataset for dataset in report.summary.datasets}
    below, above = 0, 0
    for cell in report.summary.cells:
        for quality in cell.quality:
            best = max(r.skill for r in datasets[cell.dataset].references if r.output == quality.output)
            below, above = below + (quality.skill <= best), above + (quality.skill > best)
    assert below > 0 < above
    warned = [cell.text for table in tables(report) for cell in table.all("td", "warning")]
    assert warned == ["no"] * below
    assert "does not beat the reference model on" in report.root.text


def test_not_a_number_is_never_shown(report: Any) -> None:
    assert not any(
        math.isnan(v) for table in tables(report) for c in table.all("td") if "data-v" in c.attributes for v in value(c)
    )
    assert not re.search(r"\bnan\b", report.root.all("body")[0].text)
