"""What a reader must know of a table's columns: one sentence for all columns of which the same is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MOST_NAMED = 8  # columns in a sentence
FindingKind = Literal[
    "copy",
    "tells",
    "class",
    "identifier",
    "free text",
    "constant",
    "duplicate",
    "marks",
    "high mark",
    "mixed",
    "counts rows",
]
SENTENCES: dict[FindingKind, str] = {
    "copy": "Features that are an output again: {}. Skill on it says nothing; leave them out with --drop, unless "
    "they are known before the output is.",
    "tells": "Columns that tell an output nearly exactly on their own: {}. Where one is not known before the output is, "
    "leave it out with --drop: skill on the output says nothing.",
    "class": "Classes with the name of a missing value: {}. Only an empty cell is a missing label.",
    "identifier": "Left out as identifiers of the rows: {}. --keep COLUMN uses one.",
    "free text": "Left out as free text: {}. Networks here read numbers and names: give columns that are made from it.",
    "constant": "Left out, because they hold one value: {}. --keep COLUMN uses one.",
    "duplicate": "Left out, because another column holds the same: {}. --keep COLUMN uses one.",
    "marks": "Read as missing: {}, far below all other values. --keep COLUMN takes it for a value.",
    "high mark": "Far above all other values: {}. If it stands for a missing value, empty those cells.",
    "mixed": "Read as names, with other values among them: {}.",
    "counts rows": "Features that count the rows of the file: {}. If one is an identifier, leave it out with --drop.",
}


@dataclass(frozen=True)
class Finding:
    """What is true of one column. text: the column and what it holds, as one of the items of a sentence."""

    kind: FindingKind
    text: str


def sentences(findings: Sequence[Finding]) -> tuple[str, ...]:
    """A sentence for each kind of finding, the gravest first."""
    return tuple(
        sentence.format(_listed(texts))
        for kind, sentence in SENTENCES.items()
        if (texts := [finding.text for finding in findings if finding.kind == kind])
    )


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_NAMED
    return ", ".join(texts[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
