"""The structure holds: imports point down, frameworks stay in their backends, and asking for help is cheap."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "tensorflow", "keras", "pandas", "sklearn", "matplotlib", "numpy")


def test_imports_point_down() -> None:
    done = subprocess.run(["lint-imports", "--no-cache"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_command_line_imports_nothing_heavy() -> None:
    """`jointbench --help` answers at once because it loads no framework and no data library."""
    code = f"import sys, jointbench.cli.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        f"import sys, jointbench; jointbench.compare_arms; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
