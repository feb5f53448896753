"""The workflows and the action: YAML that says what it means, and shell that a shell accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = (ROOT / ".ci" / "run", ROOT / ".ci" / "base-and-head")


def steps(path: Path) -> list[dict[str, Any]]:
    body = yaml.safe_load(path.read_text())
    jobs = [body["runs"]] if path.name == "action.yml" else list(body["jobs"].values())
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_every_step_runs_or_uses_something(path: Path, tmp_path: Path) -> None:
    for step in steps(path):
        assert ("run" in step) != ("uses" in step)
        if "run" in step:
            # What a pull request can choose (a branch's name, an input) reaches the shell as a variable, never as text.
            assert "${{" not in step["run"]
            accepted_by_a_shell(step["run"], tmp_path)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_shell(script: Path, tmp_path: Path) -> None:
    assert script.stat().st_mode & 0o111
    accepted_by_a_shell(script.read_text(), tmp_path)


def accepted_by_a_shell(text: str, folder: Path) -> None:
    """Parsed by bash, and read by shellcheck where it is installed."""
    file = folder / "step.sh"
    file.write_text(text)
    checkers = [["bash", "-n", str(file)]]
    if shellcheck := shutil.which("shellcheck"):
        checkers.append([shellcheck, "--shell=bash", str(file)])
    for words in checkers:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_benchmark_workflow_uses_this_action_with_inputs_that_it_has() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (used,) = (step for step in steps(ROOT / ".github" / "workflows" / "benchmark.yml") if step.get("uses") == "./")
    assert set(used["with"]) <= set(action["inputs"])
    assert {name for name, properties in action["inputs"].items() if properties.get("required")} <= set(used["with"])


def test_ci_holds_smoke_to_the_committed_baseline() -> None:
    assert 'jointbench check "$out/smoke" --baseline results/baseline-smoke.json' in (ROOT / ".ci" / "run").read_text()
    assert '"profile": "smoke"' in (ROOT / "results" / "baseline-smoke.json").read_text()
