"""Predictions of anyone get the verdicts that a study's get."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import ended
from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import Summary
from jointbench.data.columns import Source
from jointbench.predictions.long_table import read_predictions
from jointbench.records.store import read_records
from jointbench.runs.judged import JudgeOptions, describe_predictions, judge_records
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from jointbench.study.run import run as study
from long_tables import made_table, table_of

SOURCE = Source(Path("predictions.csv"))


def summary_of(frame: pd.DataFrame, options: JudgeOptions | None = None) -> Summary:
    predictions = read_predictions(frame, SOURCE, "0" * 64, "mine")
    records = judge_records(predictions, options or JudgeOptions())
    return summarise(
        records, [describe_predictions(predictions)], profile="judge", engine="external", command="", notes=()
    )


def test_its_verdict_is_the_one_of_the_run_that_made_the_predictions() -> None:
    """Only the no-skill predictor differs by a little: it may learn from the rows that a study stopped early on."""
    options = RunOptions(
        datasets=("concrete_slump",), backends=("torch",), profile="smoke", folds=4, arms=("joint", "separate")
    )
    (dataset,) = load_datasets(options, profile_named("smoke"))
    planned = experiments(options, [dataset])
    config = replace(study_config(options), timing_seconds=0.0, references=False, memory_datasets=0, jobs=1)
    records = list(study(planned, config, lambda *_: None))
    (experiment,) = planned
    (cell,) = summarise(
        records,
        [describe_predictions(read_predictions(table_of(records, experiment.dataset), SOURCE, "0", "concrete_slump"))],
        profile="smoke", engine="stacked", command="", notes=(),
    ).cells  # fmt: skip
    (judged,) = summary_of(table_of(records, experiment.dataset)).cells
    assert judged.decisions[0].verdict == cell.decisions[0].verdict
    for ours, theirs in zip(judged.differences, cell.differences, strict=True):
        assert ours.difference.value == pytest.approx(theirs.difference.value, rel=0.05, abs=1e-4)
        assert ours.scale == pytest.approx(theirs.scale, rel=0.05)
        assert ours.verdict == theirs.verdict


def test_predictions_that_are_the_same_are_equivalent() -> None:
    frame = made_table(rows=400)
    joint = frame[frame.arm == "joint"]
    (cell,) = summary_of(pd.concat([joint, joint.assign(arm="separate")])).cells
    assert cell.decisions[0].verdict == "equivalent"
    assert all(d.difference.value == 0 for d in cell.differences)


def test_a_loss_is_found_and_the_order_of_lines_does_not_matter() -> None:
    frame = made_table(rows=400, worse=0.4)
    shuffled = frame.sample(frac=1.0, random_state=3)
    first, second = (summary_of(table).cells[0] for table in (frame, shuffled))
    assert first.decisions[0].verdict == second.decisions[0].verdict == "separate"
    by_name = [{d.output: d.difference.value for d in cell.differences} for cell in (first, second)]
    assert by_name[0] == pytest.approx(by_name[1])


def test_skill_is_what_scikit_learn_says() -> None:
    """R² of a fold against the training mean; with one number it is 1 - MSE / MSE of that mean."""
    frame = made_table(rows=300)
    (cell,) = summary_of(frame).cells
    joint = frame[(frame.arm == "joint") & (frame.output == "y")]
    y, predicted = joint.y_true.astype(float).to_numpy(), joint.y_pred.to_numpy()
    errors, no_skill = [], []
    for fold in range(4):
        tested = (joint.fold == fold).to_numpy()
        errors.append(np.mean((y - predicted)[tested] ** 2))
        no_skill.append(np.mean((y[tested] - y[~tested].mean()) ** 2))
    (quality,) = (q for q in cell.quality if (q.model, q.output) == ("joint", "y"))
    assert quality.skill == pytest.approx(1 - np.mean(errors) / np.mean(no_skill), abs=1e-6)


def test_probabilities_labels_and_class_columns_say_the_same() -> None:
    frame = made_table(rows=200)
    chances = frame[frame.output == "label"].copy()
    columns = chances.assign(p_yes=chances.y_pred, p_no=1 - chances.y_pred).drop(columns="y_pred")
    either = [pd.concat([frame[frame.output == "y"], part]) for part in (chances, columns)]
    first, second = (summary_of(table).cells[0].quality for table in either)
    assert [q.skill for q in first] == pytest.approx([q.skill for q in second])
    hard = chances.assign(y_pred=np.where(chances.y_pred > 0.5, "yes", "no"))
    (cell,) = summary_of(pd.concat([frame[frame.output == "y"].astype(object), hard.astype(object)])).cells
    accuracy = next(q for q in cell.quality if (q.model, q.output) == ("joint", "label")).metrics["accuracy"]
    same = next(q for q in first if (q.model, q.output) == ("joint", "label")).metrics["accuracy"]
    assert accuracy == pytest.approx(same)


def test_stated_costs_decide_where_quality_does_not() -> None:
    frame = made_table(rows=400)
    joint = frame[frame.arm == "joint"]
    equal = pd.concat([joint, joint.assign(arm="separate")])
    (cell,) = summary_of(equal, JudgeOptions(costs={"training": {"joint": 12.5, "separate": 31.0}})).cells
    assert cell.decisions[0].verdict == "joint"
    assert "60 % lower training cost" in cell.decisions[0].reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop(columns="fold"), ["no column 'fold'", "row, fold, output, arm, y_true"]),
        (lambda f: f[f.output == "y"], ["nothing to compare", "at least two targets"]),
        (lambda f: f[f.arm == "joint"], ["only one arm", "'joint'"]),
        (lambda f: f.assign(fold=0), ["one fold"]),
        (lambda f: pd.concat([f, f.iloc[:1]]), ["row 'r0'", "2 lines"]),
        (lambda f: f.iloc[1:], ["row 'r0'", "has no line", "same rows"]),
        (lambda f: f.assign(y_pred=f.y_pred.where(f.index != 3)), ["predicts nothing", "'r3'", "arm 'joint'"]),
        (lambda f: f.assign(y_pred=f.y_pred.replace(f.y_pred[5], np.inf)), ["'inf'", "'r5'", "finite"]),
        (lambda f: f.assign(fold=f.fold.where(f.index != 0, (f.fold + 1) % 4)), ["row 'r0'", "same folds"]),
        (lambda f: f.assign(y_true=f.y_true.where(f.index != 7, 99.0)), ["row 'r7'", "the truth is the same"]),
        (
            lambda f: f.astype({"y_pred": object}).assign(
                y_pred=lambda t: t.y_pred.where((t.output == "y") | (t.row != "r2"), "maybe")
            ),
            ["'maybe'", "none of the classes no, yes"],
        ),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(change: object, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    change(made_table()).to_csv(path, index=False)  # type: ignore[operator]  # a function of a frame
    code, _, error = ended("judge", path, "--out", tmp_path / "out")
    assert code == 2
    assert error.strip().count("\n") == 0
    for word in words:
        assert word in error, error
    assert not (tmp_path / "out").exists()


def test_the_command_leaves_a_run_that_can_be_reported_on(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    made_table(rows=200, worse=0.4).to_csv(path, index=False)
    code, out, _ = ended("judge", path, "--out", tmp_path / "out", "--format", "json")
    assert code == 0
    assert json.loads(out)["comparisons"][0]["verdict"] == "separate"
    assert len(list(read_records(tmp_path / "out"))) > 8
    assert ended("report", tmp_path / "out", "--rope", "0.9", "--format", "json")[0] == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "mine: " in page and "until-decided" not in page


def test_one_file_for_each_arm_is_the_same(tmp_path: Path) -> None:
    frame = made_table(rows=100)
    for arm, part in frame.groupby("arm"):
        part.drop(columns="arm").astype({"y_true": str}).to_parquet(tmp_path / f"{arm}.parquet")
    frame.to_csv(tmp_path / "all.csv", index=False)
    answers = []
    for files in (["joint.parquet", "separate.parquet"], ["all.csv"]):
        _, out, _ = ended(
            "judge", *(tmp_path / name for name in files), "--out", tmp_path / files[0][:3], "--format", "json"
        )
        answers.append(json.loads(out)["comparisons"][0]["mean_difference"]["value"])
    assert answers[0] == pytest.approx(answers[1])


def test_an_unknown_arm_is_one_sentence_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    made_table(arms=("shared", "single")).to_csv(path, index=False)
    code, _, error = ended("judge", path, "--out", tmp_path / "out")
    assert code == 2 and "shared, single" in error and "--joint" in error
    assert ended("judge", path, "--joint", "shared", "--out", tmp_path / "out")[0] == 0
    code, _, error = ended("judge", path, "--joint", "shared", "--cost", "training=shared:x", "--out", tmp_path / "o")
    assert code == 2 and "ARM:NUMBER" in error
