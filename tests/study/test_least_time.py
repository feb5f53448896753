"""A budget that no machine could keep is refused before anything runs; a larger one is not."""

from __future__ import annotations

import pytest

from jointbench.errors import BadInput
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.study.least_time import check_budget_covers_a_round, least_seconds
from jointbench.study.profiles import profile_named


def test_more_work_takes_longer_and_a_budget_below_it_is_refused() -> None:
    options = RunOptions(datasets=("concrete_slump", "auto_mpg"), backends=("torch",), jobs=2)
    planned = experiments(options, load_datasets(options, profile_named("quick")))
    config = study_config(options)
    least = least_seconds(planned, config)
    assert 1.0 < least_seconds(planned[:1], config) < least < 20.0
    check_budget_covers_a_round(planned, config, least)
    with pytest.raises(BadInput, match=r"--budget 0.5: one round of training alone takes at least about 2 s here"):
        check_budget_covers_a_round(planned, config, 0.5)
