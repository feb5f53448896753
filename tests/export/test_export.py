"""Networks as files: they answer as the networks that were trained, in a process that does not know jointbench."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commands import ended
from jointbench.backends.registry import unavailable_reason
from jointbench.data.preprocess import encode
from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.export.final_training import epochs_of
from jointbench.export.preprocessing import encoded_rows, fitted_preprocessing
from jointbench.records import Fit
from jointbench.records.store import read_records
from jointbench.runs.exported import ExportOptions, export_run

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

ROWS = 150
TARGETS = ("--target", "price", "--target", "sold", "--target", "grade")
FRAMEWORK = [name for name in ("torch", "tensorflow") if unavailable_reason(name) is None]


def write_homes(path: Path) -> Path:
    """Numbers, some missing, names, some missing, and an output of each kind."""
    rng = np.random.default_rng(3)
    area, town = rng.normal(90, 20, ROWS), rng.choice(["north", "south", "west"], ROWS)
    signal = area / 20 + (town == "south") + 0.3 * rng.normal(size=ROWS)
    frame = pd.DataFrame(
        {
            "area": np.where(rng.random(ROWS) < 0.1, np.nan, area),
            "age": rng.integers(1, 80, ROWS) + 0.5,
            "street": [f"street {i}" for i in rng.integers(0, 70, ROWS)],  # more names than have a column of their own
            "town": np.where(rng.random(ROWS) < 0.1, None, town),
            "price": 100 * signal,
            "sold": np.where(signal > np.median(signal), "yes", "no"),
            "grade": np.array(["a", "b", "c"])[np.digitize(signal, np.quantile(signal, [0.3, 0.7]))],
        }
    )
    frame.to_csv(path, index=False)
    return path


def run_of(folder: Path, backend: str) -> Path:
    """A smoke run on numbers, names, missing cells and three kinds of outputs."""
    table = write_homes(folder / "homes.csv")
    options = ("--profile", "smoke", "--backend", backend, "--arm", "joint", "--arm", "separate")
    options += ("--arm", "joint-checkpointed")
    code, output, errors = ended("run", table, *TARGETS, *options, "--out", folder / "run")
    assert code == 0, output + errors
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(tmp_path_factory.mktemp("export"), FRAMEWORK[0])


def dataset_of(run: Path) -> Any:
    return load_table(run.parent / "homes.csv", TableOptions(targets=("price", "sold", "grade")))


def inputs(frame: pd.DataFrame) -> dict[str, Any]:
    """As the model card has it, categories as text."""
    texts = [column for column in frame if isinstance(frame[column].dtype, pd.CategoricalDtype)]
    return {
        str(column): (frame[column].astype(str).to_numpy(object) if column in texts else frame[column].to_numpy(float))[
            :, None
        ]
        for column in frame
    }


def test_the_plain_preprocessing_is_the_networks_own(run: Path) -> None:
    features = dataset_of(run).features
    table = fitted_preprocessing(features)
    expected = encode(features, np.arange(len(features)))
    np.testing.assert_allclose(encoded_rows(features, table), expected, atol=1e-6)
    assert table.marked and table.categories


def test_rare_and_unknown_names_share_a_column() -> None:
    rng = np.random.default_rng(0)
    names = [f"n{i}" for i in range(60)] + ["often"] * 40
    frame = pd.DataFrame({"name": pd.Categorical(rng.permutation(names)), "x": rng.normal(size=100)})
    (category,) = fitted_preprocessing(frame).categories
    often, unknown = category.rows[category.categories.index("often")], category.rows[-1]
    pooled = category.rows[:-1][(category.rows[:-1] == unknown).all(axis=1)]
    assert category.rows.shape == (62, 50) and len(pooled) == 12
    assert often @ unknown == 0


@pytest.mark.parametrize("arm", ["joint", "separate"])
def test_onnx_answers_as_the_network_that_was_trained(run: Path, tmp_path: Path, arm: str) -> None:
    files = export_run(run, tmp_path / "out", ExportOptions(arm=arm))
    models = [file for file in files if file.suffix == ".onnx"]
    assert len(models) == (1 if arm == "joint" else 3)
    features = dataset_of(run).features
    answers = {}
    for model in models:
        session = onnxruntime.InferenceSession(str(model))
        names = [output.name for output in session.get_outputs()]
        answers |= dict(zip(names, session.run(None, inputs(features)), strict=True))
    assert set(answers) == {"price", "sold", "grade"}
    assert answers["price"].shape == (len(features),)
    for name in ("sold", "grade"):
        np.testing.assert_allclose(answers[name].sum(axis=1), 1, atol=1e-5)
    card = (tmp_path / "out" / "README.md").read_text()
    differs = [float(line.split("|")[-2]) for line in card.splitlines() if line.startswith(f"| {arm}")]
    assert len(differs) == len(models) and max(differs) <= 1e-5
    assert "no row was left to test" in card and "sha256" in card


def test_onnx_takes_names_it_never_saw_and_missing_ones(run: Path, tmp_path: Path) -> None:
    (_, model) = export_run(run, tmp_path, ExportOptions())
    session = onnxruntime.InferenceSession(str(model))
    rows = inputs(dataset_of(run).features.iloc[:3])
    texts = [name for name, values in rows.items() if values.dtype == object]
    assert texts
    for word in ("never seen", ""):
        given = {**rows, **{name: np.full((3, 1), word, object) for name in texts}}
        assert np.isfinite(session.run(["price"], given)[0]).all()


@pytest.mark.slow
def test_a_frameworks_own_file_answers_without_jointbench(run: Path, tmp_path: Path) -> None:
    answers_without_jointbench(run, tmp_path, FRAMEWORK[0])


@pytest.mark.slow
def test_so_does_the_other_frameworks(tmp_path: Path) -> None:
    if len(FRAMEWORK) == 1:
        pytest.skip("one framework is installed")
    answers_without_jointbench(run_of(tmp_path, FRAMEWORK[1]), tmp_path, FRAMEWORK[1])


def answers_without_jointbench(run: Path, tmp_path: Path, backend: str) -> None:
    chosen = {"torch": "torchscript", "tensorflow": "keras"}[backend]
    export_run(run, tmp_path / "own", ExportOptions(format=chosen))
    export_run(run, tmp_path / "onnx", ExportOptions(backend=backend))
    frame = dataset_of(run).features
    rows = frame.drop(columns=[c for c in frame if isinstance(frame[c].dtype, pd.CategoricalDtype)]).assign(
        **{c: frame[c].astype(str) for c in frame if isinstance(frame[c].dtype, pd.CategoricalDtype)}
    )
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-I", tmp_path / "own" / "predict.py", tmp_path / "rows.csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "answers.csv").write_text(done.stdout)
    answers = pd.read_csv(tmp_path / "answers.csv")
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "joint.onnx"))
    price, sold = session.run(["price", "sold"], inputs(frame))
    scale = float(price.std())
    np.testing.assert_allclose(answers["price"] / scale, price / scale, atol=1e-4)
    np.testing.assert_allclose(answers["sold: yes"], sold[:, 1], atol=1e-4)


def test_epochs_are_the_median_of_the_folds(run: Path) -> None:
    fits = [record for record in read_records(run) if isinstance(record, Fit)]
    fits = [fit for fit in fits if fit.network.group == fits[0].network.group][:3]
    best = sorted(fit.best_epoch + 1 for fit in fits)
    assert epochs_of(fits, fits[0].network.group[0]) == best[len(best) // 2]


def test_an_output_with_a_best_epoch_of_its_own_is_trained_for_as_many(run: Path) -> None:
    fits = [r for r in read_records(run) if isinstance(r, Fit) and len(r.network.group) == 3][:3]
    each = [replace(fit, best_epochs=(1, 4, i), best_epoch=4) for i, fit in enumerate(fits)]
    assert [epochs_of(each, output) for output in fits[0].network.group] == [2, 5, 2]


@pytest.mark.slow
def test_outputs_that_are_served_apart_are_a_file_each(run: Path, tmp_path: Path) -> None:
    card, *written = export_run(run, tmp_path / "files", ExportOptions(arm="joint-checkpointed"))
    assert [path.name for path in written] == [f"joint-checkpointed-{i}.onnx" for i in (1, 2, 3)]
    frame = dataset_of(run).features
    for output, path in zip(("price", "sold", "grade"), written, strict=True):
        session = onnxruntime.InferenceSession(str(path))
        assert [answer.name for answer in session.get_outputs()] == [output]
        (answers,) = session.run([output], inputs(frame))
        assert np.isfinite(answers).all()
    assert all(path.name in card.read_text() for path in written)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"arm": "grouped"}, "--arm grouped: {run} has joint, separate, joint-checkpointed"),
        ({"dataset": "wine"}, "--dataset wine: {run} has homes"),
        ({"backend": "jax"}, "--backend jax: {run} has networks of"),
        ({"format": "pickle"}, "--format 'pickle': the formats are onnx, torchscript, keras"),
        ({"data": "gone.csv"}, "gone.csv"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    run: Path, tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    code, _, output = ended("export", run, *arguments, "--out", tmp_path / "out")
    assert code == 2 and sentence.format(run=run) in " ".join(output.split())
    assert not (tmp_path / "out").exists()


def test_another_table_of_the_same_name_is_refused(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "homes.csv"
    table.write_text((run.parent / "homes.csv").read_text().replace("yes", "no", 1))
    code, _, output = ended("export", run, "--data", table, "--out", tmp_path / "out")
    assert code == 2 and "is not the file that was run" in " ".join(output.split())


@pytest.mark.slow
def test_a_run_of_images_is_exported(tmp_path: Path) -> None:
    code, output, _ = ended(
        *("run", "coloured_digits", "--profile", "smoke", "--backend", FRAMEWORK[0], "--arm", "joint"),
        *("--arm", "separate", "--out", tmp_path / "run"),
    )
    assert code == 0, output
    (_, model) = export_run(tmp_path / "run", tmp_path / "out", ExportOptions())
    session = onnxruntime.InferenceSession(str(model))
    assert [item.name for item in session.get_inputs()] == ["image"]
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    assert {name: len(names) for name, names in classes.items()}["digit"] == 10
