"""pytest-benchmark's tables, short unless asked otherwise: three columns, and the groups that people compare.

An option of pytest-benchmark's own for its tables brings everything back, as that option says.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from typing import Any

import pytest

COLUMNS = ("median", "iqr", "rounds")
OPTIONS = ("--benchmark-columns", "--benchmark-group-by", "--benchmark-sort", "--benchmark-name", "--benchmark-verbose")
BATCH_SIZES = pytest.StashKey[tuple[int, ...]]()


def shorten_tables(config: pytest.Config) -> None:
    """Chooses the short form where no option about tables was given."""
    words = [str(word) for word in config.invocation_params.args]
    if not any(word.startswith(OPTIONS) for word in words):
        config.option.benchmark_columns = list(COLUMNS)
        config.pluginmanager.register(sys.modules[__name__])


def is_compared(group: str, smallest_batch: int) -> bool:
    """Is it a group that the short form shows? Training steps, requests of the smallest batch in turn, and what is of no
    dataset."""
    usual = group.endswith(("| training step", f"| request of {smallest_batch} rows, in turn"))
    return usual or group.startswith(("engine |", "device |"))


@pytest.hookimpl(hookwrapper=True)
def pytest_benchmark_group_stats(
    config: pytest.Config, benchmarks: Sequence[Any], group_by: str
) -> Generator[None, Any, None]:
    """Leaves out the groups that the short form does not show; files of results have them all."""
    outcome = yield
    smallest = min(config.stash[BATCH_SIZES])
    outcome.force_result(
        [(group, members) for group, members in outcome.get_result() if is_compared(str(group), smallest)]
    )
