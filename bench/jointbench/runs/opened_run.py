"""A run's folder in the hands of one process: new, or with the records of a run that was cut off or came to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jointbench.errors import BadInput
from jointbench.records import Record
from jointbench.records.lock import locked
from jointbench.records.log import RecordLog
from jointbench.records.store import PACKED, RECORDS, read_records, uncollected
from jointbench.records.whole_file import is_regular, is_there
from jointbench.runs.about import ENVIRONMENT, About, about_run, write_about
from jointbench.runs.companions import read_companions
from jointbench.runs.output_folder import output_folder
from jointbench.runs.same_study import difference

SUMMARY, REPORT = "summary.json", "report.html"
RUN_FILES = (RECORDS, PACKED, ENVIRONMENT, SUMMARY, REPORT)


@dataclass(frozen=True, eq=False)
class OpenedRun:
    """A run in its folder. about: its account of itself. records: those that were there; none of a finished one.

    log: where further ones go; None of a finished run.
    """

    folder: Path
    about: About
    records: tuple[Record, ...]
    log: RecordLog | None

    @property
    def sentence(self) -> str:
        """What was found in the folder; "" where it is a new run."""
        if self.log is None:
            return f"The run in {self.folder} has come to its end; nothing was trained, this is its result."
        if not self.records:
            return ""
        torn = "; its last record was half written and is made again" if self.log.repaired else ""
        return f"Going on with the run in {self.folder}: {len(self.records):,} of its records are there{torn}."


def holds_run(folder: Path) -> bool:
    """Is a run of jointbench here, of a version that can be read?"""
    if not is_regular(folder / ENVIRONMENT):
        return False
    try:
        about_run(folder)
    except BadInput:
        return False
    return True


@contextmanager
def run_folder(out: str | Path | None) -> Iterator[Path]:
    """``output_folder`` for a run: a folder that holds one is taken too."""
    known = bool(out) and holds_run(Path(str(out)))
    with output_folder(out, "", () if known else RUN_FILES) as folder:
        yield folder


@contextmanager
def opened_run(folder: Path, asked: About) -> Iterator[OpenedRun]:
    """The run in the folder, which no other process writes to meanwhile; a new one where there is none.

    asked: what it is to be. Raises BadInput where the folder holds a run of another study, and where it is damaged.
    """
    read_companions(folder)  # a file that is not one of ours is refused now, not after the work
    with locked(folder), ExitStack() as files:
        if not holds_run(folder):
            yield OpenedRun(folder, asked, (), files.enter_context(_new_log(folder, asked)))
            return
        about = about_run(folder)
        if (other := difference(about, asked)) is not None:
            raise BadInput(f"--out {folder}: the run in it is of another study: {other}; name another folder")
        if about.finished:
            yield OpenedRun(folder, about, (), None)
            return
        if not is_there(folder / RECORDS) and is_there(folder / PACKED):
            raise BadInput(
                f"--out {folder}: its records are packed, and what was left out is needed to go on; name another folder"
            )
        log = files.enter_context(RecordLog(folder / RECORDS, going_on=True))
        with uncollected():
            records = tuple(read_records(folder / RECORDS))
        log.count = len(records)
        yield OpenedRun(folder, about, records, log)


def _new_log(folder: Path, about: About) -> RecordLog:
    """Raises BadInput, and leaves nothing, where the folder has other records or cannot be written to."""
    if is_there(folder / RECORDS):
        raise BadInput(f"{folder} has a {RECORDS} already; name another folder, nothing was overwritten")
    write_about(folder, about)  # first: a folder with records and without it could not be gone on with
    try:
        return RecordLog(folder / RECORDS)
    except BaseException:
        with suppress(OSError):
            (folder / ENVIRONMENT).unlink()
        raise
