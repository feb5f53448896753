"""Numbers as sentences say them."""

from __future__ import annotations


def signed(value: float, digits: int = 3) -> str:
    """With its sign; what rounds to zero has none, so that it is not dressed up as a gain or a loss."""
    text = f"{value:+.{digits}f}"
    return text if any(character in "123456789" for character in text) else text[1:]


def percent(share: float) -> str:
    """Without decimals; 0% and 100% only for none and all of it."""
    return "more than 99%" if 0.99 < share < 1 else "less than 1%" if 0 < share < 0.01 else f"{share:.0%}"
