"""A publication replaces an earlier one, and nothing of the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_run
from commands import ended

pytestmark = pytest.mark.usefixtures("blank_page")


def test_a_publication_is_replaced_by_the_next(tmp_path: Path) -> None:
    run, out = tiny_run.write_run(tmp_path / "run"), tmp_path / "published"
    for _ in range(2):
        assert ended("pack", run, "--publish", out)[0] == 0
        assert {path.name for path in out.iterdir()} == {"environment.json", "report.html", "summary.json"}


@pytest.mark.parametrize("name", ["report.html", "summary.json", "environment.json"])
def test_files_of_the_users_are_not(tmp_path: Path, name: str) -> None:
    run, out = tiny_run.write_run(tmp_path / "run"), tmp_path / "mine"
    out.mkdir()
    (out / name).write_text("precious")
    code, _, err = ended("pack", run, "--publish", out)
    assert code == 2
    assert (
        err == f"jointbench: --publish {out}: it has a {name} already; name another folder, nothing was overwritten\n"
    )
    assert [path.read_text() for path in out.iterdir()] == ["precious"]
