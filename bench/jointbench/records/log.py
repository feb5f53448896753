"""A run's records while it runs: each is appended as it is made, and is in the file before the next one is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from jointbench.errors import BadInput, DidNotFinish
from jointbench.records import Record
from jointbench.records.store import is_torn, last_line, to_line
from jointbench.records.whole_file import is_regular, open_regular, reason, write_bytes

TOGETHER = ".together.jsonl"  # beside the file: records on their way into it that must all be there, or none


class RecordLog:
    """A new file of records, or one to go on with: ``repaired`` then says whether half a last record was cut off.

    count: of the records in it; who goes on with a file says how many there are. Raises BadInput where a new one is there already, and where it cannot be written.
    """

    def __init__(self, path: Path, *, going_on: bool = False) -> None:
        self._path, self.count, self.repaired = path, 0, False
        self._together = path.with_name(TOGETHER)
        try:
            if going_on and is_regular(path):
                self._file = path.open("r+b", buffering=0)
                self._bytes = self._repair()
            else:
                self._file = path.open("xb", buffering=0)  # of two runs one makes it
                self._bytes = 0
        except FileExistsError as error:
            raise BadInput(
                f"{path.parent} has a {path.name} already; name another folder, nothing was overwritten"
            ) from error
        except OSError as error:
            raise BadInput(f"{path} cannot be written ({reason(error)})") from error

    def __enter__(self) -> RecordLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, *records: Record) -> None:
        """Writes records, of several all or none, even where the process is killed meanwhile.

        Raises DidNotFinish where that fails; the file then ends with the record before.
        """
        text = _text(records)
        try:
            if len(records) > 1:
                write_bytes(self._together, text)
            self._write(text)
        except BaseException as error:  # someone who stops the run may do so within a line
            with suppress(OSError):
                self._file.truncate(self._bytes)
            if not isinstance(error, OSError | BadInput):
                raise
            raise self._unwritable(error) from error
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise DidNotFinish(f"{self._path} was removed while the run wrote to it, and its records with it")
        self.count, self._bytes = self.count + len(records), self._bytes + len(text)
        if len(records) > 1:
            self._together.unlink(missing_ok=True)

    def _write(self, text: bytes) -> None:
        line, written = memoryview(text), 0
        while written < len(line):
            written += self._file.write(line[written:]) or 0

    def _unwritable(self, error: OSError | BadInput) -> DidNotFinish:
        folder = self._path.parent
        remedy = (
            f"its {self.count} records are kept, and `jointbench report {folder}` shows them where "
            f"there is room; the same command with --out {folder} goes on"
        )
        kept = remedy if self.count else "there is no record yet"
        return DidNotFinish(
            f"{self._path} cannot be written ({reason(error)}); {kept}"
            if isinstance(error, OSError)
            else f"{error}; {kept}"
        )

    def _repair(self) -> int:
        """Cuts off half a last line, adds the line end that a whole one lacks, and writes what was on its way.

        Returns the bytes that there are then.
        """
        last = last_line(self._file)
        end = self._file.seek(0, os.SEEK_END)
        if last and is_torn(last):
            self._file.truncate(end - len(last))
            self.repaired = True
        elif last:
            self._file.write(b"\n")
        if is_regular(self._together):
            with open_regular(self._together) as file:
                lines = file.read().splitlines(keepends=True)
            self._file.seek(0, os.SEEK_END)
            self._write(b"".join(lines[self._written_of(lines) :]))
            self._together.unlink()
            self.repaired = False  # what was cut off is there now
        return self._file.seek(0, os.SEEK_END)

    def _written_of(self, lines: list[bytes]) -> int:
        """How many of these lines the file ends with."""
        for count in range(len(lines), 0, -1):
            text = b"".join(lines[:count])
            if self._file.seek(0, os.SEEK_END) >= len(text):
                self._file.seek(-len(text), os.SEEK_END)
                if self._file.read(len(text)) == text:
                    self._file.seek(0, os.SEEK_END)
                    return count
        self._file.seek(0, os.SEEK_END)
        return 0


def _text(records: Iterable[Record]) -> bytes:
    return b"".join(to_line(record).encode() + b"\n" for record in records)
