"""The command: what a user's mistakes and wishes get. Bad input is one sentence, exit code 2, nothing written."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.cli.app import main
from jointbench.runs.options import RunOptions, load_datasets, profile_named
from jointbench.runs.reruns import reruns


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small table: two features, a number and a class to predict, and columns that cannot be used."""
    rng = np.random.default_rng(0)
    rows = 60
    frame = pd.DataFrame({"x": rng.normal(size=rows), "z": rng.normal(size=rows)})
    frame["y"] = frame.x + frame.z
    frame["c"] = np.where(frame.x > 0, "up", "down")
    frame["constant"] = 1
    frame["wordy"] = [f"w{i}" for i in range(rows)]
    path = tmp_path / "my table.csv"
    frame.to_csv(path, index=False)
    return path


def complaint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence on standard error of a command that must fail with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["jointbench", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    message = capsys.readouterr().err.strip()
    assert "Traceback" not in message
    assert message.count("\n") == 0, message
    return message


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["run", "nonsense"], ["nonsense", "wine_quality"]),
        (["run", "TABLE"], ["my table.csv", "--target"]),
        (["run", "TABLE", "--target", "nope"], ["my table.csv", "nope", "x, z, y"]),
        (["run", "TABLE", "--target", "constant"], ["my table.csv", "constant", "one value"]),
        (["run", "TABLE", "--target", "c:regression"], ["my table.csv", "'c'", "number"]),
        (["run", "TABLE", "--target", "wordy"], ["my table.csv", "wordy", "60 different names"]),
        (["run", "TABLE", "--target", "y:colour"], ["--target", "colour"]),
        (["run", "missing.csv", "--target", "y"], ["missing.csv", "no such file"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--arm", "y,q|c"], ["--arm", "'q'"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--arm", "y|y,c"], ["--arm", "'y'", "two groups"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--arm", "y"], ["--arm", "'c'", "no group"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--folds", "61"], ["--folds 61", "60 rows"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--folds", "1"], ["--folds 1"]),
        (["run", "TABLE", "--target", "y"], ["my table.csv", "nothing to compare", "at least two", "--target"]),
        (["run", "TABLE", "--target", "y", "--target", "C"], ["my table.csv", "did you mean 'c'"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--keep", "nope"], ["my table.csv", "'nope'"]),
        (["run", "missing.xlsx", "--target", "y", "--target", "c"], ["missing.xlsx: there is no such file"]),
        (["run", "missing.data", "--target", "y", "--target", "c"], ["missing.data: there is no such file"]),
        (["run", "x" * 5000, "--target", "y"], ["name its file too"]),
        (["run", "concrete_slump", "--keep", "slump"], ["--keep", "name its file too"]),
        (["run", "concrete_slump", "--target", "slump"], ["--target"]),
        (["run", "concrete_slump", "--backend", "jax"], ["--backend", "jax", "torch"]),
        (["run", "concrete_slump", "--device", "tpu"], ["--device", "tpu"]),
        (["run", "concrete_slump", "--profile", "huge"], ["--profile", "huge", "quick"]),
        (["run", "concrete_slump", "--engine", "steam"], ["--engine", "steam"]),
        (["run", "concrete_slump", "--loss-weight", "slump"], ["--loss-weight", "NAME=NUMBER"]),
        (["run", "concrete_slump", "--loss-weight", "slip=2"], ["slip", "slump"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--weight", "x"], ["my table.csv", "'x'", "negative"]),
        (["run", "TABLE", "--target", "y", "--target", "c", "--weight", "kg"], ["my table.csv", "no column 'kg'"]),
        (["run", "concrete_slump", "--metric", "slump=log"], ["--metric log", "slump", "pinball:Q"]),
        (["run", "concrete_slump", "--class-weight", "balanced"], ["--class-weight", "classes"]),
        (["run", "concrete_slump", "--rope", "-0.01"], ["--rope", "-0.01", "between 0 and 1"]),
        (["run", "concrete_slump", "--rope", "nan"], ["--rope", "nan"]),
        (["run", "concrete_slump", "--rope", "slip=0.1"], ["--rope slip=0.1", "'slip'", "slump"]),
        (["run", "concrete_slump", "--worth", "-1"], ["--worth", "-1", "between 0 and 1"]),
        (["run", "concrete_slump", "--budget", "0"], ["--budget 0", "above 0"]),
        (["run", "concrete_slump", "--budget", "nan"], ["--budget nan", "above 0"]),
        (["run", "concrete_slump", "--budget", "60", "--repeats", "2"], ["--budget", "--repeats", "leave them out"]),
        (["run", "concrete_slump", "--until-decided", "--folds", "5"], ["--until-decided", "--folds"]),
        (["run", "concrete_slump", "--probability", "0.5"], ["--probability", "0.5", "between 0.5 and 1"]),
        (["report", "nowhere"], ["nowhere"]),
        (["datasets", "show", "nonsense"], ["nonsense"]),
    ],
)
def test_bad_input_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    table: Path,
    words: list[str],
    names: list[str],
) -> None:
    out = tmp_path / "out"
    run = [str(table) if word == "TABLE" else word for word in words]
    message = complaint(monkeypatch, capsys, *run, *(["--out", str(out)] if words[0] == "run" else []))
    for name in names:
        assert name in message
    assert not out.exists()


def test_cuda_without_a_gpu_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    message = complaint(monkeypatch, capsys, "run", "concrete_slump", "--device", "cuda")
    assert "no NVIDIA GPU" in message


def test_a_run_is_never_overwritten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "records.jsonl").write_text("precious")
    message = complaint(monkeypatch, capsys, "run", "concrete_slump", "--out", str(tmp_path))
    assert "nothing was overwritten" in message
    assert (tmp_path / "records.jsonl").read_text() == "precious"


def test_kinds_are_inferred_and_can_be_overridden(table: Path) -> None:
    options = RunOptions(datasets=(str(table),), targets=("y", "c"))
    (dataset,) = load_datasets(options, profile_named("quick"))
    assert [output.kind for output in dataset.outputs] == ["regression", "binary"]
    options = RunOptions(datasets=(str(table),), targets=("c:multiclass", "y"))
    (dataset,) = load_datasets(options, profile_named("quick"))
    assert dataset.outputs[0].kind == "multiclass"
    assert dataset.outputs[0].classes == ("down", "up")


@pytest.mark.parametrize("name", ["table.xlsx", "table.arff", "table.data", "table"])
def test_a_file_in_this_folder_is_named_without_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, table: Path, name: str
) -> None:
    frame = pd.read_csv(table)[["x", "z", "y", "constant"]]
    if name.endswith(".xlsx"):
        frame.to_excel(tmp_path / name, index=False)
    elif name.endswith(".arff"):
        lines = ["@relation t", *(f"@attribute {column} numeric" for column in frame), "@data"]
        rows = frame.to_csv(index=False, header=False, lineterminator="\n")
        (tmp_path / name).write_text("\n".join(lines) + "\n" + rows)
    else:
        frame.to_csv(tmp_path / name, index=False)
    monkeypatch.chdir(tmp_path)
    (dataset,) = load_datasets(RunOptions(datasets=(name,), targets=("y", "z")), profile_named("quick"))
    assert [output.name for output in dataset.outputs] == ["y", "z"]
    assert dataset.targets["y"] == pytest.approx(frame["y"])


def test_verify_passes_on_the_files_as_shipped_and_names_a_changed_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import shutil

    from jointbench.data import catalog

    folder = tmp_path / "datasets"
    for slug in ("concrete_slump", "auto_mpg"):
        shutil.copytree(catalog.datasets_folder() / slug, folder / slug)
    monkeypatch.setattr(catalog, "datasets_folder", lambda: folder)
    monkeypatch.setattr(sys, "argv", ["jointbench", "datasets", "verify"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    with (folder / "auto_mpg" / "auto_mpg.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "auto_mpg.csv is not the file its card describes" in capsys.readouterr().out


def test_the_command_that_reruns_one_dataset_has_what_was_asked_and_not_the_sizes(table: Path) -> None:
    options = RunOptions(
        profile="smoke",
        datasets=("concrete_slump", str(table)),
        targets=("y", "c:binary"),
        drop=("const*",),
        categorical=("z",),
        backends=("torch",),
        folds=3,
        repeats=2,
        seeds=2,
    )
    datasets = load_datasets(options, profile_named("smoke"))
    common = ["--profile", "smoke", "--backend", "torch"]
    commands = {slug: shlex.split(command) for slug, command in reruns(options, datasets).items()}
    from_catalog, own = commands.values()
    assert from_catalog[:3] == ["jointbench", "run", "concrete_slump"]
    assert own[:3] == ["jointbench", "run", str(table)]
    assert sorted(from_catalog[3:]) == sorted(common)
    asked = ["--target", "y", "--target", "c:binary", "--drop", "const*", "--categorical", "z"]
    assert sorted(own[3:]) == sorted([*common, *asked])
