"""Seconds as people say them."""

from __future__ import annotations


def spoken(seconds: float) -> str:
    """No more exact than an estimate is: 8 s, 25 s, 3 min, 1 h 20 min."""
    if seconds < 10:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    tens = 10 * round(minutes / 10)
    return f"{tens // 60} h" + (f" {tens % 60} min" if tens % 60 else "")
