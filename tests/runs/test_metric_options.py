"""--metric, --weight and --class-weight: what they choose, what they refuse, and that a rerun repeats them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.errors import BadInput
from jointbench.runs.metric_options import balanced_datasets, with_metrics
from jointbench.runs.options import RunOptions, experiments, load_datasets
from jointbench.runs.reruns import reruns
from jointbench.study.profiles import PROFILES
from jointbench.types import Dataset, Output, Provenance


def dataset(*outputs: Output, slug: str = "t") -> Dataset:
    return Dataset(
        slug=slug,
        title=slug,
        features=pd.DataFrame({"x": [0.0]}),
        targets={output.name: np.zeros(1) for output in outputs},
        outputs=outputs,
        provenance=Provenance("", "", "", ""),
    )


PRICE, SOLD = Output("price", "regression"), Output("sold", "regression")
GRADE = Output("grade", "multiclass", ("a", "b", "c"))
MIXED = dataset(PRICE, SOLD, GRADE)


@pytest.mark.parametrize(
    ("asked", "metrics"),
    [
        ([], ["squared", "squared", "brier"]),
        (["absolute"], ["absolute", "absolute", "brier"]),
        (["log"], ["squared", "squared", "log"]),
        (["grade=zero-one", "price=pinball:0.9"], ["pinball:0.9", "squared", "zero-one"]),
        (["regression=absolute", "classes=log"], ["absolute", "absolute", "log"]),
        (["price=squared", "regression=absolute", "pinball:0.5"], ["squared", "absolute", "brier"]),
        (["price=absolute", "price=pinball:0.1"], ["pinball:0.1", "squared", "brier"]),
    ],
)
def test_an_output_s_own_metric_goes_before_its_kind_s_and_that_before_one_for_all(
    asked: list[str], metrics: list[str]
) -> None:
    (judged,) = with_metrics([MIXED], asked)
    assert [output.error_metric for output in judged.outputs] == metrics
    assert judged.digest == MIXED.digest, "a metric changes nothing in training"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("cost=absolute", "no output 'cost'; the outputs are price, sold, grade"),
        ("price=log", "--metric log: output 'price' is regression"),
        ("grade=squared", "--metric squared: output 'grade' is multiclass"),
        ("classes=absolute", "output 'grade' is multiclass"),
        ("price=pinball:2", "Q a quantile between 0 and 1"),
        ("pinball:much", "squared, absolute, pinball:Q, brier, log, zero-one"),
        ("price=", "OUTPUT=METRIC"),
        ("", "OUTPUT=METRIC"),
    ],
)
def test_what_names_no_output_or_does_not_fit_is_refused(asked: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        with_metrics([MIXED], [asked])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_kind_that_no_output_has_is_refused() -> None:
    with pytest.raises(BadInput, match="no output is of kind 'classes'"):
        with_metrics([dataset(PRICE)], ["classes=log"])
    with pytest.raises(BadInput, match="none of the outputs has classes"):
        balanced_datasets([dataset(PRICE)], "balanced")
    with pytest.raises(BadInput, match="--class-weight equal: the only one is balanced"):
        balanced_datasets([MIXED], "equal")


def test_class_weights_leave_datasets_without_classes_as_they_are() -> None:
    numbers = dataset(PRICE, slug="numbers")
    assert [one.class_weight for one in balanced_datasets([numbers, MIXED], "balanced")] == ["", "balanced"]


@pytest.fixture
def options(tmp_path: Path) -> RunOptions:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["x", "z", "y"])
    frame["kind"] = np.where(frame.x > 0, "up", "down")
    frame["cases"] = rng.integers(1, 5, 60)
    frame.to_csv(tmp_path / "t.csv", index=False)
    return RunOptions(
        profile="smoke",
        datasets=(str(tmp_path / "t.csv"),),
        targets=("y", "kind"),
        weight="cases",
        class_weight="balanced",
        metrics=("y=absolute", "log"),
    )


def test_the_options_reach_the_experiment_and_the_command_that_reruns_it(options: RunOptions) -> None:
    datasets = load_datasets(options, PROFILES["smoke"])
    (used,) = (experiment.dataset for experiment in experiments(options, datasets))
    assert [output.error_metric for output in used.outputs] == ["absolute", "log"]
    assert used.row_weights is not None
    assert (used.weight_column, used.class_weight) == ("cases", "balanced")
    words = shlex.split(reruns(options, datasets)["t"])
    asked = [
        tuple(words[i : i + 2]) for i, word in enumerate(words) if word in ("--weight", "--metric", "--class-weight")
    ]
    assert asked == [
        ("--weight", "cases"),
        ("--class-weight", "balanced"),
        ("--metric", "y=absolute"),
        ("--metric", "log"),
    ]


def test_a_weight_column_needs_a_table() -> None:
    with pytest.raises(BadInput, match="are for a table of your own"):
        load_datasets(RunOptions(datasets=("wine_quality",), weight="w"), PROFILES["smoke"])


def test_labels_that_weigh_nothing_where_a_fold_trains_are_refused(options: RunOptions) -> None:
    """Forward in time, the first fold trains on early rows, and these weigh nothing where ``y`` has labels."""
    path = Path(options.datasets[0])
    frame = pd.read_csv(path)
    frame["day"] = np.arange(60)
    frame.loc[:39, "y"] = np.where(np.arange(40) % 2, frame.y[:40], np.nan)
    frame.loc[(frame.day < 40) & frame.y.notna(), "cases"] = 0
    frame.to_csv(path, index=False)
    timed = replace(options, time="day")
    with pytest.raises(BadInput, match=r"output 'y' has no label on a row of --weight cases above 0 in the training"):
        experiments(timed, load_datasets(timed, PROFILES["smoke"]))
