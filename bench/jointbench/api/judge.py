"""``jointbench.judge``: verdicts on a frame of predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from jointbench.api.compare import words
from jointbench.api.result import Result, result_of
from jointbench.data.columns import Source
from jointbench.errors import BadInput
from jointbench.predictions.long_table import read_predictions
from jointbench.runs.judged import SCENARIOS, JudgeOptions, judge_into
from jointbench.runs.verdict_options import verdict_criteria

if TYPE_CHECKING:
    from jointbench.types import Kind


def judge_frame(
    frame: pd.DataFrame,
    *,
    joint: str,
    kinds: Mapping[str, Kind],
    costs: Mapping[str, Mapping[str, float]],
    criteria: tuple[Mapping[str, float] | float | None, float | None, float | None],
    name: str,
) -> Result:
    """See ``jointbench.judge``. criteria: rope, probability and worth."""
    if unknown := set(costs) - set(SCENARIOS):
        raise BadInput(f"costs: {min(unknown)!r} is none of {', '.join(SCENARIOS)}")
    rope, probability, worth = criteria
    plain = frame.reset_index(drop=True)
    digest = hashlib.sha256(pd.util.hash_pandas_object(plain.astype(str), index=False).to_numpy().tobytes()).hexdigest()
    predictions = read_predictions(plain, Source(Path(name)), digest, name, kinds)
    outputs = [output.name for output in predictions.outputs]
    options = JudgeOptions(
        joint=joint,
        kinds=kinds,
        costs={SCENARIOS[scenario]: dict(arms) for scenario, arms in costs.items()},
        criteria=verdict_criteria(words(rope), probability, worth, outputs),
    )
    return result_of(lambda folder: judge_into(folder, predictions, options, "jointbench.judge(frame)"))
