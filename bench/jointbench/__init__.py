"""jointbench: one shared-trunk network with N outputs, or N separate networks? Measured.

``jointbench.compare_arms`` gives verdicts from records in Python; everything else is in the command line.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from jointbench.comparison.api import Comparisons
    from jointbench.records import Record

try:
    __version__ = version("jointbench")
except PackageNotFoundError:  # run from a checkout without installation
    __version__ = "0+unknown"


def compare_arms(
    records: str | os.PathLike[str] | Iterable[Record], *, rope: float = 0.01, probability: float = 0.95
) -> Comparisons:
    """Compares joint with every other arm: the verdicts of ``jointbench report``, as frozen dataclasses.

    records: a run's folder, its records.jsonl, or the records themselves (``jointbench.records.store.read_records``).
    rope: half the region of practical equivalence, a difference in skill. probability: what a verdict needs.
    Raises BadInput for a file that holds no records, ValueError for a region or probability that decides nothing.

    >>> import jointbench
    >>> result = jointbench.compare_arms("results/runs/mine")  # doctest: +SKIP
    >>> for pair in result.comparisons:  # doctest: +SKIP
    ...     print(pair.dataset, pair.other, pair.decision.verdict, pair.decision.reason)
    """
    from jointbench.comparison.api import compare_arms as compare  # so that importing jointbench stays light
    from jointbench.comparison.criteria import VerdictCriteria

    return compare(records, VerdictCriteria(rope, probability))
