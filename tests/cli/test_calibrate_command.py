"""``jointbench calibrate`` writes what it prints, goes on where it was, and refuses nonsense in one sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from jointbench.calibration import population_study
from jointbench.calibration.coverage import Coverage
from jointbench.cli.app import main
from made_draws import made_draws


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code."""
    monkeypatch.setattr(sys, "argv", ["jointbench", "calibrate", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def part(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records of one part of calibration.json."""
    content = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))[name]
    return [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]


def test_writes_rates_table_and_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(population_study, "study_populations", lambda *_: made_draws(40))
    folder = tmp_path / "made"
    assert call(monkeypatch, "--backend", "torch", "--out", str(folder)) == 0
    coverages = part(folder, "coverages")
    assert {rate["method"] for rate in coverages} >= {"correlated t", "moderated t"}
    assert set(coverages[0]) == set(Coverage.__dataclass_fields__)
    assert all(0.0 <= rate["coverage"] <= 1.0 for rate in coverages)
    assert part(folder, "procedure") and part(folder, "candidates")
    assert (folder / "calibration.svg").read_text(encoding="utf-8").startswith("<svg ")
    written = (folder / "calibration.md").read_text(encoding="utf-8")
    assert f"`jointbench calibrate --backend torch --out {folder}`" in written
    assert "(calibration.svg)" in written
    assert "40 draws" in " ".join(capsys.readouterr().out.split())
    assert call(monkeypatch, "--backend", "torch", "--out", str(folder)) == 2, "nothing is overwritten"


def test_a_folder_of_draws_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "draws.jsonl").write_text("")
    monkeypatch.setattr(population_study, "study_populations", lambda *_: made_draws(20))
    assert call(monkeypatch, "--backend", "torch", "--out", str(tmp_path)) == 0
    assert call(monkeypatch, "--backend", "torch", "--out", str(tmp_path)) == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--draws", "0"], "--draws 0"),
        (["--rows", "20"], "--rows 20"),
        (["--population", "nowhere"], "nowhere"),
        (["--population", "abalone-forward"], "abalone"),
        (["--training", "--backend", "jax"], "jax"),
        (["--training", "--jobs", "0"], "--jobs 0"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, *words) == 2
    message = capsys.readouterr().err.strip()
    assert named in message and "\n" not in message
    assert not list(tmp_path.iterdir())
