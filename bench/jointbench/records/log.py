"""A run's records while it runs: each is appended as it is made, and is in the file before the next one is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from jointbench.errors import BadInput, DidNotFinish
from jointbench.records import Record
from jointbench.records.store import to_line
from jointbench.records.whole_file import reason


class RecordLog:
    """A new file of records. Raises BadInput where there is one already: another run has the folder."""

    def __init__(self, path: Path) -> None:
        self._path, self._count, self._bytes = path, 0, 0
        try:
            self._file = path.open("xb", buffering=0)  # of two runs one makes it
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

    def append(self, record: Record) -> None:
        """Writes the record. Raises DidNotFinish where that fails; the file then ends with the record before."""
        line = memoryview(to_line(record).encode() + b"\n")
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:]) or 0
        except BaseException as error:  # someone who stops the run may do so within a line
            with suppress(OSError):
                self._file.truncate(self._bytes)
            if not isinstance(error, OSError):
                raise
            remedy = (
                f"its {self._count} records are kept, and `jointbench report {self._path.parent}` shows them where "
                f"there is room"
            )
            raise DidNotFinish(
                f"{self._path} cannot be written ({reason(error)}); {remedy if self._count else 'there is no record yet'}"
            ) from error
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise DidNotFinish(f"{self._path} was removed while the run wrote to it, and its records with it")
        self._count, self._bytes = self._count + 1, self._bytes + len(line)

    def discard(self) -> None:
        """Removes the file: the run did not begin."""
        self._file.close()
        with suppress(OSError):
            self._path.unlink()
