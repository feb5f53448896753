"""``jointbench init`` writes a study file that says what was inferred, and runs as the plain command does."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commands import ended
from jointbench.runs.options import RunOptions, experiments, load_datasets
from jointbench.runs.study_file.model import StudyFile
from jointbench.runs.study_file.options import read_study, study_options
from jointbench.study.profiles import profile_named

HARD = 'a "b"\\ = [#] é'
TARGETS = ("--target", "price", "--target", HARD)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    rows = 120
    table = pd.DataFrame({"order id": range(5000, 5000 + rows), "f": rng.normal(size=rows)})
    table = table.assign(price=rng.normal(size=rows), **{HARD: rng.choice(["p", "q"], rows)})
    table.to_csv(tmp_path / "shop.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_what_was_inferred_and_why(folder: Path) -> None:
    code, out, _ = ended("init", "shop.csv", *TARGETS)
    assert (code, out) == (0, "study.toml is written; run it with: jointbench run study.toml\n")
    text = (folder / "study.toml").read_text()
    assert '{ name = "price", kind = "regression" },  # its values are numbers; 120 labels' in text
    assert "# left out: order id (an identifier" in text
    assert "# trunk = [32, 32]  # 32 up to 500 rows" in text
    assert "chosen by rules for 120 rows" in text


def test_it_plans_what_the_plain_command_plans(folder: Path) -> None:
    ended("init", "shop.csv", *TARGETS, "--out", "deep.toml")
    asked = study_options(read_study(folder / "deep.toml"))
    plain = RunOptions(datasets=("shop.csv",), targets=("price", HARD))
    (mine,), (theirs,) = (experiments(o, load_datasets(o, profile_named("quick"))) for o in (asked, plain))
    assert mine.dataset.digest == theirs.dataset.digest
    assert (mine.recipe, mine.shape, mine.arms) == (theirs.recipe, theirs.shape, theirs.arms)
    assert [split.digest for split in mine.splits] == [split.digest for split in theirs.splits]


def test_what_is_commented_out_may_be_set(folder: Path) -> None:
    """Each such line with its mark removed is a key that study files have, of a value that they take."""
    ended("init", "shop.csv", *TARGETS)
    lines = [
        line.removeprefix("# ") if " = " in line.split("  #")[0] else line
        for line in (folder / "study.toml").read_text().splitlines()
    ]
    content = tomllib.loads("\n".join(lines))
    study = StudyFile.model_validate(content)
    assert study.recipe.patience == 40
    assert study.ropes == {"price": 0.01, HARD: 0.01}
    assert study.datasets[0].keep == ["order id"]


def test_what_was_asked_for_is_written_down(folder: Path) -> None:
    ended("init", "shop.csv", *TARGETS, "--keep", "order id", "--profile", "smoke", "--time", "f")
    study = read_study(folder / "study.toml").content
    assert (study.profile, study.datasets[0].keep, study.datasets[0].time) == ("smoke", ["order id"], "f")


def test_a_bundled_dataset(folder: Path) -> None:
    ended("init", "wine_quality")
    assert study_options(read_study(folder / "study.toml")).datasets == ("wine_quality",)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["shop.csv", *TARGETS], "study.toml is there already"),
        (["shop.csv", *TARGETS, "--out", "x.txt"], "--out x.txt: jointbench run knows a study file by its name"),
        (["study.toml"], "study.toml is a study file already"),
        (["shop.csv", "--out", "y.toml"], "shop.csv: name the columns to predict with --target"),
        (["shop.csv", *TARGETS, "--out", "absent/x.toml"], "absent/x.toml cannot be written"),
    ],
)
def test_it_refuses(folder: Path, words: list[str], sentence: str) -> None:
    (folder / "study.toml").write_text("mine")
    code, _, err = ended("init", *words)
    assert code == 2
    assert err.startswith(f"jointbench: {sentence}"), err
    assert (folder / "study.toml").read_text() == "mine"
    assert {path.name for path in folder.iterdir()} == {"shop.csv", "study.toml"}


@pytest.mark.slow
def test_it_gives_the_records_of_the_plain_command(folder: Path) -> None:
    choice = ("--profile", "smoke", "--backend", "torch", "--jobs", "1")
    ended("init", "shop.csv", *TARGETS)
    assert ended("run", "study.toml", *choice, "--out", "mine")[0] == 0
    assert ended("run", "shop.csv", *TARGETS, *choice, "--out", "theirs")[0] == 0
    mine, theirs = (list(untimed(folder / name)) for name in ("mine", "theirs"))
    assert mine == theirs
    assert sum(record["record"] == "Fit" for record in mine) == 10


def untimed(folder: Path) -> Iterator[dict[str, Any]]:
    """What does not depend on the clock, of the records that training gave."""
    for line in (folder / "records.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record.get("record") in ("Fit", "Fold", "Assembly"):
            yield {key: value for key, value in record.items() if "second" not in key and key not in ("load", "stack")}
