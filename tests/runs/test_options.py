"""What a run says of itself before it begins."""

from __future__ import annotations

import pytest

from jointbench.runs.notes import notes
from jointbench.runs.options import RunOptions, study_config
from jointbench.study.profiles import PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_says_what_it_cuts(name: str) -> None:
    text = " ".join(notes(RunOptions(profile=name), ("cpu",)))
    for rows in (PROFILES[name].max_rows, PROFILES[name].max_images):
        assert rows is None or f"{rows:,} rows" in text
    assert f"{PROFILES[name].timing_seconds:g} s" in text
    assert study_config(RunOptions(profile=name)).timing_seconds == PROFILES[name].timing_seconds


def test_a_budget_is_what_the_notes_say() -> None:
    sentences = notes(RunOptions(profile="quick", budget=40.0), ("cpu",))
    assert "Budget of 40 s: timing takes at most about 16 s in all." in sentences
    assert not any("90 s" in sentence for sentence in sentences)
