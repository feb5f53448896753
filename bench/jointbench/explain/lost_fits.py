"""What became of fits that gave nothing, for the reason why a question has no answer."""

from __future__ import annotations

from collections.abc import Iterable


def lost_fits(failures: Iterable[str | None]) -> str:
    """How many fits failed, and why the first did; "" where none failed. failures: None for a fit that did not."""
    every = list(failures)
    failed = [failure for failure in every if failure is not None]
    if not failed:
        return ""
    count = f"all {len(every)}" if len(failed) == len(every) else f"{len(failed)} of {len(every)}"
    return f"{count} fits failed, the first because: {failed[0]}"


def because(lost: str, otherwise: str = "") -> str:
    """The end of a reason: what ``lost_fits`` says, else another explanation or a way out."""
    return f": {lost}" if lost else f"; {otherwise}" if otherwise else ""
