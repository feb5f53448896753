"""What would close an open decision, in words and as a command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from jointbench.comparison.criteria import WORTH, VerdictCriteria
from jointbench.comparison.lean import LeanVerdict
from jointbench.comparison.outlook import MOST_ROWS, Outlook, outlook
from jointbench.comparison.summary.decisions import OpenVerdict
from jointbench.comparison.summary.run import DatasetSummary
from jointbench.comparison.verdict import PROBABILITY
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.row_level import StudentT


def open_verdict(
    lean: LeanVerdict,
    beliefs: Sequence[StudentT],
    dataset: DatasetSummary,
    criteria: VerdictCriteria,
    *,
    saves: bool,
    trainable: bool = True,
) -> OpenVerdict:
    """The lean and what would close the decision. beliefs: of all outputs, in the dataset's order.
    trainable: by a command; what somebody else trained is not."""
    ahead = outlook(dataset.outputs, beliefs, criteria, saves=saves)
    rows = None if ahead.rows is None else _two_digits(ahead.rows * dataset.rows)
    return OpenVerdict(
        lean=lean.lean,
        output=lean.weakest.output,
        expected_loss=lean.expected_loss,
        growth=ahead.growth,
        undecidable=ahead.undecidable,
        rows=rows,
        sentence=_sentence(ahead, rows, dataset, known=all(belief.floor_known for belief in beliefs)),
        command=_command(dataset, criteria, ahead, rows) if trainable else None,
    )


def _sentence(ahead: Outlook, rows: int | None, dataset: DatasetSummary, *, known: bool) -> str:
    if ahead.growth is not None:
        amount = f"{'about' if known else 'at least'} {ahead.growth} times as much training"
        return f"What would decide it, if the differences stay where they are: {amount}."
    if not known:
        return "Not even many times as much training is likely to decide it while the differences stay where they are."
    needed = (
        f"about {rows:,} rows would ({_there_are(dataset)})"
        if rows is not None
        else f"and not even {MOST_ROWS:,} times as many rows would: the difference lies on the edge of what is negligible"
    )
    if ahead.undecidable:
        return f"No training can decide it at this size; {needed}."
    return f"More training alone is not likely to decide it; {needed}."


def _there_are(dataset: DatasetSummary) -> str:
    part = f" of the table's {dataset.cut_from:,}" if dataset.cut_from else ""
    return f"there are {dataset.rows:,}{part}"


def with_rows(command: str, rows: int) -> str:
    """The command, or the call in Python, on so many rows; "" where there is none."""
    return _with(command, "rows", rows) if command else ""


def _with(command: str, option: str, value: int) -> str:
    if command.endswith(")"):
        return f"{command.removesuffix(')')}, {option}={value})"
    return f"{command} --{option} {value}"


def _two_digits(value: float) -> int:
    return int(float(f"{value:.1e}"))


def _command(dataset: DatasetSummary, criteria: VerdictCriteria, ahead: Outlook, rows: int | None) -> str | None:
    """What would close it, where the table has the rows for it."""
    base = dataset.command or f"jointbench run {dataset.slug}"
    more = rows if ahead.growth is None and rows is not None and rows <= dataset.cut_from else None
    if ahead.undecidable and more is None:
        return None
    base = with_rows(base, more) if more else base
    if dataset.trials > 1 and not more:  # a fixed design
        return _with(base, "repeats", dataset.repeats * (ahead.growth or 1)) if ahead.growth else None
    if base.endswith(")"):  # a call in Python
        return base if more else f"{base.removesuffix(')')}, until_decided=True)"
    options = (
        ("rope", criteria.rope, ROPE),
        ("probability", criteria.probability, PROBABILITY),
        ("worth", criteria.worth, WORTH),
    )
    changed = "".join(f" --{option} {value:g}" for option, value, default in options if value != default)
    own = "".join(f" --rope {shlex.quote(f'{name}={rope:g}')}" for name, rope in criteria.ropes)
    return f"{base} --until-decided{changed}{own}"
