"""A uniform sample of the rows of a Parquet file that is too large for memory, read by row groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jointbench.types import IntArray

MOST_BYTES = 2**31  # of a table that is read whole, at CELL_BYTES a cell; reading one takes about three times as much
CELL_BYTES = 8
BATCH_ROWS = 2**16
MOST_ROWS = 10**9 - 1  # what numpy's hypergeometric numbers are drawn for
SAMPLE_SEED = 0


@dataclass(frozen=True, eq=False)
class RowSample:
    """table: the sampled rows in the file's order. rows: (sampled rows,), their places in the file. whole: the file's
    rows."""

    table: pa.Table
    rows: IntArray
    whole: int

    @property
    def sentence(self) -> str:
        return (
            f"Too large for memory: a sample of {len(self.rows):,} of {self.whole:,} rows (uniform, seed {SAMPLE_SEED}), "
            f"read by row groups."
        )


def sampled_rows(file: pq.ParquetFile) -> RowSample | None:
    """As many rows as fit into MOST_BYTES; None where all do. Raises ValueError beyond MOST_ROWS rows."""
    whole, most = file.metadata.num_rows, MOST_BYTES // (CELL_BYTES * max(file.metadata.num_columns, 1))
    if whole <= most:
        return None
    if whole > MOST_ROWS:
        raise ValueError(f"it has {whole:,} rows; at most {MOST_ROWS:,} are supported, so split it")
    rng = np.random.default_rng(SAMPLE_SEED)
    parts: list[Any] = []
    rows: list[IntArray] = []
    passed, wanted = 0, max(most, 1)
    for batch in file.iter_batches(BATCH_ROWS):
        # How many of a batch are in a uniform sample of all rows that are left, then which.
        count = int(rng.hypergeometric(len(batch), whole - passed - len(batch), wanted))
        chosen = np.sort(rng.choice(len(batch), count, replace=False))
        parts.append(batch.take(pa.array(chosen)))
        rows.append(passed + chosen)
        passed, wanted = passed + len(batch), wanted - count
    return RowSample(pa.Table.from_batches(parts), np.concatenate(rows).astype(np.int64), whole)
