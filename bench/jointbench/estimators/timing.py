"""Estimators on the clock: whole fits and requests of the arms in turn, as networks are timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from jointbench.estimators.family import Family
from jointbench.estimators.fitting import Fitted, Task, tasks
from jointbench.measure.paired_timing import paired
from jointbench.measure.system_load import disturbed
from jointbench.records import AA_CONTROL, SEQUENTIAL, WHOLE_FIT, ExecutionMode, Scenario, Timing, Variant
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split

BATCH_SIZES = (1, 512)
FIT_SHARE = 0.6  # of the seconds for timing
SEED = 0


def timings(experiment: Experiment, family: Family, arms: Mapping[str, bool], seconds: float) -> list[Timing]:
    """Timings on the first fold, within about so many seconds. arms: by name, whether one model predicts all outputs."""
    split = experiment.splits[0]
    by_arm = {arm: list(tasks(experiment, family, split, together=together)) for arm, together in arms.items()}
    features = prepared_split(experiment, split.repeat, split.fold).features[split.test]
    fits = {arm: _fitting(members) for arm, members in (*by_arm.items(), (AA_CONTROL, next(iter(by_arm.values()))))}
    taken = [_timing(experiment, family, "training", len(split.train), WHOLE_FIT, fits, FIT_SHARE * seconds)]
    fitted = {arm: [task.fit(SEED) for task in members] for arm, members in by_arm.items()}
    again = [task.fit(SEED) for task in next(iter(by_arm.values()))]  # its A/A control lies elsewhere in memory
    for size in BATCH_SIZES:
        rows = features[np.arange(size) % len(features)]
        requests = {arm: _answering(members, rows) for arm, members in (*fitted.items(), (AA_CONTROL, again))}
        share = (1 - FIT_SHARE) * seconds / len(BATCH_SIZES)
        taken.append(_timing(experiment, family, "request", size, SEQUENTIAL, requests, share))
    return taken


def _timing(
    experiment: Experiment,
    family: Family,
    scenario: Scenario,
    rows: int,
    path: ExecutionMode,
    samplers: Mapping[str, Callable[[], list[float]]],
    seconds: float,
) -> Timing:
    """samplers: by arm, and of the first one's A/A control."""
    variants = {Variant(arm, path): sampler for arm, sampler in samplers.items()}
    began = time.perf_counter()
    samples = paired(variants, seconds)
    spent = time.perf_counter() - began
    places = {variant: i for i, variant in enumerate(variants)}
    return Timing(
        dataset=experiment.dataset.slug,
        backend=family.name,
        device="cpu",
        scenario=scenario,
        batch_size=rows,
        threads=1,
        variants=tuple(variants),
        block=samples.block,
        order=tuple(places[variant] for variant in samples.order),
        seconds=samples.seconds,
        load=samples.load,
        disturbed=disturbed(float(samples.load.mean()), spent),
    )


def _fitting(members: Sequence[Task]) -> Callable[[], list[float]]:
    def sample() -> list[float]:
        began = time.perf_counter()
        for task in members:
            task.fit(SEED)
        return [time.perf_counter() - began]

    return sample


def _answering(members: Sequence[Fitted], rows: object) -> Callable[[], list[float]]:
    def sample() -> list[float]:
        began = time.perf_counter()
        for fitted in members:
            fitted.answer(rows)
        return [time.perf_counter() - began]

    return sample
