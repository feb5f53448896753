"""What all clients have in common: a limit on silence, and what is said where one of them fails."""

from __future__ import annotations

import importlib
import io
import socket
import urllib.error
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import pandas as pd

TIMEOUT_SECONDS = 60.0  # without an answer; the clients themselves set no limit, or a longer one
LETTERS = 200  # of a client's own sentence


@dataclass(frozen=True, kw_only=True)
class Download:
    """A table as it is kept: its bytes, the suffix that they are read by, and what its repository says of it."""

    content: bytes
    suffix: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    note: str = ""


class NotDownloaded(Exception):
    """What was tried and why it failed, as the second half of a sentence."""


def client(module: str, extra: str) -> ModuleType:
    """The client's module. Raises NotDownloaded where it is not installed."""
    package = module.partition(".")[0]
    missing = f"it takes {package}, which is not installed: pip install 'jointbench[{extra}]'"
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise NotDownloaded(missing) from error
    if getattr(found, "__file__", None) is None:  # a folder of that name, which Python imports too
        raise NotDownloaded(missing)
    return found


@contextmanager
def asking(tried: str) -> Iterator[None]:
    """Whatever the client raises is one sentence on what was tried. Its warnings of new attempts are not shown."""
    try:
        with socket_timeout(TIMEOUT_SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NotDownloaded:
        raise
    except Exception as error:
        raise NotDownloaded(f"{tried} and failed ({reason_of(error)})") from error


def reason_of(error: Exception) -> str:
    """The first line of the error, then of the one that a client hides behind it (no route, refused, HTTP status)."""
    messages: list[str] = []
    for cause in (error, error.__context__):
        if isinstance(cause, urllib.error.HTTPError):
            cause.close()  # a client may leave the response open
        if cause is not None:
            message = (str(cause).strip() or type(cause).__name__).splitlines()[0].strip("<>. ")[:LETTERS]
            messages += [] if any(message in told for told in messages) else [message]
    return ": ".join(messages)


@contextmanager
def socket_timeout(seconds: float) -> Iterator[None]:
    """New connections give up after so many seconds of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def parquet(frame: pd.DataFrame) -> bytes:
    """The frame as a file that declares its categories."""
    buffer = io.BytesIO()
    frame.rename(columns=str).to_parquet(buffer, index=False)
    return buffer.getvalue()
