"""Numbers in sentences: no sign without a difference, no certainty by rounding."""

from __future__ import annotations

import pytest

from jointbench.explain.number_text import percent, signed


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0003, "0.000"), (0.0, "0.000"), (0.0007, "+0.001"), (-0.1234, "-0.123"), (1.0, "+1.000")]
)
def test_what_rounds_to_zero_has_no_sign(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0%"), (1.0, "100%"), (0.997, "more than 99%"), (0.002, "less than 1%"), (0.481, "48%")]
)
def test_all_and_none_are_not_said_of_most_and_little(share: float, text: str) -> None:
    assert percent(share) == text
