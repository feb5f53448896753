"""``jointbench calibrate`` writes what it prints, the same for the same seed, and refuses nonsense in one sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from jointbench.cli.app import main

RATES = ("false_verdict_rate", "edge_rate", "wrong_recommendation_rate", "equivalent_found", "power_0_03")


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code."""
    monkeypatch.setattr(sys, "argv", ["jointbench", "calibrate", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def calibration(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "calibration.json").read_text(encoding="utf-8")))


def test_writes_rates_and_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "made"
    assert call(monkeypatch, "--comparisons", "200", "--seed", "3", "--out", str(folder)) == 0
    study = calibration(folder)
    assert all(0.0 <= study[rate] <= 1.0 for rate in RATES)
    assert study["equivalent_found"] >= 0.75 and study["power_0_03"] >= 0.75
    best = study["recommended"]
    setting = f"{best['folds']}x{best['repeats']}x{best['seeds']}"
    asked = {
        (s["rates"]["setting"]["folds"], s["rates"]["setting"]["repeats"], s["rates"]["setting"]["seeds"])
        for s in study["settings"]
    }
    assert {(k, k, s) for k in (5, 10) for s in (1, 3, 10)} <= asked
    assert {decision["rates"]["outputs"] for decision in study["decisions"]} == {2, 3, 14}
    written = (folder / "calibration.md").read_text(encoding="utf-8")
    assert f"`jointbench calibrate --comparisons 200 --seed 3 --out {folder}`" in written
    for text in (written, capsys.readouterr().out):
        assert setting in text
        assert f"{study['equivalent_found']:.1%}".replace("%", " %") in text.replace("\n", " ")
    first = (folder / "calibration.json").read_bytes()
    assert call(monkeypatch, "--comparisons", "200", "--seed", "3", "--out", str(folder)) == 2  # is overwritten by none
    assert call(monkeypatch, "--comparisons", "200", "--seed", "3", "--out", str(tmp_path / "again")) == 0
    assert (folder / "calibration.json").read_bytes() == first
    assert (tmp_path / "again" / "calibration.json").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--comparisons", "10"], "--comparisons 10"),
        (["--seed", "-1"], "--seed -1"),
        (["--training", "--backend", "jax"], "jax"),
        (["--training", "--jobs", "0"], "--jobs 0"),
        (["--run", "nowhere"], "nowhere"),
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
