"""An arm of a run, trained on all rows and written to a folder: `jointbench export` and ``Result.export``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jointbench.comparison.searched import best_partition, in_one_partition
from jointbench.comparison.summary.run import CellSummary
from jointbench.comparison.tuned import best_on_average
from jointbench.data.catalog import cards
from jointbench.data.named_table import STANDARD_INPUT
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.export.files import BACKEND, FORMATS, check_format, file_names, framework_files, onnx_files
from jointbench.export.final_training import train_on_all_rows
from jointbench.records import Fit, PlannedArm, SearchedArm, TunedArm
from jointbench.records.whole_file import write_together
from jointbench.report.model_card import CardFacts, model_card
from jointbench.runs.about import ENVIRONMENT
from jointbench.runs.options import RunOptions, is_path, load_datasets
from jointbench.runs.output_folder import output_folder
from jointbench.runs.stored_run import StoredRun, read_run, summary_of
from jointbench.runtime.environment import package_version
from jointbench.study.profiles import profile_named
from jointbench.types import EXTERNAL, CellKey, Dataset

CARD = "README.md"


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What is exported. dataset, backend: "" where the run leaves no choice, or the first will do. data: the table's
    file, "" where it lies where it did. format: of the files."""

    arm: str = "joint"
    dataset: str = ""
    backend: str = ""
    format: str = "onnx"
    data: str = ""


def export_run(
    folder: Path, out: str | Path | None, options: ExportOptions, datasets: Mapping[str, Dataset] | None = None
) -> list[Path]:
    """Writes the networks, and a card that says what they are; returns the files, the card first.

    datasets: by slug, where they are in memory. Raises BadInput where the run has no such arm, the data are not those
    of the run, or the file's answers are not the network's.
    """
    run = read_run(folder)
    slug = _dataset(options.dataset, run, folder)
    planned = _planned(run, slug, options, folder)
    chosen = check_format(options.format, planned.backend)
    dataset = (datasets or {}).get(slug) or _reloaded(run, slug, options, folder)
    ids = _ids(run, planned)
    fits = [record for record in run.records if isinstance(record, Fit) and record.network.id in ids]
    names = file_names(len(planned.arm.served), planned.arm.name, chosen)
    with output_folder(out, f"-{planned.arm.name}", (CARD, *names)) as target:
        arm = train_on_all_rows(dataset, planned, fits)
        networks, table = arm.networks, arm.preprocessing
        differences: tuple[float, ...] = ()
        if chosen == "onnx":
            contents, differences = onnx_files(networks, names, dataset, table)
        else:
            contents = framework_files(networks, names, planned.backend, table)
        facts = CardFacts(
            arm=planned.arm.name,
            version=package_version("jointbench"),
            dataset=dataset,
            summary=next(item for item in run.about.datasets if item.slug == slug),
            cell=_cell(run, planned),
            recipes=tuple(dict.fromkeys(fit.network.recipe for fit in fits)),
            files=names,
            differences=differences,
        )
        card = model_card(facts, networks).encode()
        write_together({target / name: content for name, content in {CARD: card, **contents}.items()})
        return [target / name for name in (CARD, *contents)]


def _chosen(word: str, known: list[str], option: str, folder: Path) -> str:
    if word and word not in known:
        raise BadInput(f"{option} {word}: {folder} has {', '.join(known)}")
    if not word and len(known) > 1:
        raise BadInput(f"{folder} has {', '.join(known)}; choose one with {option}")
    return word or known[0]


def _dataset(word: str, run: StoredRun, folder: Path) -> str:
    """Of a table at several numbers of rows, the one of the most rows that were come to, which has the verdict."""
    sizes = {dataset.slug: dataset.size_of or dataset.slug for dataset in run.about.datasets}
    if word in sizes and sizes[word] != word:
        return word
    table = _chosen(word, list(dict.fromkeys(sizes.values())), "--dataset", folder)
    trained = {record.dataset for record in run.records if isinstance(record, PlannedArm)}
    return next(slug for slug in reversed(sizes) if sizes[slug] == table and (slug in trained or slug == table))


def _ids(run: StoredRun, planned: PlannedArm) -> set[str]:
    """Of the arm's networks; where they are tuned, in the configuration that did best over all folds."""
    for record in run.records:
        if isinstance(record, TunedArm) and (CellKey.of(record), record.arm) == (CellKey.of(planned), planned.arm.name):
            return best_on_average(record, {fit.network.id: fit for fit in run.records if isinstance(fit, Fit)})
    return set(planned.network_ids)


def _planned(run: StoredRun, slug: str, options: ExportOptions, folder: Path) -> PlannedArm:
    """The arm, of the backend that was asked for, that of the format, or the first."""
    arms = [record for record in run.records if isinstance(record, PlannedArm) and record.dataset == slug]
    arms = [planned for planned in arms if planned.engine != EXTERNAL]
    named = [planned for planned in arms if planned.arm.name == options.arm]
    if not named:
        known = ", ".join(dict.fromkeys(planned.arm.name for planned in arms))
        raise BadInput(f"--arm {options.arm}: {folder} has {known or 'no networks'}")
    format_backend = next((BACKEND[name] for name in FORMATS if name == options.format and name in BACKEND), "")
    wanted = options.backend or format_backend
    backends = list(dict.fromkeys(planned.backend for planned in named))
    if wanted and wanted not in backends:
        raise BadInput(f"--backend {wanted}: {folder} has networks of {', '.join(backends)}")
    backend = wanted or backends[0]
    planned = next(item for item in reversed(named) if item.backend == backend)  # the last has every round's networks
    if planned.shapes[0].own_trunk:
        raise BadInput(
            f"{folder} has networks on your own trunk {planned.shapes[0].own_trunk}; train and save them with your own code"
        )
    return _in_one_partition(run, planned)


def _in_one_partition(run: StoredRun, planned: PlannedArm) -> PlannedArm:
    """The arm; one that was searched in the partition that is best over all folds."""
    key = CellKey.of(planned)
    searched = [
        r for r in run.records if isinstance(r, SearchedArm) and (CellKey.of(r), r.arm) == (key, planned.arm.name)
    ]
    fits = {record.network.id: record for record in run.records if isinstance(record, Fit)}
    return in_one_partition(planned, searched[-1], best_partition(searched[-1], fits)) if searched else planned


def _cell(run: StoredRun, planned: PlannedArm) -> CellSummary:
    key = CellKey.of(planned)
    return next(cell for cell in summary_of(run.about, run.records).cells if CellKey.of(cell) == key)


def _reloaded(run: StoredRun, slug: str, options: ExportOptions, folder: Path) -> Dataset:
    """The run's table, read as it was. Raises BadInput where it is not there, or is another one."""
    asked = run.about.options
    if asked is None and slug in cards():
        asked = RunOptions(datasets=(slug,))
    if asked is None:
        raise BadInput(
            f"{folder / ENVIRONMENT} does not say how {slug} was read: its table was in memory, or the run is older "
            "than that; run it again with jointbench run"
        )
    words = asked.datasets or (slug,)
    at = next(dataset for dataset in run.about.datasets if dataset.slug == slug)
    tables = [dataset.slug for dataset in run.about.datasets if not dataset.size_of]
    place = tables.index(at.size_of or slug)
    word = words[place] if len(words) == len(tables) else at.size_of or slug
    if options.data and not is_path(word):
        raise BadInput(f"--data {options.data}: {slug} is bundled, and needs no file")
    if word == STANDARD_INPUT and not options.data:
        raise BadInput(f"{slug} came through standard input; name its file with --data")
    name, table = options.data or word, asked.table_of(word) if is_path(word) else TableOptions()
    chosen = replace(asked, datasets=(name,), tables=((name, table),), **vars(table))
    (dataset,) = load_datasets(chosen, profile_named(asked.profile))
    if dataset.provenance.sha256 != at.sha256:
        raise BadInput(
            f"{options.data or word} is not the file that was run: its sha256 begins with "
            f"{dataset.provenance.sha256[:12]}, that of the run with {at.sha256[:12]}; name the file with --data"
        )
    return replace(dataset, slug=slug)
