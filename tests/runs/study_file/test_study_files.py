"""What a study file says is what is run; what is wrong with it is said in one sentence with its line."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import ended
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.networks.network_options import NetworkOptions
from jointbench.records.json_file import FileFormat, read_json
from jointbench.runs.options import RunOptions, experiments, load_datasets
from jointbench.runs.reruns import reruns
from jointbench.runs.study_file.model import StudyDataset, StudyFile
from jointbench.runs.study_file.options import named_study, read_study, study_options
from jointbench.study.profiles import profile_named

STUDY = """profile = "smoke"
backends = ["torch"]
folds = 3
rope = 0.02

[[datasets]]
data = "shop.csv"
targets = ["price", { name = "sold", kind = "binary" }]
group = "who"
keep = ["id"]

[[datasets]]
data = "wine_quality"

[recipe]
learning_rate = 0.5
loss_weights = { price = 2 }

[shape]
trunk = [8, 4]

[metrics]
price = "absolute"

[ropes]
sold = 0.05
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    rows = 120
    table = pd.DataFrame({"id": range(5000, 5000 + rows), "who": np.arange(rows) // 4, "f": rng.normal(size=rows)})
    table = table.assign(price=rng.normal(size=rows), sold=rng.integers(0, 2, rows))
    table.to_csv(tmp_path / "shop.csv", index=False)
    (tmp_path / "study.toml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(text: str = STUDY, names: tuple[str, ...] = ()) -> RunOptions:
    Path("study.toml").write_text(text)
    return study_options(read_study(Path("study.toml")), names)


def test_every_key_reaches_the_run(folder: Path) -> None:
    asked = options()
    assert (asked.profile, asked.backends, asked.folds) == ("smoke", ("torch",), 3)
    assert asked.datasets == ("shop.csv", "wine_quality")
    assert asked.table_of("shop.csv") == TableOptions(targets=("price", "sold:binary"), group="who", keep=("id",))
    assert (asked.metrics, asked.ropes) == (("price=absolute",), ("0.02", "sold=0.05"))
    (shop,) = experiments(asked, load_datasets(options(names=("shop",)), profile_named("smoke")))
    assert (shop.shape.trunk, shop.recipe.learning_rate) == ((8, 4), 0.5)
    assert shop.recipe.batch_size == 16, "what the file leaves out is left to the rule"
    assert shop.recipe.loss_weights == (("price", 2.0),)
    assert shop.recipe_rows is None
    assert shop.dataset.groups is not None
    assert "id" in shop.dataset.features


def test_every_option_can_be_written_down() -> None:
    """An option that the command learns is one of study files too."""
    of_tables = {field.name for field in fields(TableOptions)}
    assert of_tables <= set(StudyDataset.model_fields)
    elsewhere = {"loss_weights", "network", "study", "tables", "overridden"}
    assert {field.name for field in fields(RunOptions)} - of_tables - elsewhere <= set(StudyFile.model_fields)


def test_a_path_is_beside_the_study_file(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "s.toml").write_text(STUDY.replace("shop.csv", "../shop.csv"))
    asked = study_options(read_study(Path("deep/s.toml")), ("shop",))
    (dataset,) = load_datasets(asked, profile_named("smoke"))
    assert dataset.slug == "shop"


def test_a_run_remembers_its_study(folder: Path) -> None:
    asked = options()
    (folder / "o.json").write_text(json.dumps(asdict(asked)))
    assert read_json(folder / "o.json", RunOptions, FileFormat("options", 1, "none")) == asked


def test_an_older_run_has_no_study(folder: Path) -> None:
    (folder / "o.json").write_text(json.dumps({"datasets": ["t.csv"], "targets": ["a"]}))
    older = read_json(folder / "o.json", RunOptions, FileFormat("options", 1, "none"))
    assert (older.study, older.tables, older.network) == ("", (), NetworkOptions())


def test_a_dataset_of_a_study_is_run_alone_by_its_name(folder: Path) -> None:
    study = read_study(Path("study.toml"))
    command = RunOptions(profile="full", seed=3)
    asked = study_options(study, (), command, {"profile", "seed"})
    shop, *_ = load_datasets(study_options(study, ("shop",)), profile_named("smoke"))
    wine = load_datasets(RunOptions(datasets=("wine_quality",)), profile_named("smoke"))[0]
    commands = reruns(asked, [shop, wine])
    assert commands["shop"] == "jointbench run study.toml shop --profile full --seed 3"
    assert study_options(study, ("wine_quality",)).datasets == ("wine_quality",)


def test_the_command_line_goes_before_the_file(folder: Path) -> None:
    asked = study_options(read_study(Path("study.toml")), (), RunOptions(ropes=("0.1",)), {"ropes"})
    assert (asked.ropes, asked.profile, asked.folds) == (("0.1",), "smoke", 3)
    limited = study_options(read_study(Path("study.toml")), (), RunOptions(budget=9.0), {"budget"})
    assert (limited.budget, limited.folds) == (9.0, None), "a budget replaces the file's fixed design"


def test_dropout_on_the_command_line_goes_before_the_files_and_leaves_its_widths(folder: Path) -> None:
    (folder / "study.toml").write_text(STUDY.replace("[8, 4]", '[8, 4]\ndropout = 0.5\nnorm = "layer"'))
    study = read_study(Path("study.toml"))
    asked = study_options(study, ("shop",), RunOptions(network=NetworkOptions(dropout=0.1)), {"network"})
    assert asked.network == NetworkOptions(learning_rate=0.5, trunk=(8, 4), dropout=0.1, norm="layer")
    (shop,) = experiments(asked, load_datasets(asked, profile_named("smoke")))
    assert (shop.shape.trunk, shop.shape.dropout, shop.shape.norm) == ((8, 4), 0.1, "layer")
    assert "--dropout 0.1" in reruns(asked, [shop.dataset])["shop"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("learning_rate = 0.5", "learning_rate = -1", "line 16: recipe.learning_rate must be above 0, not -1"),
        ("learning_rate = 0.5", "learning_rat = 1", "line 16: there is no key recipe.learning_rat; did you mean learn"),
        ("learning_rate = 0.5", "learning_rate = nan", "line 16: recipe.learning_rate must be "),
        ("price = 2", "price = 0", "line 17: recipe.loss_weights.price must be above 0, not 0"),
        ("price = 2", "prce = 2", "line 17: recipe.loss_weights: for 'prce': there is no such output"),
        ('"binary"', '"binry"', "line 8: datasets[1].targets[2].kind must be 'regression', 'binary' or 'multiclass'"),
        ("folds = 3", "folds = 1", "line 3: folds must be at least 2, not 1"),
        ("folds = 3", "folds = 2.5", "line 3: folds must be a whole number, not 2.5"),
        ("folds = 3", "folds = true", "line 3: folds must be a whole number, not true"),
        ("folds = 3", 'folds = "3"', "line 3: folds must be a whole number, not '3'"),
        ("folds = 3", "rows = 3", "line 3: rows: 3: at least"),
        ("folds = 3", "folds = 20000", "line 3: folds: 20000: "),
        (
            '"torch"',
            '"pytorch"',
            "line 2: backends[1] must be 'torch' or 'tensorflow', not 'pytorch'; did you mean torch?",
        ),
        ("[8, 4]", "[8, 0]", "line 20: shape.trunk[2] must be at least 1, not 0"),
        ("[8, 4]", "8", "line 20: shape.trunk must be an array, not 8"),
        ("trunk = [8, 4]", "channels = [8]", "line 20: shape.channels: shop is a table, and convolutions"),
        ("trunk = [8, 4]", "dropout = 1.0", "line 20: shape.dropout must be below 1, not 1"),
        ("trunk = [8, 4]", 'norm = "batch"', "line 20: shape.norm must be '' or 'layer', not 'batch'"),
        ("trunk = [8, 4]", "residual = true", "line 20: shape.residual: a residual trunk needs norm"),
        ("rope = 0.02", 'models = ["mlp", "resnet"]', "line 4: models: "),
        ('"absolute"', '"absolut"', "line 22: metrics: absolut: output 'price' is regression"),
        ("sold = 0.05", "old = 0.05", "line 26: ropes: old=0.05: there is no output 'old'"),
        ("sold = 0.05", "sold = 5", "line 26: ropes.sold must be below 1, not 5"),
        ('data = "shop.csv"', "", "line 6: datasets[1] lacks the key data"),
        ('data = "wine_quality"', 'data = "shop.csv"', "line 13: datasets[2].data names 'shop.csv' a second time"),
        ('data = "wine_quality"', 'data = "wine_quality"\nkeep = ["a"]', "line 14: datasets[2].keep is for a table of"),
        (
            'targets = ["price", { name = "sold", kind = "binary" }]',
            "",
            "line 7: datasets[1].data is a table of your own",
        ),
        ('"price", {', '"pric", {', "line 8: shop.csv has no column 'pric'; did you mean 'price'"),
        ('"price", {', '"price:name", {', "line 8: --target 'price:name': the kind is"),
        ('"who"', '"whom"', "line 9: shop.csv has no column 'whom'; did you mean 'who'"),
        ('["id"]', '["idd"]', "line 10: shop.csv has no column 'idd'; did you mean 'id'"),
        ('"shop.csv"', '"shop2.csv"', "line 7: shop2.csv: there is no such file"),
        ("folds = 3", "folds = = 3", "line 3: this is not TOML"),
        ("folds = 3", "folds = 3\nfolds = 4", "line 4: this is not TOML"),
        ("rope = 0.02", "rope = [1]", "line 4: rope must be a number, not [1]"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(folder: Path, old: str, new: str, sentence: str) -> None:
    assert old in STUDY
    (folder / "study.toml").write_text(STUDY.replace(old, new, 1))
    code, _, err = ended("run", "study.toml", "--dry-run")
    assert code == 2
    assert err.startswith(f"jointbench: study.toml, {sentence}"), err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * 300_000, b"x = " + b"[" * 5000])
def test_what_is_no_study_file_is_refused(folder: Path, content: bytes) -> None:
    (folder / "study.toml").write_bytes(content)
    with pytest.raises(BadInput, match=r"study\.toml"):
        read_study(folder / "study.toml")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study.toml", "other.toml"], "other.toml: one study file is run at a time"),
        (["shop.csv", "study.toml"], "study.toml: one study file is run at a time"),
        (["study.toml", "beer"], "study.toml has no dataset 'beer'; it has shop, wine_quality"),
        (["study.toml", "--group", "who"], "--group: study.toml says of each of its tables"),
        (["study.toml", "--target", "who"], "--target: study.toml says of each of its tables"),
        (["study.toml", "--rope", "beer=1"], "--rope beer=1: there is no output"),
        (["absent.toml"], "absent.toml: there is no such file; jointbench init"),
    ],
)
def test_words_that_do_not_go_with_a_study_file(folder: Path, words: list[str], sentence: str) -> None:
    code, _, err = ended("run", *words)
    assert code == 2
    assert err.startswith(f"jointbench: {sentence}"), err


def test_other_commands_take_no_study_file(folder: Path) -> None:
    code, _, err = ended("projection", "study.toml", "--target", "price", "--target", "sold")
    assert code == 2
    assert "study.toml is a study file: jointbench run takes it" in err


def test_no_study_file_no_study(folder: Path) -> None:
    assert named_study(["shop.csv"]) is None
