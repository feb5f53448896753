"""The engine's benchmark reaches the page with every contender and its number, and is absent where it was not run."""

from __future__ import annotations

from jointbench.report.tables.engine import engine_table


def test_every_contender_is_there_the_slowest_first() -> None:
    table = engine_table({"tensorflow_stacked_20": 17.68, "keras_fit": 1139.22, "sklearn_mlp": 242.23})
    assert [row[0].text for row in table.rows] == ["keras_fit", "sklearn_mlp", "tensorflow_stacked_20"]
    assert [row[1].text for row in table.rows] == ["1,139.2", "242.2", "17.7"]
    assert table.rows[0][1].values == (1139.22,)
