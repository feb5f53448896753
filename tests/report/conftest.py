"""Summaries made up from a seed: as small as one dataset, as large as a full run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from html_tree import Node, parsed
from jointbench.comparison.summary.run import Summary
from jointbench.records import Fit
from jointbench.report.page import render
from summary_maker import SummaryMaker

LARGE = tuple(
    (name, tuple(f"output_{i}" for i in range(count)))
    for name, count in (
        ("wine_quality", 2),
        ("grid_stability", 2),
        ("concrete_slump", 3),
        ("residential_building", 2),
        ("stock_portfolio", 6),
        ("bike_sharing", 2),
        ("solar_flare", 3),
        ("yeast", 14),
        ("abalone", 2),
        ("auto_mpg", 2),
        ("census_income", 2),
        ("hr_attrition", 3),
        ("meat_spectra", 3),
        ("coloured_digits", 2),
    )
)


@pytest.fixture(scope="session")
def maker() -> Callable[..., SummaryMaker]:
    return SummaryMaker


@pytest.fixture(scope="session")
def large() -> SummaryMaker:
    """Fourteen datasets, one of them with fourteen outputs, on two backends with three arms."""
    return SummaryMaker(datasets=LARGE)


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Node]:
    return parsed


@dataclass
class Report:
    """A rendered page with what it was rendered from."""

    summary: Summary
    fits: list[Fit]
    html: str

    def __post_init__(self) -> None:
        self.root = parsed(self.html)


RECORDS = '{"noun": "Fit"}\n{"noun": "Fold"}\n'


def report_of(maker: SummaryMaker, epochs: int = 60) -> Report:
    summary, fits = maker.summary(), maker.fits(epochs)
    return Report(summary, fits, render(summary, {"Python": "3.11.9", "CPU": "two cores"}, RECORDS, fits))


@pytest.fixture(scope="session")
def report() -> Report:
    """Two datasets; of the two backends that were asked for, TensorFlow is not installed."""
    return report_of(SummaryMaker(absent="tensorflow"))


@pytest.fixture(scope="session")
def large_report(large: SummaryMaker) -> Report:
    return report_of(large)


@pytest.fixture(scope="session")
def small() -> SummaryMaker:
    """One dataset with three outputs, on one backend."""
    return SummaryMaker(datasets=(("d", ("a", "b", "c")),), backends=("torch",))
