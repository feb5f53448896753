"""`pytest bench --benchmark-only`: one study of everything selected, replayed through pytest-benchmark.

Arms must be timed in turns (A B B A), which no single test can do. So the study measures first, in its worker
processes, and each test hands its arm's samples to pytest-benchmark by a clock that moves by what the worker measured.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pytest_benchmark.logger import PytestBenchmarkWarning

from ended_session import ending_the_session
from jointbench.backends.registry import BACKENDS, check_names
from jointbench.errors import BadInput
from jointbench.measure.machine_speed import machine_speed
from jointbench.networks.arms import DEFAULT_ARMS
from jointbench.records import Timing
from jointbench.records.store import read_records
from jointbench.runs.about import RunDescription, about_study
from jointbench.runs.engine_file import ENGINE
from jointbench.runs.folder import carried_out
from jointbench.runs.forecast import forecast_lines
from jointbench.runs.notes import cut_notes, notes
from jointbench.runs.number_limits import check_numbers
from jointbench.runs.opened_run import REPORT, RUN_FILES, holds_run, opened_run
from jointbench.runs.options import (
    RunOptions,
    check_budget,
    criteria_of,
    dataset_names,
    experiments,
    load_datasets,
    study_config,
)
from jointbench.runs.output_folder import new_folder
from jointbench.runs.reruns import reruns
from jointbench.runtime.devices import devices_for
from jointbench.study.config import Progress, StudyConfig
from jointbench.study.estimate import estimate
from jointbench.study.least_time import check_budget_covers_a_round
from jointbench.study.plan import Experiment
from jointbench.study.profiles import Profile, profile_named
from jointbench.study.run import unheard
from outcome import Outcome, OutcomeCell
from profile_requests import requests_of
from short_tables import BATCH_SIZES, shorten_tables

PYTEST_BENCHMARK_STORAGE = "file://./.benchmarks"  # its default
STORAGE = "file://./results/history"  # what --benchmark-autosave saves to and --benchmark-compare looks in
OF_NO_DATASET = ("test_device_engine", "test_engine", "test_graph_requests")
OUTCOME = pytest.StashKey["Outcome"]()
FOLDER = pytest.StashKey[Path]()
SELECTION = pytest.StashKey["Selection"]()
STUDY = pytest.StashKey["Study"]()


@dataclass(frozen=True)
class Selection:
    """What the options select, checked: the parameters of the tests."""

    profile: Profile
    datasets: tuple[str, ...]
    backends: tuple[str, ...]
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """What will be run: planned once all tests are collected, run when the first of them asks."""

    options: RunOptions
    config: StudyConfig
    experiments: tuple[Experiment, ...]
    reruns: dict[str, str]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("jointbench")
    group.addoption("--profile", default="quick", help="smoke, quick or full")
    group.addoption("--dataset", action="append", default=[], help="a bundled dataset; repeat it")
    group.addoption("--backend", action="append", default=[], help="torch or tensorflow; repeat it")
    group.addoption("--device", default="auto", help="cpu, cuda or auto")
    for option, meaning in (
        ("folds", "of the cross-validation"),
        ("repeats", "of it"),
        ("seeds", "initialisations in each fold"),
        ("rows", "of a table that are used, at the most"),
    ):
        group.addoption(f"--{option}", type=int, default=None, help=f"{meaning}; default: the profile's")
    group.addoption("--split-repeats", action="store_true", help="let identical rows fall into different parts")
    group.addoption("--class-weight", default=None, help="balanced: every class weighs the same in loss and skill")
    group.addoption(
        "--metric", action="append", default=[], help="error that skill is made of, NAME or OUTPUT=NAME; repeat it"
    )
    group.addoption(
        "--rope", action="append", default=[], help="difference in skill that does not matter; OUTPUT=NUMBER for one"
    )
    group.addoption("--probability", type=float, default=None, help="probability that a verdict needs")
    group.addoption("--worth", type=float, default=None, help="skill that half the cost is worth, for open verdicts")
    group.addoption("--budget", type=float, default=None, help="seconds for training and timing together")
    group.addoption("--until-decided", action="store_true", help="train until every dataset is decided or cannot be")
    group.addoption("--dry-run", action="store_true", help="print what would be done and about how long it takes")
    group.addoption("--out", default=None, help="folder for records, summary and report")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("benchmark_storage") == PYTEST_BENCHMARK_STORAGE:
        config.option.benchmark_storage = STORAGE
    # The project's own tests turn warnings into errors; a user's benchmark must not fail for a library's warning, nor
    # for one of pytest-benchmark's while it is configured ("no saved run to compare with").
    config.addinivalue_line("filterwarnings", "default")
    warnings.simplefilter("default", PytestBenchmarkWarning)
    os.environ.setdefault("PYTHONSAFEPATH", "1")  # no helper process imports a random.py of the current folder
    options = _options(config)
    try:
        profile = profile_named(options.profile)
        check_names(list(options.backends))
        check_numbers(options)
        check_budget(options)
        names = dataset_names(profile, options.datasets)
        config.stash[BATCH_SIZES] = profile.batch_sizes
        shorten_tables(config)
        config.stash[SELECTION] = Selection(profile, names, options.backends, devices_for(options.device))
    except BadInput as error:
        raise pytest.UsageError(str(error)) from error


def _options(config: pytest.Config) -> RunOptions:
    return RunOptions(
        profile=config.getoption("--profile"),
        datasets=tuple(config.getoption("--dataset")),
        backends=tuple(config.getoption("--backend")) or tuple(BACKENDS),
        device=config.getoption("--device"),
        folds=config.getoption("--folds"),
        repeats=config.getoption("--repeats"),
        seeds=config.getoption("--seeds"),
        rows=config.getoption("--rows"),
        split_repeats=config.getoption("--split-repeats"),
        class_weight=config.getoption("--class-weight"),
        metrics=tuple(config.getoption("--metric")),
        ropes=tuple(config.getoption("--rope")),
        probability=config.getoption("--probability"),
        worth=config.getoption("--worth"),
        budget=config.getoption("--budget"),
        until_decided=config.getoption("--until-decided"),
    )


def run_folder(config: pytest.Config) -> Path:
    """The run's folder: one for the whole session, made by the first test that needs it, or one that goes on."""
    if FOLDER not in config.stash:
        out = config.getoption("--out")
        goes_on = STUDY in config.stash and bool(out) and holds_run(Path(out))
        config.stash[FOLDER] = new_folder(out, "", () if goes_on else (*RUN_FILES, ENGINE))
    return config.stash[FOLDER]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Benchmarks that say nothing about a dataset run where their file is named, and in profile full."""
    words = " ".join(map(str, config.invocation_params.args))
    left = [item for item in items if item.path.stem in OF_NO_DATASET and item.path.stem not in words]
    if config.getoption("--profile") != "full" and left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "arm" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.stash[SELECTION]
    metafunc.parametrize("arm", DEFAULT_ARMS)
    if "path" in metafunc.fixturenames:
        requests = [request for device in chosen.devices for request in requests_of(chosen.profile, device)]
        ids = [f"{path.replace(' ', '_')}-batch{size}-{device}" for path, size, device in requests]
        metafunc.parametrize(("path", "batch_size", "device"), requests, ids=ids)
    else:
        metafunc.parametrize("device", chosen.devices)
    metafunc.parametrize("backend", chosen.backends)
    metafunc.parametrize("dataset", chosen.datasets)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Plans the study of every dataset and backend that a selected test asks for, so that bad input is one sentence."""
    chosen = [
        item.callspec.params
        for item in session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "dataset" in item.callspec.params
    ]
    if session.config.option.collectonly or not session.items:
        return
    options = replace(
        _options(session.config),
        datasets=tuple(dict.fromkeys(params["dataset"] for params in chosen)),
        backends=tuple(dict.fromkeys(params["backend"] for params in chosen)),
    )
    try:
        if chosen:
            session.config.stash[STUDY] = _study(options)
        if session.config.getoption("--dry-run"):
            session.items.clear()
        else:
            run_folder(session.config)
    except BadInput as error:
        raise pytest.UsageError(str(error)) from error


def _study(options: RunOptions) -> Study:
    loaded = load_datasets(options, profile_named(options.profile))
    config = study_config(options, criteria_of(options, loaded))
    planned = tuple(experiments(options, loaded))
    if options.budget is not None:
        check_budget_covers_a_round(planned, config, options.budget)
    return Study(options, config, planned, reruns(options, loaded))


@pytest.fixture(scope="session")
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """The study, run."""
    study, folder = request.config.stash[STUDY], run_folder(request.config)
    options = study.options
    description = RunDescription(
        profile=options.profile,
        command="pytest " + " ".join(str(word) for word in request.config.invocation_params.args),
        notes=(*notes(options, study.config.devices, study.config.gpus), *cut_notes(study.experiments, study.config)),
        criteria=study.config.criteria,
        reruns=study.reruns,
        options=options,
    )
    into = "" if request.config.getoption("--out") else f" --out {folder}"
    with ending_the_session(folder, description.command + into):
        about = about_study(study.experiments, study.config, description)
        with opened_run(folder, about) as opened, _terminal(request.config, study, opened.sentence) as progress:
            summary = carried_out(opened, study.experiments, study.config, (progress, unheard))
    timings = tuple(record for record in read_records(folder) if isinstance(record, Timing))
    result = Outcome(folder, summary, timings)
    request.config.stash[OUTCOME] = result
    return result


@pytest.fixture
def cell(outcome: Outcome, dataset: str, backend: str, device: str) -> OutcomeCell:
    return OutcomeCell(outcome, dataset, backend, device)


@contextlib.contextmanager
def _terminal(config: pytest.Config, study: Study, sentence: str) -> Iterator[Progress]:
    """The progress on the real terminal while pytest captures output, below what was found in the folder."""
    from jointbench.cli.progress import progress_line

    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        print(f"\n{sentence}")  # noqa: T201 - ends the line of test names that pytest has begun
        with progress_line(estimate(study.experiments, study.config).phases) as progress:
            yield progress


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """No dot for each of hundreds of timings: their tables say all of it (``-v`` names them)."""
    return ("passed", "", "PASSED") if report.when == "call" and report.passed else None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A dry run has done what was asked, although no test ran."""
    if STUDY in session.config.stash and session.config.getoption("--dry-run"):
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The answer is the last thing on the screen, below pytest's own tables and counts."""
    from jointbench.cli.console import make_console
    from jointbench.report.terminal import terminal_report

    console = make_console()
    study = config.stash.get(STUDY, None)
    if study is not None and config.getoption("--dry-run"):
        expected = estimate(study.experiments, study.config, machine_speed())
        for line in forecast_lines(study.experiments, study.config, expected):
            console.print(line, markup=False, highlight=False)
    result = config.stash.get(OUTCOME, None)
    if result is None:
        return
    terminal_report(result.summary, console)
    console.print(f"Report: {result.folder / REPORT}", markup=False, highlight=False, soft_wrap=True)
