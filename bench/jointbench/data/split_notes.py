"""What a reader must know of a dataset's splits: unequal parts, classes that training never sees, labels that miss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jointbench.data.held_out import seen_in_training
from jointbench.data.label_checks import fold_name
from jointbench.data.label_coverage import VALIDATION_PARTS
from jointbench.data.units import row_units, ways_out, why_few
from jointbench.metrics.judged_rows import judged_rows, unseen_classes
from jointbench.types import Dataset, Output, Split

UNEQUAL = 0.5  # off its equal share by more than this part of it, a part is worth a note
LISTED = 3  # folds that a note names; it counts the others


def split_notes(dataset: Dataset, splits: Sequence[Split], *, split_repeats: bool) -> tuple[str, ...]:
    """Sentences on these splits, for the report; none where there is nothing to know."""
    return (
        *_repeats_split(dataset, split_repeats),
        *seen_in_training(dataset),
        *_missing_labels(dataset),
        *_unequal_parts(dataset, splits, split_repeats),
        *_early_validation(dataset, splits),
        *(note for output in dataset.outputs for note in _unseen(dataset, output, splits)),
    )


def _repeats_split(dataset: Dataset, split_repeats: bool) -> list[str]:
    if not split_repeats:
        return []
    repeats = dataset.rows - len(np.unique(row_units(dataset)))
    if not repeats or dataset.time is not None or dataset.held_out is not None:
        return []
    return [
        f"{repeats:,} of {dataset.rows:,} rows have the features of another one, and identical rows may be trained and "
        f"tested on (--split-repeats): skill here is not skill on rows that are new."
    ]


def _missing_labels(dataset: Dataset) -> list[str]:
    known = {output.name: int((~np.isnan(dataset.targets[output.name])).sum()) for output in dataset.outputs}
    incomplete = [f"{name} {count:,}" for name, count in known.items() if count < dataset.rows]
    if not incomplete:
        return []
    return [
        f"Rows with a label, of {dataset.rows:,}: {', '.join(incomplete)}. A network trains on the rows with a label of "
        f"any of its outputs, and costs are counted on these."
    ]


def _unequal_parts(dataset: Dataset, splits: Sequence[Split], split_repeats: bool) -> list[str]:
    unequal = [split for split in splits if _is_unequal(dataset, split)]
    if not unequal:
        return []
    sizes = _some([f"{_sizes(split)} in {fold_name(split, splits)}" for split in unequal])
    if dataset.time is not None:
        cause = "Rows of one time stay together"
    else:
        cause = why_few(dataset, split_repeats=split_repeats)
        ways = ways_out(dataset, split_repeats=split_repeats)
        cause += f"; to change that, {', or '.join(ways)}" if ways else ""
    return [f"The parts of the folds are unequal (training / validation / test rows): {sizes}. {cause}."]


def _is_unequal(dataset: Dataset, split: Split) -> bool:
    parts = [(len(split.validation), (len(split.train) + len(split.validation)) / VALIDATION_PARTS)]
    if dataset.held_out is None:
        parts.append((len(split.test), dataset.rows / (split.folds if dataset.time is None else split.folds + 1)))
    return any(abs(size - equal) > max(UNEQUAL * equal, 2) for size, equal in parts)


def _sizes(split: Split) -> str:
    return " / ".join(f"{len(part):,}" for part in (split.train, split.validation, split.test))


def _early_validation(dataset: Dataset, splits: Sequence[Split]) -> list[str]:
    """Under a split forward in time the latest rows validate, unless an output has no label there."""
    if dataset.time is None:
        return []
    time = dataset.time
    early = [fold_name(s, splits) for s in splits if time[s.train].max() > time[s.validation].min()]
    return [f"An output has no label in the latest rows to validate on, so earlier ones do: {_some(early)}."] * bool(
        early
    )


def _unseen(dataset: Dataset, output: Output, splits: Sequence[Split]) -> list[str]:
    values = dataset.targets[output.name]
    places, unjudged = [], []
    for split in splits:
        train, test = values[split.train], values[split.test]
        rows = unseen_classes(output, train, test)
        if rows:
            classes = ", ".join(f"{output.classes[code]!r} ({count:,} test rows)" for code, count in rows.items())
            places.append(f"{fold_name(split, splits)} trains without {classes}")
        if not judged_rows(output, train, test).any():
            unjudged.append(fold_name(split, splits))
    notes = []
    if places:
        notes.append(
            f"{output.name}: {_some(places)}. Rows of a class that training never saw are not judged: no model could know."
        )
    if unjudged:
        notes.append(f"{output.name} is not judged in {_some(unjudged, ', ')}: nothing is left there to tell apart.")
    return notes


def _some(texts: Sequence[str], separator: str = "; ") -> str:
    more = len(texts) - LISTED
    return separator.join(texts[:LISTED]) + (f"{separator}and in {more:,} more" if more > 0 else "")
