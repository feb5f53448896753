"""Labels in each part of each fold, where a time or group key deals the rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jointbench.data.fold_labels import require_labels, unseen_classes
from jointbench.data.splits import splits
from jointbench.data.table import load_table
from jointbench.errors import BadInput
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import Output
from split_tables import dataset, numbers

CASES = Path(__file__).parent / "cases"
TWO_FOLDS = CrossValidation(folds=2, repeats=1, seeds=1, seed=0)


@pytest.mark.parametrize(
    ("name", "target", "time", "group", "says"),
    [
        ("labels_late_or_early.csv", "late", "t", None, ["training rows of fold 1 of 2", "--time"]),
        ("labels_late_or_early.csv", "early", "t", None, ["test rows of fold", "--time"]),
        ("labels_in_one_group.csv", "assay", None, "lab", ["rows of fold", "--group"]),
    ],
)
def test_an_output_without_labels_in_a_part_is_refused(
    name: str, target: str, time: str | None, group: str | None, says: list[str]
) -> None:
    data = load_table(CASES / name, ["price", target], group, time)
    with pytest.raises(BadInput) as caught:
        make_experiment(data, ["joint", "separate"], TWO_FOLDS)
    for part in (f"{target!r}", *says):
        assert part in str(caught.value)


def test_labels_in_every_part_are_enough() -> None:
    data = numbers(60, time=np.arange(60.0))
    made = splits(data, 2, 1, 0)
    require_labels(data, made)
    one_a_part = np.full(60, np.nan)
    for split in made:
        for rows in (split.train, split.validation, split.test):
            one_a_part[rows[0]] = 1.0
    require_labels(replace(data, targets={"y": one_a_part}), made)


@pytest.mark.parametrize(
    ("name", "target", "keys"),
    [("class_appears_late.csv", "phase", (None, "t")), ("class_constant_in_group.csv", "pos", ("lab", None))],
)
def test_a_class_that_training_never_sees_is_a_note(
    name: str, target: str, keys: tuple[str | None, str | None]
) -> None:
    data = load_table(CASES / name, ["price", target], *keys)
    experiment = make_experiment(data, ["joint", "separate"], TWO_FOLDS)
    notes = " ".join(note for note in experiment.dataset.notes if f"{target!r}: no training row" in note)
    assert notes
    for code, label in enumerate(data.outputs[1].classes):
        of_class = data.targets[target] == code
        folds = [s.fold + 1 for s in experiment.splits if of_class[s.test].any() and not of_class[s.train].any()]
        listed = f"fold{'s' if len(folds) > 1 else ''} {', '.join(map(str, folds))} is of class {label!r}"
        assert (listed in notes) == bool(folds)
        assert (f"class {label!r}" in notes) == bool(folds)


def test_classes_that_every_fold_sees_are_no_note() -> None:
    data = dataset(numbers(60).features, {"y": np.arange(60.0) % 2}, (Output("y", "binary", ("n", "y")),))
    assert unseen_classes(data, splits(data, 3, 1, 0)) == ()
