"""`jointbench doctor`: what it prints and with which code it ends."""

from __future__ import annotations

import sys

import pytest

from jointbench.cli.app import main
from jointbench.self_test.decide import AAPairs, FlopCounts, Measurements
from jointbench.stats.estimate import Estimate


def doctor(monkeypatch: pytest.MonkeyPatch, figures: Measurements) -> int:
    monkeypatch.setattr("jointbench.self_test.run.run_self_test", lambda progress: figures)
    monkeypatch.setattr(sys, "argv", ["jointbench", "doctor", "--self-test"])
    monkeypatch.setenv("COLUMNS", "160")
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.mark.parametrize(
    ("half", "different", "code", "word"), [(0.02, 0, 0, "Fit"), (0.08, 0, 3, "Too noisy"), (0.02, 3, 1, "Wrong")]
)
def test_figures_and_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    half: float,
    different: int,
    code: int,
    word: str,
) -> None:
    ratios = (Estimate(1.0, 1 - half, 1 + half),) * 20
    assert (
        doctor(
            monkeypatch,
            Measurements((AAPairs("torch, training step", ratios),), flops=(FlopCounts("torch", 8, different),)),
        )
        == code
    )
    printed = capsys.readouterr().out
    assert "20 of 20 intervals contain 1" in printed
    assert f"{different} of 8 shapes" in printed
    assert word in printed


def test_a_missing_backend_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("jointbench.backends.registry.unavailable_reason", lambda name: f"not installed ({name})")
    assert doctor(monkeypatch, Measurements()) == 4
    assert "not installed (tensorflow)" in capsys.readouterr().out
