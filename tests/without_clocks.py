"""What two runs of one study have in common: all of their records but the samples of clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from jointbench.records import ColdStart, Fit, NotMeasured, Projection, Record, Stack, Timing
from jointbench.records.store import to_line


def unclocked(records: Iterable[Record]) -> Counter[str]:
    """What does not come from a clock, as lines: what two runs of one study have in common. Which worker comes to a
    program first, and compiles it, is a matter of clocks too."""
    lines: Counter[str] = Counter()
    for record in records:
        if isinstance(record, Fit):
            record = replace(record, epoch_seconds=np.zeros(0))
        elif isinstance(record, Stack):
            record = replace(record, seconds=0.0, compilations=0)
        elif isinstance(record, Timing | ColdStart | Projection | NotMeasured):
            continue
        lines[to_line(record)] += 1
    return lines


def timed(records: Iterable[Record]) -> Counter[tuple[object, ...]]:
    """What was timed, and how often; without second takes, which follow a disturbance."""
    found: Counter[tuple[object, ...]] = Counter()
    for record in records:
        if isinstance(record, Timing) and record.take == 0:
            paths = tuple(sorted({variant.path for variant in record.variants}))
            found[record.scenario, record.batch_size, record.threads, paths] += 1
        elif isinstance(record, ColdStart):
            found["cold start", record.arm, record.threads] += 1
    return found
