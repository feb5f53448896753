"""Tables through standard input and from the web, from a server on this machine."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.server
import io
import lzma
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from jointbench.data import download, named_table
from jointbench.data.named_table import load_named
from jointbench.data.table_options import TableOptions
from jointbench.data.web_address import without_credentials
from jointbench.errors import BadInput
from jointbench.runs.options import RunOptions, is_path, load_datasets
from jointbench.runs.reruns import reruns
from jointbench.study.profiles import profile_named
from jointbench.types import Dataset

FRAME = pd.DataFrame(
    {
        "x": [i * 7 % 11 + 0.25 for i in range(30)],
        "n": ["left" if i % 3 else "right" for i in range(30)],
        "y": [i * 1.5 for i in range(30)],
        "z": [i * 2.5 + i % 4 for i in range(30)],
    }
)
TEXT = FRAME.to_csv(index=False).encode()
TARGETS = TableOptions(targets=("y", "z"))


def in_memory(write: str) -> bytes:
    content = io.BytesIO()
    getattr(FRAME, write)(content, **({"index": False} if write == "to_excel" else {}))
    return content.getvalue()


CONTENTS = {
    "csv": TEXT,
    "semicolons": FRAME.to_csv(index=False, sep=";", decimal=",").encode("utf-16"),
    "gzip": gzip.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "json lines": FRAME.to_json(orient="records", lines=True).encode(),
    "json lines, gzip": gzip.compress(FRAME.to_json(orient="records", lines=True).encode()),
    "parquet": in_memory("to_parquet"),
    "feather": in_memory("to_feather"),
    "excel": in_memory("to_excel"),
    "arff": b"% made\n@relation t\n"
    + b"".join(b"@attribute %s numeric\n" % name for name in (b"x", b"y", b"z"))
    + b"@data\n"
    + FRAME[["x", "y", "z"]].to_csv(index=False, header=False).encode(),
}


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def refusal(word: str) -> str:
    with pytest.raises(BadInput) as caught:
        load_named(word, TARGETS)
    message = str(caught.value)
    assert "\n" not in message and tempfile.gettempdir() not in message
    return message


def assert_is_the_table(data: Dataset) -> None:
    assert data.targets["y"].tolist() == FRAME["y"].tolist()
    assert isinstance(data.features, pd.DataFrame)
    assert data.features["x"].tolist() == FRAME["x"].tolist()


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_standard_input_is_read_by_its_first_bytes(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    give(monkeypatch, content)
    data = load_named("-", TARGETS)
    assert_is_the_table(data)
    assert (data.slug, data.title, data.provenance.source) == ("stdin", "stdin", "standard input")
    assert data.provenance.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "standard input is empty"),
        (b"x,y\n", "standard input has a header but no rows"),
        (b"\x1f\x8b cut off", "standard input cannot be read"),
        (b"BZh cut off", "standard input cannot be read"),
        (b"\xfd7zXZ\0 cut off", "standard input cannot be read"),
        (b"\x28\xb5\x2f\xfd cut off", "standard input cannot be read"),
        (b"PK\x03\x04 cut off", "standard input cannot be read"),
        (b"PAR1 cut off", "standard input cannot be read"),
        (b"a,b\n1,2\n", "stdin has no column 'y'"),
    ],
)
def test_what_standard_input_lacks_is_said(monkeypatch: pytest.MonkeyPatch, content: bytes, says: str) -> None:
    give(monkeypatch, content)
    assert says in refusal("-")


def test_a_terminal_or_no_input_at_all_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "no table comes through standard input" in refusal("-")
    give(monkeypatch, TEXT)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert "no table comes through standard input" in refusal("-")


def test_too_much_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_table, "MOST_BYTES", 100)
    give(monkeypatch, TEXT)
    assert "standard input has more than" in refusal("-")


@dataclass
class Site:
    """A server on this machine. answers: by path, status, headers and body; seen: the requests that came."""

    address: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    seen: list[tuple[str, str | None]] = field(default_factory=list)

    def has(self, path: str, body: bytes, kind: str = "application/octet-stream", status: int = 200) -> str:
        self.answers[path] = (status, {"Content-Type": kind, "Content-Length": str(len(body))}, body)
        return self.address + path

    def leads(self, path: str, to: str) -> str:
        self.answers[path] = (302, {"Location": to, "Content-Length": "0"}, b"")
        return self.address + path


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            site.seen.append((self.path, self.headers["Authorization"]))
            status, headers, body = site.answers.get(self.path, (404, {"Content-Length": "0"}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "kind", "content", "slug"),
    [
        ("/data/homes.csv", "text/plain", "csv", "homes"),
        ("/homes.csv?raw=1", "application/octet-stream", "csv", "homes"),
        ("/my%20homes.parquet", "application/octet-stream", "parquet", "my homes"),
        ("/iris.data", "text/plain", "semicolons", "iris"),
        ("/download?id=5", "text/csv", "csv", "download"),
        ("/download", "application/octet-stream", "excel", "download"),
        ("/", "application/octet-stream", "json lines", "127.0.0"),
        ("/homes.csv.gz", "application/gzip", "gzip", "homes.csv"),
        ("/..%2F..%2Fhomes.csv", "text/csv", "csv", "homes"),
    ],
)
def test_a_table_from_the_web_is_read_and_its_address_kept(
    site: Site, path: str, kind: str, content: str, slug: str
) -> None:
    address = site.has(path, CONTENTS[content], kind)
    data = load_named(address, TARGETS)
    assert_is_the_table(data)
    assert data.slug == slug
    assert data.provenance.source == address
    assert data.provenance.sha256 == hashlib.sha256(CONTENTS[content]).hexdigest()


def test_the_place_that_an_address_leads_to_may_name_the_file(site: Site) -> None:
    site.has("/files/homes.parquet", CONTENTS["parquet"])
    data = load_named(site.leads("/latest", "/files/homes.parquet"), TARGETS)
    assert_is_the_table(data)
    assert data.provenance.source == f"{site.address}/latest"


def test_user_and_password_are_sent_to_the_host_alone_and_written_nowhere(site: Site) -> None:
    site.has("/there/homes.csv", TEXT)
    word = site.leads("/homes.csv?token=abc&v=2", f"{site.address.replace('127.0.0.1', 'localhost')}/there/homes.csv")
    data = load_named(word.replace("://", "://ann:s%40cret@"), TARGETS)
    assert site.seen[0][1] == "Basic " + base64.b64encode(b"ann:s@cret").decode()
    assert site.seen[1] == ("/there/homes.csv", None)
    assert data.provenance.source == f"{site.address}/homes.csv?token=hidden&v=2"


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("https://ann:pw@host:80/a.csv?x=1#part", "https://host:80/a.csv?x=1"),
        ("https://host/a.csv?X-Amz-Signature=abc&b=%20", "https://host/a.csv?X-Amz-Signature=hidden&b=+"),
        ("HTTP://ann@host/a.csv", "http://host/a.csv"),
        ("http://[broken/a.csv", "http://hidden"),
        ("folder/a@b.csv", "folder/a@b.csv"),
        ("-", "-"),
    ],
)
def test_what_is_secret_in_an_address_is_not_written(word: str, written: str) -> None:
    assert without_credentials(word) == written


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/homes.csv", "data:text/csv,x"])
def test_an_address_that_leads_to_another_kind_is_refused(site: Site, to: str) -> None:
    assert "another kind" in refusal(site.leads("/homes.csv", to))


def test_what_is_not_there_is_one_sentence(site: Site) -> None:
    assert "/no.csv could not be downloaded: the server answers 404" in refusal(f"{site.address}/no.csv")
    assert "is a web page" in refusal(site.has("/page.csv", b"<!doctype html>", "text/html; charset=utf-8"))
    assert "http://127.0.0.1:1/t.csv could not be downloaded" in refusal("http://ann:pw@127.0.0.1:1/t.csv")
    assert "could not be downloaded" in refusal("http://[broken/a.csv")
    message = refusal(site.has("/half.parquet", b"PAR1 cut off"))
    assert message.startswith(f"{site.address}/half.parquet cannot be read")
    assert ".json files are not read" in refusal(site.has("/t.json", b'[{"x": 1}]'))
    assert "homes.csv has no column 'y'" in refusal(site.has("/homes.csv", b"a,b\n1,2\n"))


def test_a_download_that_ends_early_or_is_too_large_or_too_slow_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = site.has("/homes.csv", TEXT)
    site.answers["/cut.csv"] = (200, {"Content-Length": str(len(TEXT) + 5)}, TEXT)
    assert "it ended after" in refusal(f"{site.address}/cut.csv")
    monkeypatch.setattr(download, "DOWNLOAD_SECONDS", -1.0)
    assert "it took more than" in refusal(address)
    monkeypatch.setattr(download, "DOWNLOAD_SECONDS", 60.0)
    monkeypatch.setattr(download, "MOST_BYTES", 100)
    assert "has more than" in refusal(address)
    del site.answers["/homes.csv"][1]["Content-Length"]
    assert "has more than" in refusal(address)


def test_nothing_stays_behind(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    load_named(site.has("/homes.csv", TEXT), TARGETS)
    give(monkeypatch, b"x")
    with pytest.raises(BadInput):
        load_named("-", TARGETS)
    assert list(tmp_path.iterdir()) == []


def test_targets_are_asked_for_before_anything_is_downloaded(site: Site) -> None:
    with pytest.raises(BadInput, match="--target NAME"):
        load_named(site.has("/homes.csv", TEXT), TableOptions())
    assert site.seen == []


def test_the_command_to_run_again_names_the_source(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, TEXT)
    address = site.has("/homes.csv", TEXT)
    assert is_path("-") and is_path(address)
    options = RunOptions(datasets=("-", address), targets=("y", "z"))
    datasets = load_datasets(options, profile_named("smoke"))
    assert reruns(options, datasets) == {
        "stdin": "jointbench run - --target y --target z < FILE",
        "homes": f"jointbench run {address} --target y --target z",
    }
