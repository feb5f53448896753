"""Who installs jointbench installs what it imports, and nothing else."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = {"annotated-types": "annotated_types", "scikit-learn": "sklearn", "pytest-benchmark": "pytest_benchmark"}
FOR_PANDAS = {"pyarrow"}  # it reads Parquet with it


def imported() -> set[str]:
    """The top modules that the package and the benchmark suite import."""
    modules = set()
    for path in (ROOT / "bench").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    return modules


def test_every_dependency_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in project["dependencies"]}
    assert {MODULES.get(name, name) for name in names} - imported() <= FOR_PANDAS
