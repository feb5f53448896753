"""A bundled dataset whose file is not the one of its card any more: one sentence, before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import ended
from jointbench.data.catalog import card_of, datasets_folder

SLUG = "concrete_slump"


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def folder_in_its_place(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [flip_a_bit, cut, empty, Path.unlink, folder_in_its_place], ids=lambda d: d.__name__)
def test_a_damaged_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    shutil.copytree(datasets_folder() / SLUG, tmp_path / "datasets" / SLUG)
    monkeypatch.setattr("jointbench.data.catalog.datasets_folder", lambda: tmp_path / "datasets")
    file = tmp_path / "datasets" / SLUG / str(card_of(SLUG).file)
    damage(file)
    code, _, err = ended("run", SLUG, "--profile", "smoke", "--backend", "torch", "--out", tmp_path / "run")
    assert code == 2
    assert err.startswith(f"jointbench: {file} ")
    assert err.count("\n") == 1
    assert "reinstall jointbench" in err
    assert not (tmp_path / "run").exists()
    code, out, _ = ended("datasets", "verify")
    assert (code, SLUG in out) == (2, True)
