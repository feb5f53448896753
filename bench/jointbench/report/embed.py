"""Files inside the page: links that save them without a network."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass

from jointbench.comparison.summary.run import Summary
from jointbench.comparison.summary.schema import summary_fields
from jointbench.records.strict_json import strict_json

MOST_RECORDS = 100_000  # letters of base64: more would make the page too large for a mail attachment
DIGITS = 9  # more than any measurement has; a third smaller than all digits
WORTH_TRYING = 8 * MOST_RECORDS  # records shrink about sixfold


@dataclass(frozen=True)
class Download:
    """A file to save.

    href: a data: link, or "" where the file is too large to be carried; then ``note`` says where it is.
    """

    name: str
    href: str
    note: str


def summary_json(summary: Summary, indent: int | None = None) -> str:
    """summary.json's text, its numbers to DIGITS significant digits. Compact unless indented."""
    return strict_json(summary_fields(summary), indent, DIGITS)


def downloads(summary: Summary, records_jsonl: str | None) -> tuple[Download, ...]:
    """Links for the summary and, where they fit, the records."""
    packed = gzip.compress(summary_json(summary).encode(), 9, mtime=0)
    files = [Download("summary.json.gz", _link("application/gzip", packed), "every number on this page")]
    if records_jsonl is not None:
        files.append(_records(records_jsonl))
    return tuple(files)


def _records(text: str) -> Download:
    name, note = "records.jsonl.gz", "every fit, fold and timing, one JSON object a line"
    if len(text) <= WORTH_TRYING:
        packed = gzip.compress(text.encode(errors="replace"), 6, mtime=0)
        if len(packed) * 4 / 3 <= MOST_RECORDS:
            return Download(name, _link("application/gzip", packed), note)
    return Download("records.jsonl", "", f"{note}; too large for this page, it lies in the run's folder")


def _link(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
