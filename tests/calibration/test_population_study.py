"""A draw that is in the file already is not made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from jointbench.calibration import population_study
from jointbench.calibration.population_study import DRAWS, DrawPlan, read_draws, study_populations
from jointbench.errors import BadInput


def test_a_study_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    plan = DrawPlan(populations=("wine_quality", "concrete_slump"), sizes=((150, 1),))
    monkeypatch.setattr(population_study, "REPEATS", 1)
    draws = study_populations(plan, tmp_path, lambda *_: None)
    assert [(draw.population, draw.rows, draw.seed) for draw in draws] == [("wine_quality", 150, 0)]
    assert repr(tuple(read_draws(tmp_path / DRAWS))) == repr(draws), "NaN equals nothing"
    monkeypatch.setattr(population_study, "study_draw", lambda *_: pytest.fail("the draw is there"))
    assert repr(study_populations(plan, tmp_path, lambda *_: None)) == repr(draws)


def test_another_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / DRAWS).write_text('{"population": "p"}\n', encoding="utf-8")
    with pytest.raises(BadInput, match=r"draws\.jsonl, line 1, is not a draw"):
        read_draws(tmp_path / DRAWS)
