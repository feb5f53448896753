"""Verdicts on predictions that somebody else made: read, compared, and published like a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.comparison.summary.run import DatasetSummary, Summary
from jointbench.data.columns import Source, source_of
from jointbench.data.read_file import read_table
from jointbench.errors import BadInput
from jointbench.predictions.long_table import read_predictions
from jointbench.predictions.predictions import Predictions
from jointbench.predictions.to_records import to_records
from jointbench.records import Record, Scenario, StatedCost
from jointbench.records.log import RecordLog
from jointbench.records.store import RECORDS
from jointbench.records.strict_json import well_formed
from jointbench.runs.about import ENVIRONMENT_SCHEMA_VERSION, About, write_about
from jointbench.runs.folder import publish
from jointbench.runtime.environment import environment
from jointbench.types import EXTERNAL, Kind

JOINT = "joint"
BACKEND = "predictions"  # stands where a study names its framework
SCENARIOS: dict[str, Scenario] = {"training": "training", "request": "request"}


@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """How predictions are judged. joint: the arm whose one model predicts all outputs; costs: by scenario and arm."""

    joint: str = JOINT
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    costs: Mapping[Scenario, Mapping[str, float]] = field(default_factory=dict)
    criteria: VerdictCriteria = DEFAULT_CRITERIA
    backend: str = BACKEND


def read_prediction_files(paths: Sequence[Path], kinds: Mapping[str, Kind]) -> Predictions:
    """One long table, or one file for each arm, named by the arm where it has no column of that name.

    Raises BadInput as ``read_predictions`` does, and for files whose columns differ.
    """
    frames, digest, source = [], hashlib.sha256(), Source(paths[0])
    for path in paths:
        raw = read_table(path)
        source = source_of(raw)
        digest.update(path.read_bytes())
        frame = raw.frame
        if "arm" not in frame.columns:
            if len(paths) == 1:
                raise BadInput(
                    f"{path} has no column 'arm'; name the arm of each line there, or give one file for each arm"
                )
            frame = frame.assign(arm=well_formed(path.stem))
        frames.append(frame)
    together = pd.concat(frames, ignore_index=True)
    name = well_formed(paths[0].stem if len(paths) == 1 else paths[0].absolute().parent.name or "predictions")
    shown = replace(source, path=paths[0] if len(paths) == 1 else Path(name))
    return read_predictions(together, shown, digest.hexdigest(), name, kinds)


def check_arms(predictions: Predictions, options: JudgeOptions) -> None:
    """Raises BadInput for an arm that there is not."""
    for what, names in (("--joint", [options.joint]), *(("--cost", list(arms)) for arms in options.costs.values())):
        if unknown := [name for name in names if name not in predictions.arms]:
            way_out = f"{what} {unknown[0]}" if what == "--joint" else f"{what}: {unknown[0]!r}"
            hint = "; name the arm whose one model predicts all outputs with --joint" if what == "--joint" else ""
            raise BadInput(f"{way_out}: there is no such arm; the arms are {', '.join(predictions.arms)}{hint}")


def judge_records(predictions: Predictions, options: JudgeOptions) -> list[Record]:
    """The predictions and the stated costs as records. Raises BadInput as ``check_arms`` does."""
    check_arms(predictions, options)
    stated = (
        StatedCost(
            dataset=predictions.name, backend=options.backend, device="cpu", arm=arm, scenario=scenario, value=value
        )
        for scenario, arms in options.costs.items()
        for arm, value in arms.items()
    )
    return [*to_records(predictions, options.joint, options.backend), *stated]


def describe_predictions(predictions: Predictions) -> DatasetSummary:
    """The table behind the predictions, as far as they show it."""
    outputs = predictions.outputs
    return DatasetSummary(
        slug=predictions.name,
        title=f"Predictions: {predictions.name}",
        rows=len(predictions.rows),
        features=0,
        outputs=tuple(output.name for output in outputs),
        kinds=tuple(output.kind for output in outputs),
        folds=predictions.folds,
        repeats=predictions.repeats,
        seeds=predictions.seeds,
        notes=("The models are somebody else's: what is not in the predictions was not measured.",),
        source="predictions made elsewhere",
        licence="not stated",
        citation="not stated",
        sha256=predictions.sha256,
        references=(),
        reading=predictions.reading,
        metrics=tuple(output.error_metric for output in outputs),
    )


def judge_into(folder: Path, predictions: Predictions, options: JudgeOptions, command: str) -> Summary:
    """Writes records, summary and page into the folder."""
    records = judge_records(predictions, options)
    about = About(
        schema_version=ENVIRONMENT_SCHEMA_VERSION,
        profile="judge",
        engine=EXTERNAL,
        command=command,
        notes=(),
        machine=environment(),
        datasets=(describe_predictions(predictions),),
        backends=(options.backend,),
        devices=("cpu",),
        finished=True,
    ).with_criteria(options.criteria)
    write_about(folder, about)
    with RecordLog(folder / RECORDS) as log:
        for record in records:
            log.append(record)
    return publish(folder, about, records)


def stated_costs(texts: Sequence[str]) -> dict[Scenario, dict[str, float]]:
    """``training=joint:12.5,separate:31`` and ``request=...``. Raises BadInput for any other form."""
    costs: dict[Scenario, dict[str, float]] = {}
    for text in texts:
        name, _, pairs = text.partition("=")
        if name not in SCENARIOS or not pairs:
            raise BadInput(f"--cost {text}: write training=ARM:NUMBER,ARM:NUMBER or request=ARM:NUMBER,ARM:NUMBER")
        for pair in pairs.split(","):
            arm, _, number = pair.rpartition(":")
            try:
                value = float(number)
            except ValueError:
                value = 0.0
            if not arm or not 0 < value < 1e15:
                raise BadInput(f"--cost {text}: {pair!r} is no ARM:NUMBER with a number above 0")
            costs.setdefault(SCENARIOS[name], {})[arm] = value
    return costs
