"""The command: what it writes, what it refuses, and that a question that fails is an answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from jointbench.cli.app import main
from jointbench.comparison.summary.run import DatasetSummary
from jointbench.data.catalog import load_bundled
from jointbench.explain import questions, runner
from jointbench.explain.answer import Answer
from jointbench.explain.answer_store import read_answers
from jointbench.explain.conflict_vs_transfer import ConflictByDataset, DatasetConflict
from jointbench.explain.questions import Question
from jointbench.records.store import RECORDS
from jointbench.runs import folder
from jointbench.runs.about import ENVIRONMENT, About
from jointbench.runs.folder import publish_answers
from jointbench.runs.opened_run import REPORT
from jointbench.study.plan import CrossValidation, Experiment, make_experiment

HOSTILE = "<script>alert(1)</script>"
ANSWER = Answer(
    key="conflict-and-transfer",
    question="What is it?",
    dataset=HOSTILE,
    backend="torch",
    sentence=f"It is 3 {HOSTILE}",
    numbers={"three": 3.0, "none": None},
    data=ConflictByDataset((DatasetConflict(HOSTILE, 0.1, 0.2, 0.3),)),
)


@contextmanager
def _no_workers(*_: object, **__: object) -> Iterator[None]:
    yield None


def _explain(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["jointbench", "explain", *words])
    main()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["--all"]),
        (["wine_quality", "--all"], ["--all"]),
        (["nonsense"], ["nonsense", "wine_quality"]),
        (["wine_quality", "--question", "why"], ["--question", "why", "gradient-identity"]),
        (["one.csv", "--target", "y"], ["one", "--target"]),
        (["energy-forum", "wine_quality"], ["energy-forum", "another dataset"]),
        (["energy-forum", "--target", "y", "--profile", "full"], ["energy-forum", "--target", "--profile full"]),
    ],
)
def test_bad_input_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    names: list[str],
) -> None:
    table = tmp_path / "one.csv"
    table.write_text("x,y\n" + "".join(f"{i % 7},{i}\n" for i in range(60)), encoding="utf-8")
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stopped:
        _explain(monkeypatch, *[str(table) if word == table.name else word for word in words], "--out", str(out))
    assert stopped.value.code == 2
    message = capsys.readouterr().err.strip()
    assert "\n" not in message
    assert all(name in message for name in names)
    assert not out.exists()


def test_energy_forum_is_a_study_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("JOINTBENCH_CACHE", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        _explain(monkeypatch, "energy-forum", "--out", str(tmp_path / "out"))
    assert stopped.value.code == 2
    assert "jointbench datasets fetch energy_efficiency" in capsys.readouterr().err

    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(questions, "energy_table", lambda: "table")
    monkeypatch.setattr(questions.forum_runs, "measure", lambda workers, table, effort: (table, effort))
    monkeypatch.setattr(
        questions.forum_answer, "forum_answer", lambda name, result: asked.append((name, result[1].seeds)) or ANSWER
    )
    run = questions.forum_run(7)
    monkeypatch.setattr(runner, "Workers", lambda *_, **__: nullcontext(None))
    answers = list(
        runner.answer_all(
            [
                make_experiment(
                    load_bundled("concrete_slump"), ("joint",), CrossValidation(folds=2, repeats=1, seeds=1, seed=0)
                )
            ],
            ["torch"],
            "cpu",
            1,
            [run],
            lambda *_: None,
        )
    )
    assert answers == [ANSWER]
    assert asked == [("torch", 7)]


@pytest.fixture(scope="module")
def slump() -> Experiment:
    return make_experiment(
        load_bundled("concrete_slump"), ("joint",), CrossValidation(folds=2, repeats=1, seeds=1, seed=0, max_epochs=2)
    )


def test_a_question_that_fails_is_an_answer(monkeypatch: pytest.MonkeyPatch, slump: Experiment) -> None:
    def fail(*_: object) -> Answer:
        raise ValueError("no\nway")

    monkeypatch.setattr(runner, "Workers", _no_workers)
    asked = [Question("bad", "?", fail), Question("good", "?", lambda *_: ANSWER)]
    answers = list(runner.answer_all([slump], ["torch"], "cpu", 1, asked, lambda *_: None))
    assert answers[0].failure == "ValueError: no"
    assert answers[1] is ANSWER


def test_a_backend_that_is_not_there_answers_why(monkeypatch: pytest.MonkeyPatch, slump: Experiment) -> None:
    monkeypatch.setattr(runner, "unavailable_reason", lambda name: "not installed (pip install it)")
    answers = list(runner.answer_all([slump], ["torch"], "cpu", 1, questions.QUESTIONS, lambda *_: None))
    assert len(answers) == len(questions.QUESTIONS)
    assert {answer.failure for answer in answers} == {"not installed (pip install it)"}


def test_answers_survive_the_file_and_the_page_escapes_them(tmp_path: Path) -> None:
    publish_answers(tmp_path, "jointbench explain x", [ANSWER], ["cut"])
    explained = read_answers(tmp_path)
    assert explained is not None
    assert explained.answers == (ANSWER,)
    assert json.loads((tmp_path / "explain.json").read_text(encoding="utf-8"))["schema_version"] == 2
    page = (tmp_path / folder.EXPLAIN_PAGE).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "It is 3 &lt;script&gt;" in page


def test_a_run_s_report_gets_the_answers(tmp_path: Path) -> None:
    about = DatasetSummary(
        slug="d",
        title="D",
        rows=10,
        features=2,
        outputs=("a", "b"),
        kinds=("regression",) * 2,
        folds=2,
        repeats=1,
        seeds=1,
        notes=(),
        source="",
        licence="",
        citation="",
        sha256="",
        references=(),
    )
    run = About(
        schema_version=1,
        profile="quick",
        engine="stacked",
        command="jointbench run d",
        notes=(),
        machine={},
        datasets=(about,),
    )
    (tmp_path / RECORDS).write_text("", encoding="utf-8")
    (tmp_path / ENVIRONMENT).write_text(json.dumps(run, default=lambda value: value.__dict__), encoding="utf-8")
    folder.republish(tmp_path)
    assert "Is it really one model?" not in (tmp_path / REPORT).read_text(encoding="utf-8")
    publish_answers(tmp_path, "jointbench explain x", [ANSWER], [])
    report = (tmp_path / REPORT).read_text(encoding="utf-8")
    assert "Is it really one model?" in report
    assert "It is 3 &lt;script&gt;" in report
