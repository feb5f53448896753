"""`pytest bench --benchmark-only` is a benchmark suite as pytest-benchmark's users know it, and a study besides."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jointbench.comparison.costs import best_takes
from jointbench.records import Timing, Variant
from jointbench.records.store import read_records

ROOT = Path(__file__).parents[2]
WORDS = ("bench", "--benchmark-only", "--profile", "smoke", "--dataset", "concrete_slump", "--backend", "torch")


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, env=alone, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished smoke run's folder and what it printed."""
    folder = tmp_path_factory.mktemp("bench")
    storage = f"--benchmark-storage=file://{folder / 'saved'}"
    out = str(folder / "run")
    done = bench(*WORDS, "--out", out, f"--benchmark-json={folder / 'b.json'}", "--benchmark-autosave", storage)
    assert done.returncode == 0, done.stdout[-3000:]
    return folder, done.stdout


def test_joint_stands_beside_separate_with_quality_flops_and_parameters(ran: tuple[Path, str]) -> None:
    benchmarks = json.loads((ran[0] / "b.json").read_text())["benchmarks"]
    groups: dict[str, set[str]] = {}
    for benchmark in benchmarks:
        groups.setdefault(benchmark["group"], set()).add(benchmark["params"]["arm"])
        assert benchmark["extra_info"]["parameters"] > 0
        if "training" in benchmark["group"]:
            assert benchmark["extra_info"]["train_flops"] > 0
            assert {"skill of slump", "skill of flow", "skill of strength"} <= set(benchmark["extra_info"])
    assert len(groups) == 1 + 2 + 2  # steps; requests in turn at two batch sizes; fused and one of N at one
    assert all(arms == {"joint", "separate", "separate-matched"} for arms in groups.values())


def test_the_figures_are_the_workers_own_samples(ran: tuple[Path, str]) -> None:
    """pytest-benchmark's mean is the mean of what the worker's clock read, not of anything timed around it."""
    benchmarks = json.loads((ran[0] / "b.json").read_text())["benchmarks"]
    timings = [record for record in read_records(ran[0] / "run" / "records.jsonl") if isinstance(record, Timing)]
    (timing,) = best_takes(timing for timing in timings if timing.scenario == "training")
    for benchmark in benchmarks:
        if "training" in benchmark["group"]:
            seconds = timing.of(Variant(benchmark["params"]["arm"], "stock loop"))
            assert benchmark["stats"]["mean"] == pytest.approx(seconds.mean(), rel=1e-9)
            assert benchmark["stats"]["rounds"] == len(seconds)


def test_it_leaves_a_run_behind_and_says_where(ran: tuple[Path, str]) -> None:
    folder, output = ran
    for name in ("records.jsonl", "summary.json", "environment.json", "report.html"):
        assert (folder / "run" / name).stat().st_size > 0
    assert str(folder / "run" / "report.html") in output
    assert "concrete_slump" in output
    assert list((folder / "saved").rglob("*.json"))


def test_the_answer_is_the_last_thing_on_the_screen(ran: tuple[Path, str]) -> None:
    lines = [line for line in ran[1].splitlines() if line.strip()]
    assert lines[-1] == f"Report: {ran[0] / 'run' / 'report.html'}"
    (counts,) = (number for number, line in enumerate(lines) if " passed" in line)
    answer = [line for line in lines[counts:] if line.startswith("concrete_slump")]
    assert len(answer) >= 1, "the verdict stands below pytest's counts"


def test_only_what_the_profile_times_is_collected(ran: tuple[Path, str]) -> None:
    assert "skipped" not in ran[1]


def test_tables_are_short(ran: tuple[Path, str]) -> None:
    assert "Median" in ran[1] and "StdDev" not in ran[1]
    assert "training step': 3 tests" in ran[1] and "fused': 3 tests" not in ran[1]


@pytest.mark.slow
def test_tables_are_whole_where_they_are_asked_for(tmp_path: Path) -> None:
    done = bench(*WORDS, "--out", str(tmp_path / "run"), "--benchmark-columns=min,mean", "-k", "request")
    assert "fused': 3 tests" in done.stdout and "Mean" in done.stdout


@pytest.mark.slow
def test_comparing_with_a_saved_run_names_what_got_slower(ran: tuple[Path, str], tmp_path: Path) -> None:
    """Names are stable, so a saved run whose times are a hundredth of the true ones fails every benchmark by name."""
    (saved,) = (ran[0] / "saved").rglob("*.json")
    body = json.loads(saved.read_text())
    for benchmark in body["benchmarks"]:
        benchmark["stats"]["mean"] /= 100
    copy = tmp_path / "history" / saved.parent.name / saved.name
    copy.parent.mkdir(parents=True)
    copy.write_text(json.dumps(body))
    words = (
        f"--benchmark-storage=file://{tmp_path / 'history'}",
        "--benchmark-compare",
        "--benchmark-compare-fail=mean:900%",
    )
    done = bench(*WORDS, "--out", str(tmp_path / "run"), *words, "-k", "training")
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert "(NOW)" in output
    assert "(0001_" in output
    assert "Performance has regressed" in output
    assert output.count("Field 'mean' has failed") == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--dataset", "nonsense"), "there is no dataset 'nonsense'"), (("--folds", "1"), "--folds 1: at least 2 folds")],
)
def test_a_wrong_option_is_one_sentence(words: tuple[str, ...], says: str) -> None:
    done = bench("bench", "--benchmark-only", *words)
    assert done.returncode == 4  # pytest's own code for bad usage
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("--folds", "1"), "--folds 1: at least 2 folds are needed"), (("--out", "."), "")],
)
def test_options_that_only_planning_refuses_are_one_sentence(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "records.jsonl").write_text("")
    words = tuple(str(tmp_path) if word == "." else word for word in words)
    done = bench("bench", "--benchmark-only", "--profile", "smoke", "--dataset", "concrete_slump", *words)
    assert done.returncode == 4
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 2, "the sentence and a blank line"
    assert "Traceback" not in done.stdout + done.stderr


def test_there_may_be_no_saved_run_to_compare_with(tmp_path: Path) -> None:
    words = (f"--benchmark-storage=file://{tmp_path}", "--benchmark-compare", "--collect-only")
    done = bench("bench", "--profile", "smoke", *words)
    assert done.returncode == 0
    assert "Can't compare. No benchmark files" in done.stdout + done.stderr


def test_a_dry_run_says_what_it_would_do_and_leaves_nothing(tmp_path: Path) -> None:
    done = bench(*WORDS, "--dry-run", "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stdout[-3000:]
    text = " ".join(done.stdout.split())
    assert "concrete_slump 14 networks" in text
    assert text.endswith("Nothing was trained or written.")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_stopped_session_says_how_to_go_on_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = [sys.executable, "-m", "pytest", *WORDS, "--out", str(folder)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as session:
        path = folder / "records.jsonl"
        while not (path.is_file() and b'"record":"Fit"' in path.read_bytes()):
            assert session.poll() is None
            time.sleep(0.05)
        session.send_signal(signal.SIGTERM)
        printed, _ = session.communicate(timeout=30)
    assert session.returncode == 128 + signal.SIGTERM
    assert f"jointbench report {folder} draws its report; to go on: pytest {' '.join(WORDS)} --out {folder}" in printed
    assert "Traceback" not in printed
    before = path.read_bytes()
    done = bench(*WORDS, "--out", str(folder))
    assert done.returncode == 0
    assert "of its records are there" in done.stdout
    assert path.read_bytes().startswith(before)
    assert list(read_records(folder))
