"""One process at a time writes to a run's folder; a second one is told so at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jointbench.errors import BadInput
from jointbench.records.whole_file import reason

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder. The system lets go of it when the process ends, however that ends.

    Raises BadInput where another process holds it, or it cannot be locked.
    """
    from filelock import FileLock, Timeout

    path = folder / LOCK
    lock = FileLock(path, is_singleton=False)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise BadInput(
            f"{folder}: another run is writing to it; wait until that has ended, or name another folder"
        ) from error
    except (OSError, NotImplementedError) as error:
        raise BadInput(f"{path} cannot be locked ({reason(error)}); name another folder") from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # while it is held: whoever has opened it meanwhile finds it gone, and begins anew
        with suppress(OSError):
            lock.release()
