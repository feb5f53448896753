"""``jointbench.compare``: joint against separate networks on a table in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from jointbench.api.own_trunk import Trunks, run_with_trunk
from jointbench.api.progress import progress_bar
from jointbench.api.result import Result, result_of
from jointbench.data.frames import table_of_frames
from jointbench.data.held_out import TestRows
from jointbench.data.raw_table import RawTable
from jointbench.data.table import table_dataset
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.estimators.family import Family, check_family
from jointbench.runs.folder import execute
from jointbench.runs.options import RunOptions, as_asked, check_targets
from jointbench.runs.planned_run import plan_run
from jointbench.study.estimate import estimate
from jointbench.types import Dataset, Kind, Provenance

CALL = "jointbench.compare(X, Y)"
GROUPS, TIME, WEIGHTS = "groups", "time", "sample_weight"


@dataclass(frozen=True, eq=False, kw_only=True)
class Frames:
    """A table in memory, called ``name``. kinds: by output, where it would be read wrongly.

    groups, time, sample_weight: (rows,) each, or None: rows that share a fold, the order of a split forward in time, what
    rows weigh. test: X and Y of the rows to test on, or None.
    """

    X: Any
    Y: Any
    name: str
    kinds: Mapping[str, Kind]
    groups: Any = None
    time: Any = None
    sample_weight: Any = None
    test: tuple[Any, Any] | None = None


def compare_frames(
    frames: Frames,
    options: RunOptions,
    families: Sequence[Family],
    *,
    trunk: Trunks | None = None,
    backends: Sequence[str] | None = None,
    progress: bool,
) -> Result:
    """See ``jointbench.compare``. backends: those that were asked for by name."""
    for family in families:
        check_family(family)
    dataset = frames_dataset(frames, options.table)
    datasets = as_asked([dataset], options)
    run = plan_run(options, datasets, CALL, rerun=CALL)
    if trunk is not None:
        run = run_with_trunk(run, trunk, backends)
    with progress_bar(estimate(run.experiments, run.config).phases, shown=progress) as told:
        return result_of(
            lambda folder: execute(run.experiments, run.config, folder, run.description, told, families), datasets
        )


def frames_dataset(frames: Frames, options: TableOptions) -> Dataset:
    """The dataset in X and Y, whose frames say which columns are targets and keys. Raises BadInput as ``table_dataset`` does, and for keys of another length."""
    raw, targets = table_of_frames(frames.X, frames.Y, frames.name)
    if unknown := set(frames.kinds) - set(targets):
        raise BadInput(f"kinds: Y has no column {min(unknown)!r}; it has {', '.join(targets)}")
    frame, names = raw.frame, {}
    for key in (GROUPS, TIME, WEIGHTS):
        if (values := getattr(frames, key)) is not None:
            names[key] = _free_name(key, frame)
            frame = frame.assign(**{names[key]: _column(values, key, len(frame))})
    raw = RawTable(path=raw.path, frame=frame, declared=raw.declared)
    dataset = table_dataset(
        raw,
        Provenance("a frame in memory", "not stated", "not stated", _digest(frame)),
        replace(
            options,
            targets=tuple(f"{name}:{frames.kinds[name]}" if name in frames.kinds else name for name in targets),
            group=names.get(GROUPS),
            time=names.get(TIME),
            weight=names.get(WEIGHTS),
        ),
        _test_rows(frames, names),
    )
    check_targets(dataset, "Y: ", "give Y at least two columns")
    return dataset


def _test_rows(frames: Frames, keys: Mapping[str, str]) -> TestRows | None:
    """Raises BadInput for test rows beside values of X's rows alone, and as ``table_of_frames`` does."""
    if frames.test is None:
        return None
    if keys:
        raise BadInput(f"test: {next(iter(keys))} says something of the rows of X alone; leave one of them out")
    try:
        x, y = frames.test
    except (TypeError, ValueError) as error:
        raise BadInput("test: give (X, Y) of the rows to test on, with the columns of X and Y") from error
    table, _ = table_of_frames(x, y, "test")
    return TestRows(table, _digest(table.frame))


def _column(values: Any, key: str, rows: int) -> pd.Series:
    column = pd.Series(values if isinstance(values, pd.Series) else np.asarray(values)).reset_index(drop=True)
    if len(column) != rows:
        raise BadInput(f"{key} has {len(column):,} values and X has {rows:,} rows; give one for each row")
    return column


def _free_name(key: str, frame: pd.DataFrame) -> str:
    while key in frame.columns:
        key += "_"
    return key


def _digest(frame: pd.DataFrame) -> str:
    """A hash of names and values."""
    digest = hashlib.sha256("\0".join(map(str, frame.columns)).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def words(values: Mapping[str, object] | Sequence[str] | str | float | None) -> tuple[str, ...]:
    """A keyword as the command's option has it: {"price": 0.02} is "price=0.02"; one value stands alone."""
    if values is None:
        return ()
    if isinstance(values, Mapping):
        return tuple(f"{name}={value}" for name, value in values.items())
    if isinstance(values, str | float | int):
        return (str(values),)
    return tuple(values)
