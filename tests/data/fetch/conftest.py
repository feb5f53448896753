"""A cache and datasets of its own for every test, and the site with and without a network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import ucimlrepo.fetch
from greenhouse import CARD, RANGES, ROWS, SLUG, UCI_ID, Uci, canonical, rows

from jointbench.data import catalog
from jointbench.data.fetch import CACHE_VARIABLE, LAYOUTS, Layout


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
        line = f'sha256 = "{sha256}"' if sha256 else ""
        (folder / SLUG / "card.toml").write_text(CARD.format(sha256=line, rows=ROWS, uci_id=UCI_ID), encoding="utf-8")

    write(hashlib.sha256(canonical()).hexdigest())
    monkeypatch.setattr(catalog, "datasets_folder", lambda: folder)
    monkeypatch.setitem(LAYOUTS, UCI_ID, Layout("greenhouse.xlsx", RANGES, decimals=2))
    return write


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
