"""A run's records read into a Baseline: the one place that knows what the gates compare and where it is found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jointbench.check.baseline import (
    ARTIFACT,
    BASELINE_SCHEMA_VERSION,
    NO_COST_PROFILE,
    ArmKey,
    Baseline,
    Count,
    DatasetKey,
    Origin,
    Skill,
)
from jointbench.check.first_round import first_round
from jointbench.check.from_timings import cost_ratios, cut_short, seconds
from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import CellSummary, DatasetSummary
from jointbench.records import Fit, FoldRecord, Memory, Record, Stack
from jointbench.runtime.environment import BEGAN
from jointbench.types import CellKey

VERSIONS = ("python", "torch", "tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class Reading:
    """A run as a Baseline, and by cell why something of it did not run.

    cut_short: by arm and quantity, the reason why the time for timing did not suffice for it.
    """

    measured: Baseline
    reasons: dict[CellKey, str]
    cut_short: dict[tuple[ArmKey, str], str]


def read_run(
    records: Iterable[Record],
    datasets: Sequence[DatasetSummary],
    machine: Mapping[str, str],
    *,
    profile: str,
    engine: str,
    rope: float,
) -> Reading:
    """The run behind these records. What failed or is missing is not in it, and ``reasons`` has the reason."""
    all_records = first_round(list(records))
    cells = summarise(all_records, datasets, profile=profile, engine=engine, command="", notes=()).cells
    timed = [] if profile == NO_COST_PROFILE else cells
    threads = next((cell.threads for cell in cells if cell.threads is not None), None)
    origin = Origin(
        profile=profile,
        engine=engine,
        commit=machine.get("commit", ""),
        cpu=machine.get("CPU", ""),
        cores=machine.get("physical cores", ""),
        threads=threads,
        versions={name: machine[name] for name in VERSIONS if name in machine},
        when=machine.get(BEGAN, ""),
    )
    measured = Baseline(
        schema_version=BASELINE_SCHEMA_VERSION,
        origin=origin,
        data=tuple(_dataset_key(dataset, all_records) for dataset in datasets),
        sizes=(*_counts(cells, all_records), *_programs(datasets, all_records)),
        skills=tuple(
            skill
            for dataset in datasets
            for cell in cells
            if cell.dataset == dataset.slug
            for skill in _skills(cell, dataset, _metrics(dataset, all_records))
        ),
        ratios=tuple(ratio for cell in timed for ratio in cost_ratios(cell)),
        seconds=tuple(time for cell in timed for time in seconds(cell)),
        rope=rope,
    )
    reasons = {CellKey.of(cell): _reason(cell) for cell in cells}
    return Reading(measured, reasons, cut_short(cells, all_records))


def _reason(cell: CellSummary) -> str:
    failures = (f"{cost.arm}: {failure}" for cost in cell.costs for failure in cost.failures[:1])
    return "; ".join((*cell.absences, *failures))


def _dataset_key(dataset: DatasetSummary, records: Sequence[Record]) -> DatasetKey:
    folds = [record for record in records if isinstance(record, FoldRecord) and record.dataset == dataset.slug]
    folds.sort(key=lambda fold: (fold.repeat, fold.fold))
    digest = hashlib.sha256(" ".join(fold.digest for fold in folds).encode()).hexdigest()[:16]
    return DatasetKey(
        dataset=dataset.slug,
        sha256=dataset.sha256,
        folds=dataset.folds,
        repeats=dataset.repeats,
        seed=folds[0].seed if folds else 0,
        splits=digest,
        weights=_weights(dataset),
    )


def _weights(dataset: DatasetSummary) -> str:
    options = (("--weight", dataset.weight), ("--class-weight", dataset.class_weight))
    return " ".join(f"{option} {value}" for option, value in options if value)


def _counts(cells: Sequence[CellSummary], records: Sequence[Record]) -> Iterator[Count]:
    """Networks, parameters, FLOPs per training step and per row of inference, artifact bytes of every arm."""
    networks = (record.network for record in records if isinstance(record, Fit))
    batch = {CellKey.of(network): network.recipe.batch_size for network in networks}
    # Which partition a search chooses is a matter of losses, which differ in their last digits between machines.
    searched = {ArmKey.of(cell, cell.grouping.arm) for cell in cells if cell.grouping is not None}
    for cell in cells:
        for cost in (cost for cost in cell.costs if ArmKey.of(cell, cost.arm) not in searched):
            site = ArmKey.of(cell, cost.arm)
            rows = batch.get(CellKey.of(cell), 1)
            yield Count(site, "networks", len(cost.groups))
            yield Count(site, "parameters", cost.parameters)
            yield Count(site, "training FLOPs per step", cost.train_flops_per_row * rows)
            yield Count(site, "inference FLOPs per row", cost.inference_flops_per_row)
    for record in records:
        if (
            isinstance(record, Memory)
            and record.artifact_bytes is not None
            and ArmKey.of(record, record.arm) not in searched
        ):
            yield Count(ArmKey.of(record, record.arm), ARTIFACT, record.artifact_bytes)


def _programs(datasets: Sequence[DatasetSummary], records: Sequence[Record]) -> Iterator[Count]:
    """Programs compiled on each dataset, backend and device.

    The parts of a divided stack share a program, which every worker that takes a part compiles. How many do depends on
    which workers were free, so the parts count once: the count depends on the study alone.
    """
    kinds = {
        (dataset.slug, name): kind
        for dataset in datasets
        for name, kind in zip(dataset.outputs, dataset.kinds, strict=True)
    }
    fits = {record.network.id: record for record in records if isinstance(record, Fit)}
    compiled: dict[ArmKey, dict[object, int]] = {}
    for stack in (record for record in records if isinstance(record, Stack)):
        program = frozenset(
            (
                fit.network.shape,
                fit.network.recipe,
                fit.parameters,
                tuple(kinds[stack.dataset, o] for o in fit.network.group),
            )
            for fit in (fits[network_id] for network_id in stack.network_ids if network_id in fits)
        )
        counts = compiled.setdefault(ArmKey.of(stack), {})
        counts[program] = max(counts.get(program, 0), stack.compilations)
    for site, counts in compiled.items():
        yield Count(site, "compilations", sum(counts.values()))


def _metrics(dataset: DatasetSummary, records: Sequence[Record]) -> dict[str, str]:
    """By output, the metric of its error; {} where the run is older than metrics."""
    folds = (record for record in records if isinstance(record, FoldRecord) and record.dataset == dataset.slug)
    first = next(folds, None)
    return {} if first is None else dict(zip(first.outputs, (scored.metric for scored in first.scored), strict=False))


def _skills(cell: CellSummary, dataset: DatasetSummary, metrics: Mapping[str, str]) -> Iterator[Skill]:
    """Skills that every fold has: a mean over fewer folds is not the same quantity."""
    for quality in cell.quality:
        if len(quality.per_fold) == dataset.folds * dataset.repeats:
            site = ArmKey.of(cell, quality.model)
            per_fold = tuple(float(value) for value in quality.per_fold)
            yield Skill(site, quality.output, per_fold, metrics.get(quality.output, ""))
