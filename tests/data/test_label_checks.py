"""Tables whose labels do not reach every part of every fold: one sentence, with a way out that works."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from jointbench.data.label_checks import check_enough_labels, check_labels_of_parts
from jointbench.data.splits import splits
from jointbench.errors import BadInput
from jointbench.types import Dataset, Output
from split_tables import Ints, dataset

OUTPUTS = (Output("price", "regression"), Output("assay", "regression"))


def labelled(rows: Ints, groups: Ints | None = None, time: bool = False, count: int = 240) -> Dataset:
    """A price in every row, an assay in these alone."""
    rng = np.random.default_rng(0)
    assay = np.full(count, np.nan)
    assay[rows] = rng.normal(size=len(rows))
    targets = {"price": rng.normal(size=count), "assay": assay}
    moments = np.arange(count, dtype=float) if time else None
    return dataset(pd.DataFrame({"x": rng.normal(size=count)}), targets, OUTPUTS, groups, moments)


def refusal(data: Dataset, folds: int = 2) -> str:
    with pytest.raises(BadInput) as refused:
        check_labels_of_parts(data, splits(data, folds, 1, 0))
    message = str(refused.value)
    assert message.startswith("table: output 'assay' has no label in ")
    assert message.count("\n") == 0
    return message


def test_labels_that_begin_late_are_refused_with_parts_folds_and_place() -> None:
    message = refusal(labelled(np.arange(170, 240), time=True))
    assert "training, validation and test rows of fold 1 and in the training and validation rows of fold 2" in message
    assert "begin after 71 % and end at 100 %" in message
    assert "leave out --time" in message


def test_labels_that_end_early_have_nothing_to_test_on() -> None:
    message = refusal(labelled(np.arange(80), time=True))
    assert "the test rows of fold 1 and in the test rows of fold 2" in message
    assert "end at 33 %" in message


def test_labels_of_one_group_are_refused_with_the_number_of_groups() -> None:
    message = refusal(labelled(np.arange(60), groups=np.arange(240) // 60))
    assert "training and validation rows of fold" in message
    assert "its 60 labels are in 1 of 4 groups" in message
    assert "leave out --group" in message


def test_fewer_folds_are_offered_only_where_there_are_fewer() -> None:
    late = labelled(np.arange(170, 240), time=True)
    assert "--folds" not in refusal(late, 2)
    assert "try fewer --folds" in refusal(late, 5)


def test_many_folds_are_counted_and_not_all_listed() -> None:
    message = refusal(labelled(np.arange(20), time=True), 8)
    assert len(re.findall(r"rows of fold", message)) == 2
    assert "more)" in message


def test_good_labels_pass() -> None:
    data = labelled(np.arange(0, 240, 3))
    check_labels_of_parts(data, splits(data, 5, 2, 0))
    check_enough_labels(data, data, 5)


@pytest.mark.parametrize(("labels", "folds"), [(9, 5), (17, 5), (8, 3), (39, 10)])
def test_too_few_labels_are_refused_with_a_number_of_folds_that_works(labels: int, folds: int) -> None:
    data = labelled(np.arange(labels))
    with pytest.raises(
        BadInput, match=rf"'assay' has only {labels} labelled rows, too few for {folds} folds"
    ) as refused:
        check_enough_labels(data, data, folds)
    offered = re.search(r"at most (\d+) folds", str(refused.value))
    assert offered
    check_enough_labels(data, data, int(offered[1]))
    with pytest.raises(BadInput):
        check_enough_labels(data, data, int(offered[1]) + 1)


def test_where_no_number_of_folds_works_none_is_offered() -> None:
    """Two folds are the fewest there are: to ask for fewer is no way out."""
    data = labelled(np.arange(7))
    with pytest.raises(BadInput, match="8 are needed") as refused:
        check_enough_labels(data, data, 2)
    assert "--folds" not in str(refused.value)
    assert "leave the output out" in str(refused.value)


def test_labels_lost_to_the_cut_of_a_profile_are_said_to_be() -> None:
    whole, cut = labelled(np.arange(40)), labelled(np.arange(5), count=60)
    with pytest.raises(
        BadInput, match=r"5 labelled rows among the 60 that this profile takes, and 40 in all.*--profile"
    ):
        check_enough_labels(cut, whole, 2)
