"""Rows of a file of their own that a study tests on, in place of folds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from jointbench.data.label_coverage import VALIDATION_PARTS, with_every_label
from jointbench.data.raw_table import RawTable, is_text
from jointbench.data.read_file import read_table
from jointbench.data.stratification import label_matrix, stratified_parts
from jointbench.data.table_options import TableOptions
from jointbench.data.units import renumbered, row_units
from jointbench.errors import BadInput
from jointbench.records.strict_json import well_formed
from jointbench.types import Dataset, HeldOut, Split

FEWEST_REPEATS = 3  # of the training, so that it shows how much fits differ
NAMED = 5  # columns in a remark
TEST_SHARE = 5  # one row in so many is a test row, at least, where a table is cut and has them


@dataclass(frozen=True, eq=False)
class TestRows:
    """Rows to test on, before any column has a meaning. sha256: of what they came in."""

    table: RawTable
    sha256: str

    def held_out(self, together: RawTable) -> HeldOut:
        """Which rows of the table that has them after its own are these."""
        assert together.first_test_row is not None
        rows = together.frame.index.to_numpy() >= together.first_test_row
        if not rows.any() or rows.all():
            raise BadInput(f"{together.path}: no row is left to {'test' if not rows.any() else 'train'} on")
        return HeldOut(rows=rows, name=well_formed(self.table.path.name), sha256=self.sha256)


def test_rows(options: TableOptions) -> TestRows | None:
    """Those in the file that the options name; None where they name none. Raises BadInput as ``read_table`` does."""
    name = options.test
    if name is None:
        return None
    if options.time is not None:
        raise BadInput("--test and --time: --test says which rows are tested on; leave --time out")
    if name == "-" or "://" in name:
        raise BadInput(f"--test {name}: name a file; only the table itself may come through standard input or the web")
    table = read_table(Path(name))
    return TestRows(table, hashlib.sha256(Path(name).read_bytes()).hexdigest())


def joined(table: RawTable, rows: TestRows, unused: Collection[str]) -> RawTable:
    """The table with the test rows after its own, of the same columns by name; both are then read as one.

    unused: columns that the test rows may lack. Raises BadInput for any other that they do.
    """
    names, test = list(table.frame.columns), rows.table
    if lacking := [name for name in names if name not in test.frame.columns and name not in unused]:
        raise BadInput(
            f"--test {test.path}: it has no column {lacking[0][:40]!r}, which {table.path} has; give it all columns of "
            f"the table, or leave those out that it lacks with --drop"
        )
    more = [str(name)[:40] for name in test.frame.columns if name not in names]
    remarks = [f"{test.path.name}: {remark}" for remark in test.remarks]
    if more:
        listed = ", ".join(more[:NAMED]) + (f" and {len(more) - NAMED:,} more" if len(more) > NAMED else "")
        remarks.append(f"Columns of {test.path.name} that {table.path.name} lacks, left out: {listed}.")
    first = int(table.frame.index.max()) + 1
    above, below = table.frame.copy(deep=False), test.frame.reindex(columns=names)
    for name in names:
        if is_text(above[name]) != is_text(below[name]):  # as of a text file and a typed one
            above[name], below[name] = (
                part[name].map(str, na_action="ignore").astype(object) for part in (above, below)
            )
    return replace(
        table,
        path=table.path.with_name(f"{table.path.name} with {test.path.name} after it"),
        frame=pd.concat([above, below.set_index(below.index + first)]),
        declared=table.declared & test.declared if test.declared else table.declared,
        remarks=(*table.remarks, *remarks),
        first_test_row=first,
    )


def held_out_splits(dataset: Dataset, repeats: int, seed: int, *, split_repeats: bool = False) -> tuple[Split, ...]:
    """One split for each repeat: the test rows are the same, the validation rows are drawn anew.

    Raises BadInput where the table's own rows are too few to train and to validate on.
    """
    assert dataset.held_out is not None
    if repeats < FEWEST_REPEATS:
        raise BadInput(
            f"--repeats {repeats}: at least {FEWEST_REPEATS} are needed with --test, to tell how much fits differ"
        )
    test, rest = np.flatnonzero(dataset.held_out.rows), np.flatnonzero(~dataset.held_out.rows)
    units, labels = row_units(dataset, split_repeats=split_repeats), label_matrix(dataset)
    parts = min(VALIDATION_PARTS, len(np.unique(units[rest])))
    if parts < 2:
        raise BadInput(f"{dataset.slug} has too few different rows to train and to validate on beside --test")
    results = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat, 0])
        drawn = stratified_parts(renumbered(units[rest]), labels[rest], [1 / parts] * parts, rng) == 0
        order = rng.permutation(int(units.max()) + 1)
        validates = with_every_label(dataset.targets, units, rest, drawn, order)
        train, validation = rest[~validates], rest[validates]
        results.append(Split(repeat=repeat, fold=0, folds=1, train=train, validation=validation, test=test, seed=seed))
    return tuple(results)


def test_rows_kept(dataset: Dataset, max_rows: int) -> int:
    """How many test rows stay where the table is cut to ``max_rows`` rows in all."""
    assert dataset.held_out is not None
    test = int(dataset.held_out.rows.sum())
    return min(test, max(max_rows // TEST_SHARE, max_rows - (dataset.rows - test)))


def seen_in_training(dataset: Dataset) -> list[str]:
    """Sentences on test rows that the table has too."""
    if dataset.held_out is None:
        return []
    test, name = dataset.held_out.rows, dataset.held_out.name
    alone = row_units(replace(dataset, groups=None))
    notes = []
    if again := int(np.isin(alone[test], alone[~test]).sum()):
        notes.append(
            f"{again:,} of the {int(test.sum()):,} rows of {name} have the features of a row that is trained on: skill "
            f"on them is not skill on rows that are new."
        )
    if dataset.groups is not None and (groups := len(np.intersect1d(dataset.groups[test], dataset.groups[~test]))):
        notes.append(f"{groups:,} groups have rows in {name} and rows that are trained on.")
    return notes
