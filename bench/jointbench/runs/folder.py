"""A run's folder: records, summary, environment and report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import cattrs
import numpy as np

from jointbench.compare.build import DEFAULT, describe, summarise
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.summary.recipe import recipe_summary
from jointbench.compare.summary.run import DatasetSummary, Summary
from jointbench.compare.verdict import PROBABILITY
from jointbench.errors import BadInput
from jointbench.explain.answer import Answer
from jointbench.explain.answer_store import read_answers, write_answers
from jointbench.records import SCHEMA_VERSION, Fit, Record
from jointbench.records.store import RECORDS, open_records, read_records, records_path, to_line
from jointbench.runtime.environment import environment
from jointbench.scaling.run import SCALING, read_study
from jointbench.stats.correlated_t_test import ROPE
from jointbench.study.config import Progress, StudyConfig
from jointbench.study.plan import Experiment
from jointbench.study.run import run

SUMMARY, ENVIRONMENT, REPORT = "summary.json", "environment.json", "report.html"
ENGINE = "engine.json"
EXPLAIN_PAGE = "explain.html"


@dataclass(frozen=True, kw_only=True)
class About:
    """What a run's folder holds about itself beside its records; rope and probability: its verdicts' criteria."""

    schema_version: int
    profile: str
    engine: str
    command: str
    notes: tuple[str, ...]
    machine: dict[str, str]
    datasets: tuple[DatasetSummary, ...]
    rope: float = ROPE
    probability: float = PROBABILITY


@dataclass(frozen=True, kw_only=True)
class RunDescription:
    """How a run came about, for its folder.

    reruns: by dataset, the command that runs it alone; advice on sample size is made from it.
    """

    profile: str
    command: str
    notes: tuple[str, ...] = ()
    criteria: VerdictCriteria = DEFAULT
    reruns: Mapping[str, str] = field(default_factory=dict)


def new_folder(out: Path | None, suffix: str = "", holds: str = RECORDS) -> Path:
    """The folder ``out``, or one named by the time. Raises BadInput when it has the file ``holds`` already."""
    folder = out or Path("results/runs") / (datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3] + suffix)
    if (folder / holds).exists():
        raise BadInput(f"--out {folder}: it has a {holds} already; name another folder, nothing was overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {folder}: the folder cannot be made ({error.strerror})") from error
    return folder


def execute(
    experiments: Sequence[Experiment],
    config: StudyConfig,
    folder: Path,
    description: RunDescription,
    progress: Progress,
) -> Summary:
    """Runs the study and writes its folder. Records are written as they come: a killed run keeps what it has."""
    about = About(
        schema_version=SCHEMA_VERSION,
        profile=description.profile,
        engine=config.engine,
        command=description.command,
        notes=description.notes,
        machine=environment(),
        datasets=tuple(
            describe(
                experiment.dataset,
                experiment.splits,
                experiment.seeds,
                recipe_summary(experiment.recipe_rows, experiment.recipe, experiment.shape, experiment.splits),
                description.reruns.get(experiment.dataset.slug, ""),
            )
            for experiment in experiments
        ),
        rope=description.criteria.rope,
        probability=description.criteria.probability,
    )
    (folder / ENVIRONMENT).write_text(json.dumps(asdict(about), indent=2) + "\n", encoding="utf-8")
    records: list[Record] = []
    with (folder / RECORDS).open("w", encoding="utf-8", newline="\n") as file:
        for record in run(experiments, config, progress):
            records.append(_without_training_loss(record))
            file.write(to_line(record) + "\n")
            file.flush()
    progress("report", "", 0, 1)
    summary = publish(folder, about, records)
    progress("report", "", 1, 1)
    return summary


def publish(folder: Path, about: About, records: Sequence[Record]) -> Summary:
    """Writes summary and report of these records into the folder."""
    from jointbench.report.embed import WORTH_TRYING, summary_json
    from jointbench.report.page import render  # drawing libraries take a second to import

    summary = summarise(
        records,
        about.datasets,
        profile=about.profile,
        engine=about.engine,
        command=about.command,
        notes=about.notes,
        criteria=VerdictCriteria(about.rope, about.probability),
    )
    (folder / SUMMARY).write_text(summary_json(summary, indent=1) + "\n", encoding="utf-8")
    with open_records(records_path(folder)) as file:
        text = file.read(WORTH_TRYING + 1).decode(errors="replace")  # a longer text does not fit into the page
    page = render(
        summary,
        about.machine,
        text,
        fits=[record for record in records if isinstance(record, Fit)],
        us_per_step=_engine_speed(folder),
        scaling=read_study(folder / SCALING) if (folder / SCALING).is_file() else None,
        explained=read_answers(folder),
    )
    (folder / REPORT).write_text(page, encoding="utf-8")
    return summary


def publish_answers(folder: Path, command: str, answers: Sequence[Answer], notes: Sequence[str]) -> None:
    """Writes the answers and their page into the folder, and into the report of a run that is there."""
    from jointbench.report.explained_page import render_answers

    explained = write_answers(folder, command, answers, notes)
    (folder / EXPLAIN_PAGE).write_text(render_answers(explained, environment()), encoding="utf-8")
    if records_path(folder).is_file():
        republish(folder)


def _engine_speed(folder: Path) -> dict[str, float] | None:
    """Microseconds per step from the engine's benchmark, if it ran in this folder."""
    path = folder / ENGINE
    return dict(json.loads(path.read_text(encoding="utf-8"))["us_per_step"]) if path.is_file() else None


def about_run(folder: Path) -> About:
    """The folder's account of its run. Raises BadInput when it holds no run, or one of another version."""
    path = folder / ENVIRONMENT
    try:
        about = cattrs.structure(json.loads(path.read_text(encoding="utf-8")), About)
    except OSError as error:
        raise BadInput(f"{folder} holds no run: {path.name} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, cattrs.BaseValidationError) as error:
        raise BadInput(f"{path} is not a run's {path.name}") from error
    if about.schema_version != SCHEMA_VERSION:
        raise BadInput(f"{path} has schema version {about.schema_version}; this jointbench reads {SCHEMA_VERSION}")
    return about


def republish(folder: Path, rope: float | None = None, probability: float | None = None) -> Summary:
    """Redraws a run's summary and report from its records; None keeps the run's own criterion.

    Raises BadInput when the folder holds no run.
    """
    about = about_run(folder)
    about = replace(
        about,
        rope=about.rope if rope is None else rope,
        probability=about.probability if probability is None else probability,
    )
    return publish(folder, about, [_without_training_loss(record) for record in read_records(folder)])


def _without_training_loss(record: Record) -> Record:
    """The record without what neither summary nor page shows: a fifth of the memory of a large run's records."""
    return replace(record, train_loss=np.zeros((0, 0))) if isinstance(record, Fit) else record
