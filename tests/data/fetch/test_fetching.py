"""Fetching datasets that are not bundled: the real UCI client against a local server that answers as UCI's does."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ucimlrepo.fetch
from greenhouse import ROWS, SLUG, UCI_ID, Uci, canonical, refused, rows, write_csv, write_xlsx

from jointbench.data.catalog import available_slugs, card_of, load_bundled, verified_bytes
from jointbench.data.fetch import CACHE_VARIABLE, cached_file, fetch, is_fetched
from jointbench.errors import BadInput


def test_the_client_fetches_the_table_and_it_loads_without_a_network(uci: Uci, cache: Path) -> None:
    assert not is_fetched(SLUG)
    sentence = fetch(SLUG, card_of(SLUG))
    table = cache / "datasets" / SLUG / f"{SLUG}.csv"
    assert str(table) in sentence
    assert f"UCI (id {UCI_ID})" in sentence
    assert uci.asked == [f"/api/dataset?id={UCI_ID}", f"/static/public/{UCI_ID}/data.csv"]
    assert table.read_bytes() == canonical()
    record = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["sha256"] == hashlib.sha256(canonical()).hexdigest()
    assert sorted(path.name for path in table.parent.iterdir()) == [f"{SLUG}.csv", f"{SLUG}.json"]

    dataset = load_bundled(SLUG)
    assert len(uci.asked) == 2
    assert dataset.features.shape == (ROWS, 3)
    assert isinstance(dataset.features, pd.DataFrame)
    assert list(dataset.features["X3"].cat.categories) == ["2", "3", "4", "5"]
    np.testing.assert_array_equal(dataset.targets["Y1"], rows()["Y1"].round(2))
    assert dataset.provenance.sha256 == record["sha256"]


@pytest.mark.usefixtures("offline")
def test_copies_give_the_same_bytes_as_the_client(tmp_path: Path) -> None:
    for copy in (write_xlsx(rows(), tmp_path / "copy.xlsx"), write_csv(rows(), tmp_path / "copy.csv")):
        fetch(SLUG, card_of(SLUG), copy)
        cached = cached_file(SLUG, card_of(SLUG))
        assert cached.read_bytes() == canonical(), copy.name
        assert load_bundled(SLUG).rows == ROWS
        cached.unlink()


def test_what_is_here_and_intact_is_left_alone(uci: Uci, tmp_path: Path) -> None:
    fetch(SLUG, card_of(SLUG), write_csv(rows(), tmp_path / "copy.csv"))
    before = cached_file(SLUG, card_of(SLUG)).stat().st_mtime_ns
    assert "already here and intact" in fetch(SLUG, card_of(SLUG))
    assert "already here and intact" in fetch(SLUG, card_of(SLUG), tmp_path / "no such file.csv")
    assert uci.asked == []
    assert cached_file(SLUG, card_of(SLUG)).stat().st_mtime_ns == before


def test_a_truncated_file_is_refused_and_fetching_mends_it(uci: Uci) -> None:
    fetch(SLUG, card_of(SLUG))
    table = cached_file(SLUG, card_of(SLUG))
    table.write_bytes(table.read_bytes()[:-40])
    with pytest.raises(BadInput, match=rf"not the file that was fetched: sha256 .*jointbench datasets fetch {SLUG}$"):
        load_bundled(SLUG)
    assert "kept in" in fetch(SLUG, card_of(SLUG))
    assert table.read_bytes() == canonical()
    assert len(uci.asked) == 4


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b'{"sha256": "0123"}', "does not record the sha256"),
        (b"[]", "does not record the sha256"),
        (b'{"sha2', "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
@pytest.mark.usefixtures("uci")
def test_a_damaged_record_is_refused(record: bytes, message: str) -> None:
    fetch(SLUG, card_of(SLUG))
    cached_file(SLUG, card_of(SLUG)).with_suffix(".json").write_bytes(record)
    with pytest.raises(BadInput, match=rf"{message}.*jointbench datasets fetch {SLUG}$"):
        verified_bytes(SLUG, card_of(SLUG))


@pytest.mark.usefixtures("uci")
def test_a_file_without_its_record_was_not_fetched() -> None:
    fetch(SLUG, card_of(SLUG))
    cached_file(SLUG, card_of(SLUG)).with_suffix(".json").unlink()
    assert SLUG not in available_slugs()
    with pytest.raises(BadInput, match=f"not bundled; get it with: jointbench datasets fetch {SLUG}"):
        load_bundled(SLUG)


def test_a_card_without_a_sha256_trusts_the_record(uci: Uci, card: Callable[[str], None]) -> None:
    card("")
    fetch(SLUG, card_of(SLUG))
    table = cached_file(SLUG, card_of(SLUG))
    assert load_bundled(SLUG).rows == ROWS
    table.write_bytes(table.read_bytes() + b"\n")
    with pytest.raises(BadInput, match="not the file that was fetched"):
        load_bundled(SLUG)


@pytest.mark.usefixtures("offline")
def test_without_a_network_it_says_what_was_tried() -> None:
    refused(
        f"UCI id {UCI_ID}",
        "ucimlrepo",
        "127.0.0.1",
        "Connection refused",
        "--from FILE",
        "greenhouse.xlsx",
        "24 rows",
        "X1, X2, X3, Y1, Y2",
    )


def test_answers_that_are_no_dataset(uci: Uci, monkeypatch: pytest.MonkeyPatch) -> None:
    uci.importable = False
    refused("not available for import", "--from FILE")
    uci.garbled = True
    refused("Expecting value", "--from FILE")
    monkeypatch.setattr(ucimlrepo.fetch, "API_BASE_URL", f"{uci.address}/api/dataset?name=another")
    uci.garbled = False
    refused("Error: no such dataset", "--from FILE")
    uci.missing = 404
    refused("HTTP Error 404: Not Found", "--from FILE")


def test_a_table_that_uci_changed_is_not_kept(uci: Uci) -> None:
    uci.table = uci.table.replace("18.19", "18.29")
    refused(f"UCI (id {UCI_ID})", "other values", "instead of")
    uci.table = uci.table.rpartition("\n")[0].rpartition("\n")[0]
    refused(f"UCI (id {UCI_ID})", "23 rows", "expected is")


def test_without_the_client_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ucimlrepo", None)
    monkeypatch.delitem(sys.modules, "ucimlrepo.fetch")
    refused("pip install 'jointbench[uci]'", "--from FILE", "greenhouse.xlsx")
    assert "kept in" in fetch(SLUG, card_of(SLUG), write_csv(rows(), tmp_path / "copy.csv"))


def test_without_openpyxl_a_spreadsheet_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = write_xlsx(rows(), tmp_path / "copy.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    refused(str(copy), "pip install openpyxl", ".csv", copy=copy)


def test_a_cache_that_cannot_be_written(cache: Path, tmp_path: Path) -> None:
    cache.write_text("a file in its place", encoding="utf-8")
    with pytest.raises(BadInput, match=f"cannot be written.*{CACHE_VARIABLE}"):
        fetch(SLUG, card_of(SLUG), write_csv(rows(), tmp_path / "copy.csv"))


def test_nothing_half_written_when_writing_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path) -> None:
    copy = write_csv(rows(), tmp_path / "copy.csv")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BadInput, match="No space left on device"):
        fetch(SLUG, card_of(SLUG), copy)
    assert not any(path.is_file() for path in cache.rglob("*"))


@pytest.mark.usefixtures("uci")
def test_a_disk_that_is_full_keeps_the_old_table_with_its_record(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """A new table beside the record of an old one would be refused as damaged."""
    fetch(SLUG, card_of(SLUG))
    table = cached_file(SLUG, card_of(SLUG))
    table.write_bytes(b"damaged")
    before = {path.name: path.read_bytes() for path in table.parent.iterdir()}
    syncs = iter([None, OSError(28, "No space left on device")])

    def sync(descriptor: int) -> None:
        if error := next(syncs):
            raise error

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(BadInput, match=f"No space left on device.*{CACHE_VARIABLE}"):
        fetch(SLUG, card_of(SLUG))
    assert {path.name: path.read_bytes() for path in table.parent.iterdir()} == before


def test_a_cache_whose_name_is_too_long_holds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "x" * 300)
    assert available_slugs() == []
    with pytest.raises(BadInput, match=f"File name too long.*{CACHE_VARIABLE}"):
        fetch(SLUG, card_of(SLUG), write_csv(rows(), tmp_path / "copy.csv"))


REAL_COPIES = [Path(os.environ["JOINTBENCH_ENERGY_FILE"])] if "JOINTBENCH_ENERGY_FILE" in os.environ else []

if REAL_COPIES:  # a copy of UCI's table is not part of the repository

    @pytest.mark.parametrize("copy", REAL_COPIES, ids=lambda path: path.suffix)
    def test_a_real_copy_is_the_table_of_the_card(copy: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        monkeypatch.setenv(CACHE_VARIABLE, str(cache))
        fetch("energy_efficiency", card_of("energy_efficiency"), copy)
        dataset = load_bundled("energy_efficiency")
        assert dataset.features.shape == (768, 8)
        assert (dataset.targets["Y1"].min(), dataset.targets["Y1"].max()) == (6.01, 43.1)
        assert (dataset.targets["Y2"].min(), dataset.targets["Y2"].max()) == (10.9, 48.03)
