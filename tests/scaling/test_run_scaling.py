"""Running the study: every planned cell is in it, measured or with the reason."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jointbench.cli.app import main
from jointbench.report.scaling_page import render_study
from jointbench.scaling import run
from jointbench.scaling.plan import SweepConfig, check, lines
from jointbench.scaling.run import read_study, run_study

SMALL = check(
    SweepConfig(
        backends=("torch", "tensorflow"),
        outputs=(2,),
        widths=(8, 16),
        depths=(1, 2),
        batches=(4,),
        request_batches=(1, 8),
        budget_seconds=60.0,
    )
)


class InProcessWorkers:
    """Workers that work in this process, with a backend given by name."""

    backends: dict[str, Any]

    def __init__(self, backend: str, *_: Any, **__: Any) -> None:
        self.backend = self.backends[backend]

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(self.backend, *args))
        except Exception as error:  # noqa: BLE001 - as a worker hands it over
            future.set_exception(error)
        return future

    def __enter__(self) -> InProcessWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def use_backends(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(**backends: Any) -> None:
        monkeypatch.setattr(InProcessWorkers, "backends", backends, raising=False)
        monkeypatch.setattr(run, "Workers", InProcessWorkers)
        monkeypatch.setattr(
            run, "unavailable_reason", lambda name: None if name in backends else f"not installed (get {name})"
        )

    return use


def test_every_planned_cell_is_there_once(use_backends: Callable[..., None], machine: Callable[..., Any]) -> None:
    use_backends(torch=machine(1e-4, 1e-9))
    reported: list[tuple[int, int]] = []
    study = run_study(SMALL, "cpu", lambda phase, detail, done, of: reported.append((done, of)))
    cells = [(p.backend, p.line, p.outputs, p.other) for p in study.points]
    assert len(set(cells)) == len(cells)
    for backend in SMALL.backends:
        assert {(line, n) for name, line, n, _ in cells if name == backend} == {
            (sweep_line, n) for sweep_line, ns in lines(SMALL) for n in ns
        }
    assert all(p.measured for p in study.points if p.backend == "torch")
    assert {p.reason for p in study.points if p.backend == "tensorflow"} == {
        "not measured: not installed (get tensorflow)"
    }
    assert reported[-1][0] == reported[-1][1]


def test_a_cell_that_fails_says_so_and_the_others_go_on(
    use_backends: Callable[..., None], machine: Callable[..., Any]
) -> None:
    class Fails:
        def __init__(self, real: Any) -> None:
            self.real = real

        def trainer(self, *args: Any) -> Any:
            raise MemoryError("no room\nfor this")

        def server(self, *args: Any) -> Any:
            return self.real.server(*args)

        def synchronise(self) -> None:
            self.real.synchronise()

    pretend = machine(1e-4, 1e-9)
    use_backends(torch=Fails(pretend), tensorflow=pretend)
    study = run_study(SMALL, "cpu", lambda *_: None)
    torch = [p for p in study.points if p.backend == "torch"]
    assert {p.reason for p in torch if p.line.scenario == "training"} == {"not measured: not enough memory (no room)"}
    assert all(p.measured for p in torch if p.line.scenario == "request")
    render_study(study)


def test_a_spent_budget_leaves_reasons(
    use_backends: Callable[..., None], machine: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend = machine(0.01, 0.0)
    monkeypatch.setattr(run, "time", SimpleNamespace(perf_counter=lambda: pretend.now))
    use_backends(torch=pretend, tensorflow=pretend)
    study = run_study(SMALL, "cpu", lambda *_: None)
    first = [p for p in study.points if p.backend == "torch"]
    assert first[0].measured
    assert "not measured: the budget of 30 s was spent" in {p.reason for p in first}
    assert [p for p in study.points if p.backend == "tensorflow" and p.measured], "the other backend has its half"
    assert study.seconds < 2 * SMALL.budget_seconds


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["jointbench", "scaling", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


SIZES = ("--outputs", "2", "--widths", "8,16", "--depths", "1", "--batches", "4", "--request-batches", "1")


def test_the_command_writes_the_study_and_its_page(
    use_backends: Callable[..., None],
    machine: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_backends(torch=machine(1e-4, 0.0))
    assert command(monkeypatch, *SIZES, "--out", str(tmp_path)) == 0
    study = read_study(tmp_path / "scaling.json")
    assert {p.backend for p in study.points if p.measured} == {"torch"}
    printed = " ".join(capsys.readouterr().out.split())
    assert "at every width measured (8 to 16) fixed costs dominate" in printed
    assert "no answer; not measured: not installed (get tensorflow)" in printed
    assert (tmp_path / "scaling.html").read_text().startswith("<!doctype html>")
    assert command(monkeypatch, *SIZES, "--out", str(tmp_path)) == 2
    assert "nothing was overwritten" in capsys.readouterr().err


def test_a_backend_asked_for_by_name_and_missing_is_exit_code_4(
    use_backends: Callable[..., None], machine: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_backends(torch=machine(1e-4, 0.0))
    out = ("--out", str(tmp_path / "a"))
    assert command(monkeypatch, *SIZES, "--backend", "torch", "--backend", "tensorflow", *out) == 4


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--widths", "wide"), "--widths"),
        (("--outputs", "0"), "--outputs"),
        (("--outputs", "1"), "--outputs"),
        (("--depths", "99"), "--depths"),
        (("--batches", "-3"), "--batches"),
        (("--request-batches", ""), "--request-batches"),
        (("--backend", "jax"), "jax"),
        (("--budget-seconds", "0"), "--budget-seconds"),
        (("--device", "tpu"), "--device"),
    ],
)
def test_bad_values_are_one_sentence_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    names: str,
) -> None:
    out = tmp_path / "out"
    assert command(monkeypatch, *words, "--out", str(out)) == 2
    message = capsys.readouterr().err.strip()
    assert names in message
    assert "\n" not in message
    assert not out.exists()
