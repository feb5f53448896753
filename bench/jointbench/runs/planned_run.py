"""A run as it is planned, before anything is trained: what the command and the function have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jointbench.data.web_address import without_credentials
from jointbench.runs.about import RunDescription
from jointbench.runs.notes import cut_notes, notes
from jointbench.runs.options import RunOptions, criteria_of, experiments, study_config
from jointbench.runs.reruns import reruns
from jointbench.runs.table_sizes import growing
from jointbench.study.config import StudyConfig
from jointbench.study.least_time import check_budget_covers_a_round
from jointbench.study.plan import Experiment
from jointbench.types import Dataset


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """What is trained, how, and what its folder says of it."""

    experiments: tuple[Experiment, ...]
    config: StudyConfig
    description: RunDescription

    def on_cluster(self, address: str, trained_by: str) -> PlannedRun:
        """The same run, trained by a cluster. trained_by: a note on it."""
        description = replace(self.description, notes=(*self.description.notes, trained_by))
        return replace(self, config=replace(self.config, cluster=address), description=description)


def plan_run(options: RunOptions, datasets: Sequence[Dataset], command: str, rerun: str = "") -> PlannedRun:
    """Raises BadInput for options that nothing can be done with. rerun: what runs a dataset alone, where it is
    no command."""
    criteria = criteria_of(options, datasets)
    config = study_config(options, criteria)
    planned = growing(experiments(options, datasets), datasets, options, config)
    if options.budget is not None:
        check_budget_covers_a_round(planned, config, options.budget)
    written = replace(options, datasets=tuple(without_credentials(word) for word in options.datasets))
    description = RunDescription(
        profile=options.profile,
        command=command,
        notes=(*notes(options, config.devices, config.gpus), *cut_notes(planned, config)),
        criteria=criteria,
        reruns={dataset.slug: rerun for dataset in datasets} if rerun else reruns(written, datasets),
        options=None if rerun else written,
    )
    return PlannedRun(tuple(planned), config, description)
