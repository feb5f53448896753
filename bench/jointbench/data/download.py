"""A table's file from the web: downloaded whole, within a time and a size."""

from __future__ import annotations

import base64
import http.client
import time
import urllib.request
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from jointbench.data.decompressed import LIMIT_TEXT, MOST_BYTES
from jointbench.data.file_kind import KNOWN_SUFFIXES
from jointbench.data.web_address import without_credentials
from jointbench.errors import BadInput

SILENCE_SECONDS = 60.0  # without a byte
DOWNLOAD_SECONDS = 600.0  # in all
CHUNK_BYTES = 1 << 20
SUFFIXES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/gzip": ".gz",
    "application/zstd": ".zst",
    "application/zip": ".zip",
}


def download(address: str, folder: Path) -> Path:
    """The file at an address, in this folder, called as there. Raises BadInput where there is none to be had.

    A suffix that says nothing (/download?id=5) is replaced by that of the type which the server gives.
    """
    shown = without_credentials(address)
    try:
        request = _request(address)
        opener = urllib.request.build_opener(_Redirects())
        with opener.open(request, timeout=SILENCE_SECONDS) as answer:
            kind = answer.headers.get_content_type()
            if kind in ("text/html", "application/xhtml+xml"):
                raise BadInput(
                    f"{shown} is a web page, not a table; give the address of the file itself (on GitHub: Raw)"
                )
            path = folder / _file_name(address, answer.geturl(), kind)
            with path.open("wb") as file:
                _copy(answer, file, shown)
        return path
    except HTTPError as error:
        error.close()
        reason = f"the server answers {error.code} {error.reason}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, URLError) else error
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0][:200]
    raise BadInput(f"{shown} could not be downloaded: {reason}; download it and name the file")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to another place, by the same scheme or the safer one, and to no file of this machine."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> Any:
        target = urljoin(req.full_url, headers.get("Location", ""))
        before, after = urlsplit(req.full_url).scheme.lower(), urlsplit(target).scheme.lower()
        if after not in (before, "https"):
            fp.close()
            raise BadInput(
                f"{without_credentials(req.full_url)} leads to an address of another kind, {after[:20]}:; "
                f"download the table and name the file"
            )
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _request(address: str) -> urllib.request.Request:
    """User and password in an address go into a header, and to no other host that the server leads to."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(  # noqa: S310  # http or https: is_web_address says so
        urlunsplit((parts.scheme, host, parts.path, parts.query, "")), headers={"User-Agent": "jointbench"}
    )
    if at:
        word = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {word}")
    return request


def _file_name(asked: str, reached: str, kind: str) -> str:
    """The last part of the address that was asked for, or else of where it led, with a suffix that says what it is."""
    names = [PurePosixPath(unquote(urlsplit(address).path)).name for address in (asked, reached)]
    names = ["".join(letter if letter.isprintable() and letter not in '\\/:"' else "_" for letter in n) for n in names]
    for name in names:
        if name.lower().endswith(KNOWN_SUFFIXES):
            return name[-100:]
    stem = names[0] or urlsplit(asked).hostname or "table"
    return stem[:90] + SUFFIXES.get(kind, "")


def _copy(answer: Any, file: IO[bytes], shown: str) -> None:
    """Raises BadInput for too much or too long, OSError for less than was announced."""
    announced = int(answer.headers.get("Content-Length", -1))
    begun, given = time.monotonic(), 0
    while given <= MOST_BYTES and announced <= MOST_BYTES:
        chunk = answer.read1(CHUNK_BYTES)
        if not chunk:
            if given < announced:
                raise OSError(f"it ended after {given:,} of {announced:,} bytes")
            return
        file.write(chunk)
        given += len(chunk)
        if time.monotonic() - begun > DOWNLOAD_SECONDS:
            raise OSError(f"it took more than {DOWNLOAD_SECONDS:g} s")
    raise BadInput(f"{shown} has more than {LIMIT_TEXT}, the most that is downloaded; give a part of the table's rows")
