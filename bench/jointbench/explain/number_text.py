"""Numbers as text for sentences."""

from __future__ import annotations


def signed(value: float, digits: int = 3) -> str:
    """With its sign. A value that rounds to zero has none, so that it does not look like a gain or a loss."""
    text = f"{value:+.{digits}f}"
    return text if any(character in "123456789" for character in text) else text[1:]


def percent(share: float) -> str:
    """Without decimals; 0% only for exactly 0 and 100% only for exactly 1."""
    return "more than 99%" if 0.99 < share < 1 else "less than 1%" if 0 < share < 0.01 else f"{share:.0%}"
