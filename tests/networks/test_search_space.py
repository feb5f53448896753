"""What tuning tries of networks that are not plain."""

from __future__ import annotations

import pytest

from jointbench.networks.architecture import architecture
from jointbench.networks.search_space import configurations
from jointbench.types import Output, Recipe, Shape

OUTPUTS = [Output("a", "regression"), Output("b", "regression")]


def test_a_residual_trunk_keeps_its_stream_and_a_block_wherever_it_is_tuned() -> None:
    pytest.importorskip("optuna")
    base = Shape((32, 64, 64), residual=True, norm="layer", dropout=0.1)
    first, *others = configurations(base, Recipe(optimizer="adamw"), ["a", "b"], 16, 0)
    assert first.shape == base
    assert {len(tried.shape.trunk) - 1 for tried in others} == {1, 2, 3}
    for tried in others:
        stream, *blocks = tried.shape.trunk
        assert stream in (16, 32, 64)
        assert set(blocks) == {2 * stream}
        assert architecture(tried.shape, (7,), OUTPUTS).parameters > 0
    assert len({tried.shape.dropout for tried in others}) == len(others)
    assert all(0 <= tried.shape.dropout <= 0.5 for tried in others)


def test_what_has_no_dropout_is_not_tuned_to_have_some() -> None:
    pytest.importorskip("optuna")
    tried = configurations(Shape((32, 32)), Recipe(), ["a", "b"], 4, 0)
    assert {configuration.shape.dropout for configuration in tried} == {0.0}
