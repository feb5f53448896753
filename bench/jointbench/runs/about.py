"""What a run's folder holds about itself beside its records: environment.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from jointbench.comparison.build import describe
from jointbench.comparison.closing import with_rows
from jointbench.comparison.criteria import DEFAULT_CRITERIA, WORTH, VerdictCriteria
from jointbench.comparison.summary.recipe import recipe_summary
from jointbench.comparison.summary.run import DatasetSummary
from jointbench.comparison.verdict import PROBABILITY
from jointbench.records.json_file import FileFormat, read_json
from jointbench.records.strict_json import strict_json
from jointbench.records.whole_file import write_text
from jointbench.runs.options import RunOptions
from jointbench.runtime.environment import BEGAN, environment
from jointbench.stats.correlated_t_test import ROPE
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Experiment
from jointbench.types import Positive

ENVIRONMENT = "environment.json"
ENVIRONMENT_SCHEMA_VERSION = 1
FORMAT = FileFormat("a run's environment.json", ENVIRONMENT_SCHEMA_VERSION, "name the folder of a run")


@dataclass(frozen=True, kw_only=True)
class About:
    """The content of environment.json. rope, probability, ropes, worth: the criteria of the run's verdicts. rounds: of
    training, at the most; each dataset's repeats are those of the first.

    backends, devices: what was asked for; () where the run is older than this. finished: whether the run came to its
    end; None where it is older. options: what was asked for, None of tables in memory and where the run is older.
    """

    schema_version: int
    profile: str
    engine: str
    command: str
    notes: tuple[str, ...]
    machine: dict[str, str]
    datasets: tuple[DatasetSummary, ...]
    rope: Annotated[float, Interval(gt=0, lt=1)] = ROPE
    probability: Annotated[float, Interval(gt=0.5, lt=1)] = PROBABILITY
    backends: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    finished: bool | None = None
    ropes: tuple[tuple[str, Annotated[float, Interval(gt=0, lt=1)]], ...] = ()
    worth: Annotated[float, Interval(ge=0, lt=1)] = WORTH
    rounds: Positive = 1
    options: RunOptions | None = None

    @property
    def criteria(self) -> VerdictCriteria:
        return VerdictCriteria(self.rope, self.probability, self.ropes, self.worth)

    def with_criteria(self, criteria: VerdictCriteria) -> About:
        """The same run, decided by others."""
        return replace(
            self,
            rope=criteria.rope,
            probability=criteria.probability,
            ropes=criteria.ropes,
            worth=criteria.worth,
        )


@dataclass(frozen=True, kw_only=True)
class RunDescription:
    """How a run came about, for its folder.

    reruns: by dataset, the command that runs it alone; advice on sample size is made from it. options: what was asked for;
    None of tables in memory.
    """

    profile: str
    command: str
    notes: tuple[str, ...] = ()
    criteria: VerdictCriteria = DEFAULT_CRITERIA
    reruns: Mapping[str, str] = field(default_factory=dict)
    options: RunOptions | None = None


def about_study(
    experiments: Sequence[Experiment], config: StudyConfig, description: RunDescription, families: Sequence[str] = ()
) -> About:
    """What is known of a run before it begins. families: of estimators beside the networks."""
    return About(
        schema_version=ENVIRONMENT_SCHEMA_VERSION,
        profile=description.profile,
        engine=config.engine,
        command=description.command,
        notes=description.notes,
        machine={**environment(), BEGAN: datetime.now(UTC).isoformat(timespec="seconds")},
        datasets=tuple(
            _described(at, experiment, description)
            for experiment in experiments
            for at in (experiment, *experiment.larger)
        ),
        backends=(*config.backends, *families),
        devices=config.devices,
        finished=False,
        rounds=config.rounds,
        options=description.options,
    ).with_criteria(description.criteria)


def _described(at: Experiment, first: Experiment, description: RunDescription) -> DatasetSummary:
    """A table at one of its numbers of rows. first: at its fewest."""
    slug = first.dataset.slug
    command = description.reruns.get(slug, "")
    described = describe(
        at.dataset,
        at.splits,
        at.seeds,
        recipe_summary(at.recipe_rows, at.recipe, at.shape, at.splits),
        command if at is first else with_rows(command, at.dataset.rows),
        size_of="" if at is first else slug,
    )
    return replace(described, trials=at.trials)


def write_about(folder: Path, about: About) -> None:
    """Raises BadInput where it cannot be written."""
    write_text(folder / ENVIRONMENT, strict_json(asdict(about), indent=2) + "\n")


def mark_finished(folder: Path, about: About) -> About:
    """The account of a run that has come to its end, written."""
    finished = replace(about, finished=True)
    write_about(folder, finished)
    return finished


def about_run(folder: Path) -> About:
    """The folder's account of its run. Raises BadInput when it holds no run, or one of another version."""
    return read_json(folder / ENVIRONMENT, About, FORMAT)
