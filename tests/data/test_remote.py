"""Fetching datasets that are not bundled: the real UCI client against a local server that answers as UCI's does."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import openpyxl
import pandas as pd
import pytest
import ucimlrepo.fetch
from typer.testing import CliRunner

from jointbench.cli import app, main
from jointbench.data import bundled, remote
from jointbench.data.bundled import available_slugs, bundled_slugs, card_of, cards, load_bundled, verified_bytes
from jointbench.data.remote import CACHE_VARIABLE, LAYOUTS, Layout, cached_file, fetch, is_fetched
from jointbench.errors import BadInput

SLUG = "greenhouse"
UCI_ID = 9001
ROWS = 24
RANGES = {"X1": (0.0, 1.0), "X2": (100.0, 200.0), "X3": (2.0, 5.0), "Y1": (0.0, 50.0), "Y2": (0.0, 50.0)}
CARD = """
title = "A greenhouse that is not there"
{sha256}
rows = {rows}
source = "a test"
licence = "CC BY 4.0"
citation = "none"
made_from = "not bundled"
uci_id = {uci_id}
outputs = [{{ name = "Y1", kind = "regression" }}, {{ name = "Y2", kind = "regression" }}]
categorical = ["X3"]
leaks = ["none"]
"""


def rows() -> pd.DataFrame:
    """The table with more decimals than UCI shows in one cell, as a spreadsheet has."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "X1": random.uniform(0, 1, ROWS).round(2),
            "X2": np.linspace(100, 200, ROWS).round() + 0.0,
            "X3": np.arange(ROWS) % 4 + 2,
            "Y1": random.uniform(0, 50, ROWS).round(2),
            "Y2": random.uniform(0, 50, ROWS).round(2),
        }
    )
    frame.loc[5, "Y1"] = 18.1858
    return frame


def canonical() -> bytes:
    """The bytes that every source of these rows must give, written down independently of the code that makes them."""
    lines = ["X1,X2,X3,Y1,Y2"]
    lines += [
        f"{x1!r},{int(x2)},{int(x3)},{round(y1, 2)!r},{y2!r}" for x1, x2, x3, y1, y2 in rows().to_numpy().tolist()
    ]
    return ("\n".join(lines) + "\n").encode()


def write_xlsx(frame: pd.DataFrame, path: Path) -> Path:
    """As UCI's spreadsheet: behind the table formatted but empty rows and columns, and further empty sheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*frame.columns, None, None])
    for row in frame.to_numpy(object).tolist():
        sheet.append(row)
    for behind in range(len(frame) + 2, len(frame) + 20):
        for column in range(1, frame.shape[1] + 3):
            sheet.cell(behind, column).number_format = "0.00"
    book.create_sheet("Sheet2")
    book.save(path)
    return path


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """As people export that spreadsheet: two decimals everywhere, empty columns and rows behind."""
    lines = [",".join(frame.columns) + ",,"]
    lines += [
        ",".join(f"{value:.2f}" if name != "X3" else str(int(value)) for name, value in row.items()) + ",,"
        for _, row in frame.iterrows()
    ]
    lines += [",,,,,,"] * 3
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A folder of datasets with the greenhouse's card in it; call it to write the card with another sha256."""
    folder = tmp_path / "datasets"
    (folder / SLUG).mkdir(parents=True)

    def write(sha256: str) -> None:
        said = f'sha256 = "{sha256}"' if sha256 else ""
        (folder / SLUG / "card.toml").write_text(CARD.format(sha256=said, rows=ROWS, uci_id=UCI_ID), encoding="utf-8")

    write(hashlib.sha256(canonical()).hexdigest())
    monkeypatch.setattr(bundled, "datasets_folder", lambda: folder)
    monkeypatch.setitem(LAYOUTS, UCI_ID, Layout("greenhouse.xlsx", RANGES, decimals=2))
    return write


@dataclass
class Uci:
    """A server on this machine that answers as archive.ics.uci.edu does."""

    table: str
    importable: bool = True
    garbled: bool = False
    missing: int = 200  # HTTP status for an id that is not there; the body's own is 404
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str) -> tuple[int, str, str]:
        """Status, content type and body."""
        self.asked.append(path)
        parts = urlsplit(path)
        if parts.path == f"/static/public/{UCI_ID}/data.csv":
            return 200, "text/csv", self.table
        if self.garbled:
            return 200, "text/html", "<html>down for maintenance</html>"
        if parse_qs(parts.query).get("id") != [str(UCI_ID)]:
            return (
                self.missing,
                "application/json",
                json.dumps({"status": 404, "statusText": "Not found", "message": "Error: no such dataset"}),
            )
        variables = [
            {
                "name": name,
                "role": "Feature" if name.startswith("X") else "Target",
                "type": "Continuous",
                "demographic": None,
                "description": None,
                "units": None,
                "missing_values": "no",
            }
            for name in RANGES
        ]
        data = {
            "uci_id": UCI_ID,
            "name": "Greenhouse",
            "repository_url": f"{self.address}/dataset/{UCI_ID}",
            "data_url": f"{self.address}/static/public/{UCI_ID}/data.csv" if self.importable else None,
            "abstract": "",
            "num_instances": ROWS,
            "variables": variables,
            "additional_info": {"summary": ""},
            "intro_paper": None,
        }
        return 200, "application/json", json.dumps({"status": 200, "statusText": "OK", "data": data})


@pytest.fixture
def uci(monkeypatch: pytest.MonkeyPatch) -> Iterator[Uci]:
    site = Uci(rows().round(2).to_csv(index=False))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name http.server calls
            status, kind, body = site.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(ucimlrepo.fetch, "API_BASE_URL", f"{site.address}/api/dataset")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that nothing listens on: it was just given back."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    monkeypatch.setattr(ucimlrepo.fetch, "API_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}/api/dataset")


def refused(*words: str, copy: Path | None = None) -> None:
    """Fetching fails with one sentence that holds these words, and leaves nothing behind."""
    with pytest.raises(BadInput) as raised:
        fetch(SLUG, card_of(SLUG), copy)
    said = str(raised.value)
    assert "\n" not in said
    for word in words:
        assert word in said, said
    assert not remote.cache_folder().exists()


def test_the_client_fetches_the_table_and_it_loads_without_a_network(uci: Uci, cache: Path) -> None:
    assert not is_fetched(SLUG)
    said = fetch(SLUG, card_of(SLUG))
    table = cache / "datasets" / SLUG / f"{SLUG}.csv"
    assert str(table) in said
    assert f"UCI (id {UCI_ID})" in said
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
        kept = cached_file(SLUG, card_of(SLUG))
        assert kept.read_bytes() == canonical(), copy.name
        assert load_bundled(SLUG).rows == ROWS
        kept.unlink()


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


WRONG: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no Y2": (lambda frame: frame.drop(columns="Y2"), "has no column 'Y2'"),
    "one column more": (lambda frame: frame.assign(X9=1), "has a column 'X9' too many"),
    "a row short": (lambda frame: frame.iloc[1:], "has 23 rows"),
    "out of range": (
        lambda frame: frame.assign(X2=frame["X2"] * 10),
        "column 'X2' holds '1000.0' in data row 1, not a number from 100 to 200",
    ),
    "a gap": (
        lambda frame: frame.assign(Y1=frame["Y1"].where(frame.index != 2)),
        "column 'Y1' holds 'nan' in data row 3",
    ),
    "text": (
        lambda frame: frame.assign(X1=frame["X1"].astype(object).where(frame.index != 7, "warm")),
        "column 'X1' holds 'warm' in data row 8",
    ),
    "infinite": (
        lambda frame: frame.assign(Y2=frame["Y2"].where(frame.index != 0, np.inf)),
        "column 'Y2' holds 'inf' in data row 1",
    ),
    "another order": (lambda frame: frame.iloc[::-1], "another order than the table of the card"),
    "other values": (lambda frame: frame.assign(Y1=frame["Y1"].where(frame.index != 4, 1.25)), "other values"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_table_is_refused(change: Callable[[pd.DataFrame], pd.DataFrame], message: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    change(rows()).to_csv(copy, index=False)
    refused(str(copy), message, "expected is UCI's greenhouse.xlsx", "24 rows", copy=copy)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    rows().assign(**{" X1 ": 0.5}).to_csv(copy, index=False)
    refused("has a column twice", copy=copy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("copy.xlsx", b"X1,X2\n1,2\n", "cannot be read as a spreadsheet"),
        ("copy.xlsx", b"PK\x03\x04 cut off", "cannot be read as a spreadsheet"),
        ("copy.xlsx", None, "there is no such file"),
        ("copy.csv", None, "there is no such file"),
        ("copy.csv", b"", "is empty"),
        ("copy.zip", b"PK\x03\x04", "neither .xlsx nor .csv"),
        ("copy.xls", b"\xd0\xcf\x11\xe0", "neither .xlsx nor .csv"),
    ],
)
def test_a_file_that_is_no_table_is_refused(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    if content is not None:
        copy.write_bytes(content)
    refused(str(copy), message, copy=copy)


def test_a_cut_off_spreadsheet_is_refused(tmp_path: Path) -> None:
    copy = write_xlsx(rows(), tmp_path / "copy.xlsx")
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    refused("cannot be read as a spreadsheet", copy=copy)


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


def test_the_cache_is_the_platforms_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "")
    assert remote.cache_folder().name.lower() in ("jointbench", "cache")
    monkeypatch.setenv(CACHE_VARIABLE, "~/elsewhere")
    assert remote.cache_folder() == Path.home() / "elsewhere"


def test_a_dataset_that_nobody_can_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LAYOUTS, UCI_ID)
    refused("neither a bundled file nor a UCI id", "not bundled")


def test_the_commands_treat_a_fetched_dataset_as_a_bundled_one(
    uci: Uci, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, ["datasets", *words])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    assert "fetch it" in said("list")
    assert f"not here; jointbench datasets fetch {SLUG}" in said("show", SLUG)
    assert SLUG not in said("verify")
    assert "kept in" in said("fetch", SLUG)
    assert "already here" in said("fetch", SLUG)
    assert "fetched" in said("list")
    assert f"{SLUG}.csv" in said("show", SLUG)
    assert f"{SLUG}: as its card says" in said("verify")
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
