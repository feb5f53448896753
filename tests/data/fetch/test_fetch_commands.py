"""What the commands do with datasets that are fetched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from greenhouse import SLUG, UCI_ID, Uci, refused
from typer.testing import CliRunner

from jointbench.cli.app import app, main
from jointbench.data import fetch as fetching
from jointbench.data.catalog import available_slugs, bundled_slugs, card_of, cards
from jointbench.data.fetch import CACHE_VARIABLE, LAYOUTS, cached_file


def test_the_cache_is_the_platforms_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "")
    assert fetching.cache_folder().name.lower() in ("jointbench", "cache")
    monkeypatch.setenv(CACHE_VARIABLE, "~/elsewhere")
    assert fetching.cache_folder() == Path.home() / "elsewhere"


def test_a_dataset_that_nobody_can_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LAYOUTS, UCI_ID)
    refused("neither a bundled file nor a UCI id", "not bundled")


def test_the_commands_treat_a_fetched_dataset_as_a_bundled_one(
    uci: Uci, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def printed(*words: str) -> str:
        result = CliRunner().invoke(app, ["datasets", *words])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    assert "fetch it" in printed("list")
    assert f"not here; jointbench datasets fetch {SLUG}" in printed("show", SLUG)
    assert SLUG not in printed("verify")
    assert "kept in" in printed("fetch", SLUG)
    assert "already here" in printed("fetch", SLUG)
    assert "fetched" in printed("list")
    assert f"{SLUG}.csv" in printed("show", SLUG)
    assert f"{SLUG}: as its card says" in printed("verify")
    assert available_slugs() == [SLUG]
    assert bundled_slugs() == []

    cached_file(SLUG, card_of(SLUG)).write_bytes(b"X1\n1\n")
    result = CliRunner().invoke(app, ["datasets", "verify"])
    assert result.exit_code == 2
    assert "not the file that was fetched" in result.output


@pytest.mark.usefixtures("offline")
def test_the_command_says_one_sentence_and_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["jointbench", "datasets", "fetch", SLUG])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"jointbench: {SLUG} could not be fetched")
    assert error.count("\n") == 1


@pytest.mark.usefixtures("offline")
def test_fetching_a_bundled_dataset_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    result = CliRunner().invoke(app, ["datasets", "fetch", "auto_mpg"])
    assert result.exit_code == 0
    assert "auto_mpg is bundled" in result.output


def test_every_card_without_a_file_can_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for slug, card in cards().items():
        if card.file is None:
            assert card.uci_id in LAYOUTS, slug
            assert len(card.sha256) == 64, slug
            assert {output.name for output in card.outputs} | set(card.categorical) <= set(
                LAYOUTS[card.uci_id].ranges
            ), slug
