"""Files that are written whole or not at all, and that are files: no device, pipe or folder is read or replaced."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import EACCES
from pathlib import Path
from typing import BinaryIO

from jointbench.errors import BadInput
from jointbench.records.strict_json import well_formed

# Opening a pipe that nobody writes to would wait forever; Windows translates line ends unless told not to.
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of ``path`` when the block ends without an error; ``path`` is untouched before.

    Raises BadInput where it cannot be written, and where ``path`` is there and is no regular file.
    """
    partial: Path | None = None
    try:
        target = Path(os.path.realpath(path))  # a link stays one
        mode = _mode(target)
        beside = target.with_name(f".{secrets.token_hex(8)}.partial")
        with beside.open("xb") as file:
            partial = beside
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(target)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({reason(error)})") from error
    finally:
        if partial is not None:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes the file in one step, its text ``well_formed``. Raises BadInput as ``whole_file`` does."""
    write_bytes(path, well_formed(text).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes the file in one step. Raises BadInput as ``whole_file`` does."""
    with whole_file(path) as file:
        file.write(content)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Writes files that belong together, all of them or none; the first is the last to take its place.

    Raises BadInput as ``whole_file`` does.
    """
    with ExitStack() as files:
        for path, content in contents.items():
            file = files.enter_context(whole_file(path))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk shows here, before any of them has taken its place


def open_regular(path: Path, remedy: str = "") -> BinaryIO:
    """The file, open for reading. Raises BadInput, with the remedy, where there is none or it is no regular file."""
    try:
        descriptor = os.open(path, FLAGS)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read ({reason(error)}){remedy and '; '}{remedy}") from error
    raise BadInput(f"{path} cannot be read (it is no regular file){remedy and '; '}{remedy}")


def is_there(path: Path) -> bool:
    """Whether anything has this name, be it a link to nowhere; false where that cannot be told."""
    return os.path.lexists(path)


def is_regular(path: Path) -> bool:
    """Whether this is a regular file, or a link to one; false where that cannot be told."""
    return os.path.isfile(path)  # noqa: PTH113 - unlike Path.is_file it raises nothing for a path that is too long


def reason(error: Exception) -> str:
    """What the system says, without the path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _mode(target: Path) -> int | None:
    """The permissions of a file that may be replaced; None for a new one."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError("it is there and is no regular file")
    if not os.access(target, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES))
    return stat.S_IMODE(mode)
