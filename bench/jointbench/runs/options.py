"""The options of a run, and the experiments and the configuration made from them. Shared by the command and pytest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jointbench.backends.registry import BACKENDS, check_names
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.data.catalog import bundled_slugs, card_of, cards, load_bundled
from jointbench.data.held_out import FEWEST_REPEATS
from jointbench.data.named_table import STANDARD_INPUT, load_named
from jointbench.data.sources.cached import is_source, load_source
from jointbench.data.table_options import TableOptions
from jointbench.data.web_address import without_credentials
from jointbench.errors import BadInput
from jointbench.networks.arms import DEFAULT_ARMS
from jointbench.networks.network_options import DEFAULT_NETWORK, MLP, NETWORK_MODELS, NetworkOptions, networks_of
from jointbench.runs.metric_options import balanced_datasets, with_metrics
from jointbench.runs.number_limits import check_numbers
from jointbench.runs.verdict_options import verdict_criteria
from jointbench.runtime.devices import devices_for
from jointbench.runtime.environment import cores
from jointbench.runtime.gpus import free_gpus
from jointbench.study.config import StudyConfig
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.profiles import MOST_ROUNDS, Profile, profile_named
from jointbench.types import Dataset, Engine

ENGINES: dict[str, Engine] = {"stacked": "stacked", "stock": "stock"}
DEFAULT_ENGINE: Engine = "stacked"
STUDY_SUFFIX = ".toml"
TIMING_SHARE = 0.4  # of a budget, at the most
ENERGY_SHARE = 0.1  # the same, beside it


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a user asks for. None leaves a number to the profile. rows: of a table at the most. models: of
    networks, and families of estimators.

    study: the path of the study file that says so, "" without one; tables: what it says of each dataset, by its word in
    ``datasets``; overridden: the fields that the command line says in its place. network: of recipe and base shape.
    """

    profile: str = "quick"
    datasets: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    arms: tuple[str, ...] = DEFAULT_ARMS
    models: tuple[str, ...] = (MLP,)
    backends: tuple[str, ...] = tuple(BACKENDS)
    device: str = "auto"
    folds: int | None = None
    repeats: int | None = None
    seeds: int | None = None
    rows: int | None = None
    seed: int = 0
    jobs: int | None = None
    engine: str = DEFAULT_ENGINE
    group: str | None = None
    time: str | None = None
    keep: tuple[str, ...] = ()
    weight: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    test: str | None = None
    tune: int | None = None
    class_weight: str | None = None
    metrics: tuple[str, ...] = ()
    loss_weights: tuple[str, ...] = ()
    split_repeats: bool = False
    ropes: tuple[str, ...] = ()
    probability: float | None = None
    worth: float | None = None
    budget: float | None = None
    until_decided: bool = False
    network: NetworkOptions = DEFAULT_NETWORK
    study: str = ""
    tables: tuple[tuple[str, TableOptions], ...] = ()
    overridden: tuple[str, ...] = ()

    def table_of(self, word: str) -> TableOptions:
        """What is said of the columns of this table."""
        return dict(self.tables).get(word, self.table)

    @property
    def table(self) -> TableOptions:
        """What is said of the columns of a table of the user's own."""
        return TableOptions(
            targets=self.targets,
            group=self.group,
            time=self.time,
            keep=self.keep,
            weight=self.weight,
            drop=self.drop,
            categorical=self.categorical,
            test=self.test,
        )

    @property
    def fixed_design(self) -> bool:
        """Numbers of folds, repeats, seeds or configurations that were asked for are what is trained, in one round."""
        return any(number is not None for number in (self.folds, self.repeats, self.seeds, self.tune))


def dataset_names(profile: Profile, names: Sequence[str]) -> tuple[str, ...]:
    """The named bundled datasets, else the profile's, else all. Raises BadInput for an unknown one."""
    for name in names:
        card_of(name)
    return tuple(dict.fromkeys(names)) or profile.datasets or tuple(bundled_slugs())


def load_datasets(options: RunOptions, profile: Profile) -> list[Dataset]:
    """Bundled datasets by name, a user's table by path, with the metrics and class weights that are asked for."""
    return as_asked(_loaded(options, profile), options)


def as_asked(datasets: Sequence[Dataset], options: RunOptions) -> list[Dataset]:
    """The datasets with the metrics and class weights that are asked for."""
    return with_metrics(balanced_datasets(datasets, options.class_weight), options.metrics)


def _loaded(options: RunOptions, profile: Profile) -> list[Dataset]:
    tables = [name for name in options.datasets if is_path(name)]
    if options.targets and not tables:
        raise BadInput("--target names columns of a table of your own; name its file too")
    if replace(options.table, targets=()) != TableOptions() and not tables:
        raise BadInput(
            "--group, --time, --keep, --weight, --drop, --categorical and --test are for a table of your own; "
            "name its file too"
        )
    if not options.datasets:
        return [load_bundled(slug) for slug in dataset_names(profile, ())]
    loaded = [
        _load_table(name, options.table_of(name)) if is_path(name) else load_bundled(name)
        for name in dict.fromkeys(options.datasets)
    ]
    slugs = [dataset.slug for dataset in loaded]
    if twice := next((slug for slug in slugs if slugs.count(slug) > 1), None):
        raise BadInput(
            f"two datasets are called {twice!r}; rename one of the files, so that their results can be told apart"
        )
    return loaded


def _load_table(word: str, options: TableOptions) -> Dataset:
    if word.lower().endswith(STUDY_SUFFIX):
        raise BadInput(f"{word} is a study file: jointbench run takes it, and no other command; name its table")
    dataset = load_source(word, options) if is_source(word) else load_named(word, options)
    check_targets(dataset, f"{without_credentials(word)}: ", "name at least two with --target")
    return dataset


def check_targets(dataset: Dataset, what: str, way_out: str) -> None:
    """Raises BadInput for a single target."""
    if len(dataset.outputs) < 2:
        raise BadInput(
            f"{what}with one target there is nothing to compare: one network for all outputs and one for each are "
            f"the same; {way_out}"
        )


def is_path(name: str) -> bool:
    """Whether a word names a table of the user's (a file, an address, standard input, or a repository's) rather than a
    bundled dataset: those have no dots, slashes or colons."""
    own = name == STANDARD_INPUT or is_source(name) or any(mark in name for mark in "/\\.")
    return own or (name not in cards() and _is_file(name))


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def experiments(options: RunOptions, datasets: Sequence[Dataset]) -> list[Experiment]:
    """The datasets with their splits, shapes, recipes and arms."""
    check_numbers(options)
    validation, weights = cross_validation(options), loss_weights(options)
    if options.folds is not None and any(dataset.held_out is not None for dataset in datasets):
        raise BadInput(f"--folds {options.folds}: --test says which rows are tested on; give one of them")
    network = networks_of(options.models, options.network)
    made = [make_experiment(dataset, options.arms, validation, weights, network) for dataset in datasets]
    return [replace(experiment, trials=options.tune or 1) for experiment in made]


def cross_validation(options: RunOptions) -> CrossValidation:
    """What is asked for, else the profile's."""
    profile = profile_named(options.profile)
    return CrossValidation(
        folds=options.folds or profile.folds,
        repeats=options.repeats or profile.repeats,
        seeds=options.seeds or profile.seeds,
        seed=options.seed,
        fits=options.repeats or max(profile.folds * profile.repeats, FEWEST_REPEATS),
        max_rows=options.rows or profile.max_rows,
        max_images=options.rows or profile.max_images,
        max_epochs=profile.max_epochs,
        split_repeats=options.split_repeats,
    )


def loss_weights(options: RunOptions) -> tuple[tuple[str, float], ...]:
    """By output. Raises BadInput for what is no number."""
    return tuple(_loss_weight(text) for text in options.loss_weights)


def _loss_weight(text: str) -> tuple[str, float]:
    name, equals, value = text.rpartition("=")
    try:
        if not equals:
            raise ValueError
        return name, float(value)
    except ValueError as error:
        raise BadInput(f"--loss-weight {text!r}: write NAME=NUMBER, such as quality=2") from error


def criteria_of(options: RunOptions, datasets: Sequence[Dataset]) -> VerdictCriteria:
    """The criteria of a run's verdicts. Raises BadInput as ``verdict_criteria`` does."""
    outputs = [output.name for dataset in datasets for output in dataset.outputs]
    return verdict_criteria(options.ropes, options.probability, options.worth, outputs)


def check_budget(options: RunOptions) -> None:
    """Raises BadInput for a budget of training and timing that is not positive, or beside a fixed design."""
    if options.budget is not None and not 0 < options.budget < math.inf:
        raise BadInput(f"--budget {options.budget:g}: a budget is a number of seconds above 0")
    if options.fixed_design and (options.budget is not None or options.until_decided):
        option = "--until-decided" if options.until_decided else "--budget"
        raise BadInput(
            f"{option}: --folds, --repeats, --seeds and --tune fix what is trained, so nothing is left to decide; leave "
            "them out"
        )


def study_config(options: RunOptions, criteria: VerdictCriteria = DEFAULT_CRITERIA) -> StudyConfig:
    """Where and how the study runs. Raises BadInput for an unknown backend, device or engine, and for bad numbers."""
    check_numbers(options)
    check_budget(options)
    profile = profile_named(options.profile)
    check_names(list(options.backends))
    if options.engine not in ENGINES:
        raise BadInput(f"--engine {options.engine!r}: the engines are {', '.join(ENGINES)}")
    devices = devices_for(options.device)
    return StudyConfig(
        backends=tuple(dict.fromkeys(options.backends)) if set(NETWORK_MODELS) & set(options.models) else (),
        devices=devices,
        engine=ENGINES[options.engine],
        jobs=options.jobs or cores(),
        threads=cores(),
        batch_sizes=profile.batch_sizes,
        timing_seconds=timing_seconds(options, profile),
        memory_datasets=profile.memory_datasets,
        extra_batch_sizes=profile.extra_batch_sizes,
        device_batch_sizes=profile.device_batch_sizes,
        extras=profile.extras,
        thread_counts=(cores(), 1) if profile.one_thread and cores() > 1 else (),
        projections=profile.projections,
        energy_seconds=energy_seconds(options, profile),
        energy_datasets=profile.energy_datasets,
        rounds=1 if options.fixed_design else MOST_ROUNDS if options.until_decided else profile.rounds,
        training_seconds=training_seconds(options, profile),
        criteria=criteria,
        gpus=() if devices == ("cpu",) else free_gpus()[: options.jobs],
    )


def training_seconds(options: RunOptions, profile: Profile) -> float:
    """Seconds: what the rounds of training may take; timing takes its own part of a budget."""
    if options.budget is not None:
        return max(options.budget - timing_seconds(options, profile), 0.0)
    return math.inf if options.until_decided else profile.training_seconds


def timing_seconds(options: RunOptions, profile: Profile) -> float:
    """Seconds that timing may take."""
    if options.budget is None:
        return profile.timing_seconds
    return min(profile.timing_seconds, TIMING_SHARE * options.budget)


def energy_seconds(options: RunOptions, profile: Profile) -> float:
    """Seconds that the joules of a dataset on a framework may take."""
    return (
        profile.energy_seconds if options.budget is None else min(profile.energy_seconds, ENERGY_SHARE * options.budget)
    )
