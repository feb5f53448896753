"""A run's folder: the run into it, and its summary and report, drawn anew from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jointbench.comparison.summary.run import Summary
from jointbench.errors import BadInput, DidNotFinish, shortage
from jointbench.estimators.family import Family
from jointbench.estimators.records import family_records
from jointbench.explain.answer import Answer
from jointbench.explain.answer_store import EXPLAIN, write_answers
from jointbench.records import Fit, FoldRecord, Record
from jointbench.records.store import open_records, records_path
from jointbench.records.strict_json import well_formed
from jointbench.records.whole_file import is_regular, reason, write_text, write_together
from jointbench.runs.about import About, RunDescription, about_run, about_study, mark_finished
from jointbench.runs.companions import read_companions
from jointbench.runs.opened_run import REPORT, SUMMARY, OpenedRun, opened_run
from jointbench.runs.stored_run import read_run, summary_of, without_training_loss
from jointbench.runs.verdict_options import verdict_criteria
from jointbench.runtime.environment import environment
from jointbench.study.config import Concluded, Listeners, Progress, StudyConfig
from jointbench.study.kept import KeptRecords, kept_records
from jointbench.study.phases import DRAWING
from jointbench.study.plan import Experiment
from jointbench.study.run import steps, unheard
from jointbench.types import CellKey

EXPLAIN_PAGE = "explain.html"
MOST_TIMING_SECONDS = 15.0  # of a table, for a family of estimators
EXPLAIN_FILES = (EXPLAIN, EXPLAIN_PAGE)


def execute(
    experiments: Sequence[Experiment],
    config: StudyConfig,
    folder: Path,
    description: RunDescription,
    progress: Progress,
    families: Sequence[Family] = (),
    concluded: Concluded = unheard,
) -> Summary:
    """Runs the study into its folder, or goes on with it there. families: of estimators, compared beside the networks.
    concluded: hears of each first round of training.

    Raises BadInput where the folder is another run's or cannot be written to, DidNotFinish where that shows later.
    """
    about = about_study(experiments, config, description, tuple(family.name for family in families))
    with opened_run(folder, about) as opened:
        return carried_out(opened, experiments, config, (progress, concluded), families)


def carried_out(
    opened: OpenedRun,
    experiments: Sequence[Experiment],
    config: StudyConfig,
    listeners: Listeners,
    families: Sequence[Family] = (),
) -> Summary:
    """The result of the run when all of it is there. Records are written as they come: a killed run keeps what it has.

    Raises DidNotFinish where the machine denies something midway.
    """
    folder, log, (progress, _) = opened.folder, opened.log, listeners
    if log is None:
        return _result(folder)
    records = [without_training_loss(record) for record in opened.records]
    kept = kept_records(records)
    try:
        for step in _steps(experiments, config, listeners, families, kept):
            log.append(*step)
            records += [without_training_loss(record) for record in step]
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        denied = reason(error) if isinstance(error, OSError) else shortage(error)
        if denied is None:
            raise
        raise DidNotFinish(
            f"the run into {folder} was stopped: {denied}; its records are kept, and the same command with --out "
            f"{folder} goes on"
        ) from error
    progress(DRAWING, "", 0, 1)
    try:
        summary = publish(folder, mark_finished(folder, opened.about), records)
    except BadInput as error:
        raise DidNotFinish(f"{error}; the records are complete: jointbench report {folder} draws the report") from error
    progress(DRAWING, "", 1, 1)
    return summary


def _result(folder: Path) -> Summary:
    """Of a run that has come to its end; its report is drawn where it could not be before."""
    stored = read_run(folder)
    if all(is_regular(folder / name) for name in (SUMMARY, REPORT)):
        return summary_of(stored.about, stored.records, stored.cut_off)
    return publish(folder, stored.about, stored.records, stored.cut_off)


def _steps(
    experiments: Sequence[Experiment],
    config: StudyConfig,
    listeners: Listeners,
    families: Sequence[Family],
    kept: KeptRecords,
) -> Iterator[Sequence[Record]]:
    """The networks' records, then the estimators', on the same folds: those of a family and a dataset in one piece."""
    folds: dict[str, list[FoldRecord]] = {}
    for fold in kept.folds.values():
        folds.setdefault(fold.dataset, []).append(fold)
    for step in steps(experiments, config, listeners, kept):
        for record in step:
            if isinstance(record, FoldRecord):
                folds.setdefault(record.dataset, []).append(record)
        yield step
    progress, _ = listeners
    for family in families:
        largest = sorted(experiments, key=lambda experiment: -experiment.dataset.rows)[: config.memory_datasets]
        seconds = min(config.timing_seconds / (len(experiments) * len(families)), MOST_TIMING_SECONDS)
        for experiment in experiments:
            if CellKey(experiment.dataset.slug, family.name, "cpu") not in kept.cells:
                yield tuple(
                    family_records(
                        experiment,
                        family,
                        folds[experiment.dataset.slug],
                        seconds,
                        progress,
                        peaks=experiment in largest,
                    )
                )


def publish(folder: Path, about: About, records: Sequence[Record], cut_off: tuple[str, ...] = ()) -> Summary:
    """Writes summary and report of these records into the folder. cut_off: what the run did not come to."""
    from jointbench.report.embed import WORTH_TRYING, summary_json
    from jointbench.report.page import render  # drawing libraries take a second to import

    companions = read_companions(folder)
    summary = summary_of(about, records, cut_off)
    with open_records(records_path(folder)) as file:
        text = file.read(WORTH_TRYING + 1).decode(errors="replace")  # a longer text does not fit into the page
    page = render(
        summary,
        about.machine,
        text,
        fits=[record for record in records if isinstance(record, Fit)],
        us_per_step=companions.us_per_step,
        scaling=companions.scaling,
        explained=companions.explained,
    )
    # Drawn anew with another criterion, the two would tell different stories if only one found room.
    texts = {SUMMARY: summary_json(summary, indent=1) + "\n", REPORT: page}
    write_together({folder / name: well_formed(text).encode() for name, text in texts.items()})
    return summary


def republish(
    folder: Path, ropes: Sequence[str] = (), probability: float | None = None, worth: float | None = None
) -> Summary:
    """Redraws a run's summary and report from its records; () and None keep the run's own criteria.

    ropes: see ``verdict_criteria``. Raises BadInput when the folder holds no run.
    """
    stored = read_run(folder)
    outputs = [output for dataset in stored.about.datasets for output in dataset.outputs]
    criteria = verdict_criteria(ropes, probability, worth, outputs, stored.about.criteria)
    return publish(folder, stored.about.with_criteria(criteria), stored.records, stored.cut_off)


def publish_answers(folder: Path, command: str, answers: Sequence[Answer], notes: Sequence[str]) -> None:
    """Writes the answers and their page into the folder, and into the report of a run that is there.

    Raises DidNotFinish where that fails.
    """
    from jointbench.report.explained_page import render_answers

    try:
        explained = write_answers(folder, command, answers, notes)
        write_text(folder / EXPLAIN_PAGE, render_answers(explained, environment()))
        if is_regular(records_path(folder)):
            republish(folder)
    except BadInput as error:
        raise DidNotFinish(str(error)) from error


def check_run_beside(folder: Path) -> None:
    """Raises BadInput where the folder holds records that are of no run: its report cannot be drawn anew."""
    if is_regular(records_path(folder)):
        about_run(folder)
