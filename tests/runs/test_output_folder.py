"""The folder that a command writes to: nothing in it is overwritten, and none is left behind empty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_run
from commands import ended
from jointbench.errors import BadInput, DidNotFinish
from jointbench.runs.folder import publish_answers
from jointbench.runs.opened_run import RUN_FILES
from jointbench.runs.output_folder import new_folder, output_folder, write_results

SCALING = ("scaling", "--backend", "torch", "--budget-seconds", "5", "--outputs", "1,2", "--widths", "8")
COMMANDS = {
    ("run", "concrete_slump", "--profile", "smoke", "--backend", "torch"): RUN_FILES,
    ("explain", "concrete_slump", "--backend", "torch", "--question", "one-set-of-parameters"): (
        "explain.json",
        "explain.html",
    ),
    SCALING: ("scaling.json", "scaling.html"),
    ("calibrate", "--backend", "torch", "--draws", "1"): ("calibration.json", "calibration.md", "calibration.svg"),
}
PAIRS = [(words, name) for words, names in COMMANDS.items() for name in names]


@pytest.mark.parametrize(("words", "name"), PAIRS, ids=[f"{words[0]} {name}" for words, name in PAIRS])
def test_a_file_of_the_users_is_refused_before_any_work(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    (tmp_path / name).write_text("precious")
    code, _, err = ended(*words, "--out", tmp_path)
    assert code == 2
    assert (
        err == f"jointbench: --out {tmp_path}: it has a {name} already; name another folder, nothing was overwritten\n"
    )
    assert (tmp_path / name).read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["engine.json", "explain.json", "scaling.json"])
def test_a_run_refuses_a_folder_whose_report_it_could_not_draw(tmp_path: Path, name: str) -> None:
    """These files belong into a run's report where they are ours; otherwise that would show after all the work."""
    (tmp_path / name).write_text('{"mine": 1}')
    code, _, err = ended("run", "concrete_slump", "--profile", "smoke", "--backend", "torch", "--out", tmp_path)
    assert code == 2
    assert name in err
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_an_empty_name_is_not_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = ended(*words, "--out", "")
    assert (code, err) == (2, 'jointbench: --out "": name a folder; --out . is the current one\n')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("out", ["x" * 300, "file/below", "/proc/nowhere", "y/" * 3000], ids=lambda out: out[:13])
def test_a_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    code, _, err = ended(*words, "--out", out)
    assert code == 2
    assert err.startswith("jointbench: --out ")
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_one_may_not_write_to_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("tempfile.TemporaryFile", denied)  # these tests may run as root, who may do anything
    with pytest.raises(BadInput, match=r"cannot be made or written to \(Permission denied\)"):
        new_folder(tmp_path, "", ())


@pytest.fixture
def broken_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is measured breaks off."""

    def breaks(*_: object, **__: object) -> None:
        raise BadInput("broken")

    for place in (
        "scaling.run.run_study",
        "explain.runner.answer_all",
        "calibration.population_study.study_populations",
    ):
        monkeypatch.setattr(f"jointbench.{place}", breaks)
    monkeypatch.setattr("jointbench.runs.opened_run.opened_run", breaks)
    return


@pytest.mark.usefixtures("broken_work")
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_failure_leaves_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ended(*words, "--out", "made/for/this")[0] == 2
    assert ended(*words)[0] == 2  # into results/runs
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    assert ended(*words, "--out", "mine/new")[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_the_system_denies_a_command_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise OSError(12, os.strerror(12), "a process")

    monkeypatch.setattr("jointbench.scaling.run.run_study", denied)
    folder = tmp_path / "new"
    code, _, err = ended(*SCALING, "--out", folder)
    assert (code, err) == (4, f"jointbench: the work into {folder} was stopped: Cannot allocate memory\n")
    assert not folder.exists()
    monkeypatch.setattr("jointbench.runtime.environment.environment", denied)
    assert ended("doctor")[::2] == (2, "jointbench: a process: Cannot allocate memory\n")


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    def work() -> None:
        with output_folder(tmp_path / "new", "", ()) as folder:
            (folder / "records.jsonl").write_text("kept")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert (tmp_path / "new" / "records.jsonl").read_text() == "kept"


def test_results_that_cannot_be_written_are_exit_code_4_and_the_first_are_kept(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with pytest.raises(DidNotFinish, match="second cannot be written") as caught:
        write_results(tmp_path, {"first": "1", "second": "2", "third": "3"})
    assert caught.value.exit_code == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


@pytest.mark.usefixtures("blank_page")
def test_answers_go_into_a_run_and_nowhere_beside_the_records_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("mine")
    words = ("explain", "concrete_slump", "--backend", "torch", "--question", "one-set-of-parameters")
    code, _, err = ended(*words, "--out", tmp_path)
    assert code == 2
    assert "environment.json" in err
    assert [path.name for path in tmp_path.iterdir()] == ["records.jsonl"]
    run = tiny_run.write_run(tmp_path / "run")
    publish_answers(run, "jointbench explain", [], [])
    assert (run / "report.html").is_file()
