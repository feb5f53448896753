"""A long table of predictions, one line for each row, output, arm, repeat and seed, checked and made into arrays.

    row, fold, output, arm, y_true, y_pred     and, where there are several, repeat and seed

A class is predicted by its name in ``y_pred``, by the probability of the second of two classes there, or by one column
of probabilities for each class, named as the class is (or ``p_`` and its name).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from jointbench.data.columns import Source, interpret
from jointbench.data.outputs import Target, target
from jointbench.errors import BadInput
from jointbench.predictions.predicted_values import raw_predictions
from jointbench.predictions.predictions import Predictions
from jointbench.types import FloatArray, IntArray, Kind

REQUIRED = ("row", "fold", "output", "arm", "y_true")
LEAST = 2  # of arms, outputs and folds


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines' keys as codes, (lines,) each, and the names behind them."""

    codes: Mapping[str, IntArray]
    names: Mapping[str, tuple[str, ...]]

    def count(self, key: str) -> int:
        return len(self.names[key])

    def name(self, key: str, line: int) -> str:
        """Of this line."""
        return self.names[key][int(self.codes[key][line])]


def read_predictions(
    frame: pd.DataFrame, source: Source, sha256: str, name: str, kinds: Mapping[str, Kind] | None = None
) -> Predictions:
    """The predictions in a long table.

    kinds: of outputs whose values do not show it. Raises BadInput, one sentence that names row, arm or output, where
    arms were not tested on the same rows, folds and truths, where a row is tested twice or a prediction is missing.
    """
    lines = _lines(frame, source)
    for key in ("arm", "output", "fold"):
        if lines.count(key) < LEAST:
            raise BadInput(f"{source.path}: {_too_few(key, lines.names[key])}")
    if unknown := set(kinds or {}) - set(lines.names["output"]):
        raise BadInput(f"--kind: there is no output {min(unknown)!r}; there are {', '.join(lines.names['output'])}")
    _check_grid(lines, source)
    fold = _folds(lines, source)
    targets = [
        _target(frame, lines, output, source, (kinds or {}).get(output_name))
        for output, output_name in enumerate(lines.names["output"])
    ]
    shape = (lines.count("repeat"), lines.count("seed"), lines.count("row"))
    raw: dict[str, dict[str, FloatArray]] = {}
    for arm, arm_name in enumerate(lines.names["arm"]):
        raw[arm_name] = {}
        for output, item in enumerate(targets):
            here = (lines.codes["arm"] == arm) & (lines.codes["output"] == output)
            labelled = ~np.isnan(item.values[lines.codes["row"]])
            chosen = np.flatnonzero(here & labelled)
            values = raw_predictions(frame.iloc[chosen], item.output, arm_name, source)
            filled = np.zeros((*shape, values.shape[1]))
            filled[tuple(lines.codes[key][chosen] for key in ("repeat", "seed", "row"))] = values
            raw[arm_name][item.output.name] = filled
    return Predictions(
        name=name,
        sha256=sha256,
        rows=lines.names["row"],
        outputs=tuple(item.output for item in targets),
        fold=fold,
        truths={item.output.name: item.values for item in targets},
        raw=raw,
        reading=tuple(item.reading for item in targets),
    )


def _lines(frame: pd.DataFrame, source: Source) -> Lines:
    if missing := [name for name in REQUIRED if name not in frame.columns]:
        raise BadInput(
            f"{source.path} has no column {missing[0]!r}; a table of predictions has {', '.join(REQUIRED)} and y_pred "
            f"(or one column for each class), its columns are {', '.join(map(str, frame.columns[:12]))}"
        )
    codes: dict[str, IntArray] = {}
    names: dict[str, tuple[str, ...]] = {}
    for key in ("row", "fold", "output", "arm", "repeat", "seed"):
        cells = frame[key] if key in frame.columns else pd.Series(0, index=frame.index)
        if cells.isna().any():
            raise BadInput(f"{source.path}: column {key!r} is empty in data row {_first(cells.isna()) + 1}")
        found, uniques = pd.factorize(cells, sort=key in ("fold", "repeat", "seed"))
        codes[key], names[key] = found.astype(np.int64), tuple(map(str, uniques))
    ranks = _seed_ranks(codes)
    return Lines(codes | {"seed": ranks}, names | {"seed": tuple(str(i) for i in range(int(ranks.max()) + 1))})


def _seed_ranks(codes: Mapping[str, IntArray]) -> IntArray:
    """(lines,): the seed's rank among those of its fold; folds may have seeds of their own."""
    keys = np.stack([codes["repeat"], codes["fold"], codes["seed"]], axis=1)
    runs, line_runs = np.unique(keys, axis=0, return_inverse=True)
    starts = np.flatnonzero(np.r_[True, np.any(runs[1:, :2] != runs[:-1, :2], axis=1)])
    ranks = np.arange(len(runs)) - np.repeat(starts, np.diff(np.r_[starts, len(runs)]))
    return np.asarray(ranks[line_runs.ravel()], np.int64)


def _too_few(key: str, names: Sequence[str]) -> str:
    if key == "output":
        return f"only one output, {names[0]!r}: nothing to compare, name at least two targets"
    if key == "arm":
        return f"only one arm, {names[0]!r}: nothing to compare; give the other arm's lines or its file too"
    return "all rows are in one fold; verdicts need out-of-fold predictions of at least 2"


def _check_grid(lines: Lines, source: Source) -> None:
    """Every arm is tested on the same rows of an output, once in each repeat with each seed."""
    keys = ("arm", "output", "repeat", "seed", "row")
    shape = tuple(lines.count(key) for key in keys)
    place = np.ravel_multi_index([lines.codes[key] for key in keys], shape)
    seen = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
    if (seen > 1).any():
        at = np.argwhere(seen > 1)[0]
        raise BadInput(
            f"{source.path}: {_named(lines, keys, at)} has {int(seen[tuple(at)])} lines; every row is tested once"
        )
    missing = seen < seen.max(axis=(0, 2, 3), keepdims=True)
    if missing.any():
        at = np.argwhere(missing)[0]
        raise BadInput(
            f"{source.path}: {_named(lines, keys, at)} has no line, unlike the same row elsewhere; arms are compared on "
            f"the same rows"
        )


def _named(lines: Lines, keys: Sequence[str], at: IntArray) -> str:
    """The place in words, without keys that have one name."""
    parts = {key: lines.names[key][position] for key, position in zip(keys, at, strict=True)}
    shown = [key for key in ("row", "output", "arm", "repeat", "seed") if key == "row" or lines.count(key) > 1]
    return ", ".join(f"{key} {parts[key]!r}" for key in shown)


def _folds(lines: Lines, source: Source) -> IntArray:
    """(repeats, rows): the fold that tests a row."""
    place = lines.codes["repeat"] * lines.count("row") + lines.codes["row"]
    fold = _shared(place, lines.codes["fold"], lines.count("repeat") * lines.count("row"))
    if len(wrong := np.flatnonzero(fold[place] != lines.codes["fold"])):
        line = int(wrong[0])
        first = int(np.flatnonzero(place == place[line])[0])
        raise BadInput(
            f"{source.path}: row {lines.name('row', line)!r} is in fold {lines.name('fold', first)} for arm "
            f"{lines.name('arm', first)!r} and in fold {lines.name('fold', line)} for arm {lines.name('arm', line)!r}; "
            f"arms are tested on the same folds"
        )
    folds = fold.reshape(lines.count("repeat"), lines.count("row"))
    for repeat, members in enumerate(folds):
        if len(np.unique(members)) < lines.count("fold"):
            raise BadInput(
                f"{source.path}: repeat {lines.names['repeat'][repeat]} has {len(np.unique(members))} folds and "
                f"others have {lines.count('fold')}; number the folds of each repeat alike"
            )
    return folds


def _shared(place: IntArray, values: npt.NDArray[np.int64], size: int) -> IntArray:
    """(size,): the first value at each place."""
    result = np.zeros(size, np.int64)
    result[place[::-1]] = values[::-1]
    return result


def _target(frame: pd.DataFrame, lines: Lines, output: int, source: Source, kind: Kind | None) -> Target:
    """The output's truths by row. Raises BadInput where two lines of a row say different things."""
    chosen = np.flatnonzero(lines.codes["output"] == output)
    rows, cells = lines.codes["row"][chosen], frame["y_true"].iloc[chosen]
    codes = pd.factorize(cells)[0].astype(np.int64)
    first = _shared(rows, np.arange(len(chosen)), lines.count("row"))
    if len(wrong := np.flatnonzero(codes[first[rows]] != codes)):
        a, b = int(chosen[first[rows[wrong[0]]]]), int(chosen[wrong[0]])
        raise BadInput(
            f"{source.path}: row {lines.name('row', a)!r} of output {lines.names['output'][output]!r} is "
            f"{frame['y_true'].iloc[a]!r} for arm {lines.name('arm', a)!r} and {frame['y_true'].iloc[b]!r} for arm "
            f"{lines.name('arm', b)!r}; the truth is the same for all"
        )
    name = lines.names["output"][output]
    truths = pd.Series(cells.to_numpy()[first], name=name)
    present = np.zeros(lines.count("row"), bool)
    present[rows] = True
    return target(interpret(truths.where(pd.Series(present)).infer_objects(), name, source), kind, source)


def _first(mask: pd.Series) -> int:
    return int(np.flatnonzero(mask.to_numpy())[0])
