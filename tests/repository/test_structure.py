"""The structure holds: a small root, few layers, files and functions that fit on a screen, nothing large in git."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bench" / "jointbench"
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS, MOST_LAYERS = 300, 50, 7, 12
LARGEST_FILE_BYTES = 3_000_000
NO_CONCEPT = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def parameters(function: ast.FunctionDef) -> int:
    names = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return sum(name.arg not in ("self", "cls") for name in names)


def is_a_list(function: ast.FunctionDef) -> bool:
    """One expression after the other fields are read: a value built field by field, which splitting would not shorten."""
    longest = max(node.end_lineno - node.lineno + 1 for node in function.body if node.end_lineno is not None)
    lines = (function.end_lineno or 0) - function.lineno + 1
    return lines - longest <= LONGEST_FUNCTION // 2 and isinstance(function.body[-1], ast.Return)


def test_the_root_of_the_package_has_four_modules() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "types.py", "errors.py"}


def test_there_are_few_layers() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    assert len(layers["layers"]) <= MOST_LAYERS


def test_no_file_is_long() -> None:
    long = {
        path.name: n
        for path in tracked()
        if path.suffix == ".py" and (n := path.read_text().count("\n")) > LONGEST_FILE
    }
    assert long == {}


def test_every_file_is_named_for_a_concept() -> None:
    assert [path for path in tracked() if path.name in NO_CONCEPT] == []


def test_functions_are_short_and_take_few_parameters() -> None:
    long, many = [], []
    for path in PACKAGE.rglob("*.py"):
        for function in functions(path):
            public = path == PACKAGE / "__init__.py"
            options = public or path.parent.name == "cli"  # they are a list, and so is what is said of each
            start = function.body[public].lineno if options else function.lineno
            lines = (function.end_lineno or 0) - start + 1
            if lines > LONGEST_FUNCTION and not is_a_list(function):
                long.append(f"{path.relative_to(PACKAGE)}: {function.name}, {lines} lines")
            if parameters(function) > MOST_PARAMETERS and not options:
                many.append(f"{path.relative_to(PACKAGE)}: {function.name}, {parameters(function)} parameters")
    assert long == []
    assert many == []


def test_nothing_large_is_in_git() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > LARGEST_FILE_BYTES] == []
