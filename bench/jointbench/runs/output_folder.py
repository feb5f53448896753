"""The folder that a command writes to: new, or one in which it overwrites nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from jointbench.errors import BadInput, DidNotFinish
from jointbench.records.whole_file import is_there, reason, write_text

RUNS = Path("results/runs")


@contextmanager
def output_folder(out: str | Path | None, suffix: str, writes: Sequence[str]) -> Iterator[Path]:
    """``new_folder`` for the length of a command; a folder that it made and left empty by an error is removed.

    Raises DidNotFinish for what the system denies in between, such as another process.
    """
    folder = _named(out, suffix)
    missing = [path for path in (folder, *folder.parents) if not is_there(path)]
    try:
        yield new_folder(folder, suffix, writes)
    except BaseException as error:
        with suppress(OSError):  # of a folder that is not there, or not empty
            for path in missing:
                path.rmdir()
        if isinstance(error, OSError):
            raise DidNotFinish(f"the work into {folder} was stopped: {reason(error)}") from error
        raise


def new_folder(out: str | Path | None, suffix: str, writes: Sequence[str], option: str = "--out") -> Path:
    """The folder ``out``, or one named by the time and ``suffix``, to write files of these names into.

    Raises BadInput where it has one of them already, cannot be made, or cannot be written to.
    """
    folder = _named(out, suffix)
    for name in writes:
        if is_there(folder / name):
            raise BadInput(f"{option} {folder}: it has a {name} already; name another folder, nothing was overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(f"{option} {folder}: it cannot be made or written to ({reason(error)}); name another") from error
    return folder


def write_results(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes files of these names when the work is done. Raises DidNotFinish where that fails."""
    try:
        for name, text in texts.items():
            write_text(folder / name, text)
    except BadInput as error:
        raise DidNotFinish(str(error)) from error


def _named(out: str | Path | None, suffix: str) -> Path:
    if out is None:
        return RUNS / (datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3] + suffix)
    if not str(out):
        raise BadInput('--out "": name a folder; --out . is the current one')
    return Path(out)
