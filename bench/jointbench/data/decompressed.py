"""The bytes of a text file, decompressed as its last suffix says, and never more than a stated number of them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from jointbench.errors import BadInput

MOST_BYTES = 4 << 30  # of text: a small file can be made that decompresses to any size
LIMIT_TEXT = f"{MOST_BYTES >> 30} GB"


def _zstandard(path: Path) -> Any:
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open, ".zst": _zstandard}
NAMES = {".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".zst": "zstandard", ".zip": "zip"}


class _Limited(io.RawIOBase):
    """A stream that ends with BadInput where it has given more than ``MOST_BYTES``."""

    def __init__(self, stream: Any, path: Path) -> None:
        self._stream, self._path, self._given = stream, path, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._given += len(data)
        if self._given > MOST_BYTES:
            raise BadInput(
                f"{self._path} decompresses to more than {LIMIT_TEXT}, the most text that is read; "
                f"save the table as Parquet, or a part of its rows"
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes. Nothing is unpacked to disk, so a name in a zip file leads nowhere.

    Raises BadInput where it decompresses to too much, or a zip file holds several files.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_member(path, archive)) as file:
            yield _limited(file, path)
    elif suffix in OPENERS:
        with OPENERS[suffix](path) as file:
            yield _limited(file, path)
    else:
        with path.open("rb") as file:
            yield file


def inner_name(path: Path) -> str:
    """What the file is called without its compression, in small letters. Raises BadInput as ``opened`` does."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return _member(path, archive).lower()
    return path.stem.lower() if suffix in OPENERS else path.name.lower()


def _limited(stream: Any, path: Path) -> IO[bytes]:
    return cast(IO[bytes], io.BufferedReader(_Limited(stream, path), 1 << 20))


def _member(path: Path, archive: zipfile.ZipFile) -> str:
    members = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(members) != 1:
        raise BadInput(f"{path} holds {len(members)} files; unpack it and name the table in it")
    return members[0]
