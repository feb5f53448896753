"""Standard output and error that end no work: where one is full, or nobody reads it any more, the rest is dropped."""

from __future__ import annotations

import io
import os
import sys
from errno import EPIPE
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READER_LEFT = 128 + 13  # as shells count SIGPIPE
DID_NOT_PRINT = 4


class LenientFile(io.FileIO):
    """A file that takes whatever it is given. lost: why what came after a point was not written; None where all was."""

    lost: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        if self.lost is None:
            try:
                return super().write(data)
            except OSError as error:
                self.lost = error
        return memoryview(data).nbytes


def lenient_streams() -> LenientFile | None:
    """Makes both streams of this process lenient; returns the file below standard output, None where it has none."""
    if _open_closed():
        quiet = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lives
        sys.stdout, sys.stderr = sys.stdout or quiet, sys.stderr or quiet
    sys.stderr, _ = _lenient(sys.stderr, sys.__stderr__)
    sys.stdout, file = _lenient(sys.stdout, sys.__stdout__)
    return file


def loss(file: LenientFile | None) -> tuple[int, str]:
    """Exit code and sentence for what could not be printed; 0 for nothing. Who stops reading needs no sentence."""
    if file is None or file.lost is None:
        return 0, ""
    if file.lost.errno == EPIPE:
        return READER_LEFT, ""
    return DID_NOT_PRINT, f"standard output cannot be written ({file.lost.strerror}); files were written as usual"


def _lenient(stream: TextIO, original: TextIO | None) -> tuple[TextIO, LenientFile | None]:
    """The stream anew, on a lenient file; as it is where something else than a plain file has taken its place."""
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream, None
    if type(getattr(stream.buffer, "raw", stream.buffer)) is not io.FileIO:  # a console of Windows
        return stream, None
    stream.flush()
    file = LenientFile(stream.fileno(), "wb", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return text, file


def _open_closed() -> bool:
    """Opens standard streams that were closed (``>&-``); whether there were any.

    Else the next file would be number 1, and be printed into, and the workers' libraries would have nowhere to write.
    """
    closed = [descriptor for descriptor in range(3) if not _is_open(descriptor)]
    for _ in closed:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it takes the lowest free number
    return bool(closed)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
