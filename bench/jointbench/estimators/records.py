"""The records of a family of estimators on one experiment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from jointbench.errors import BadInput
from jointbench.estimators.family import Family
from jointbench.estimators.fitting import all_labelled, fold_answers
from jointbench.estimators.memory import footprints
from jointbench.estimators.timing import timings
from jointbench.predictions.to_records import Answers, arm_records
from jointbench.records import FoldRecord, NotMeasured, Record
from jointbench.study.config import Progress
from jointbench.study.plan import Experiment

ARMS = {"joint": True, "separate": False}  # does one model predict all outputs?
NO_FLOPS = "FLOPs: not measured: no counter for this estimator"
PARTLY = "joint trains on the rows that have every label, separate on each output's own"


def family_records(
    experiment: Experiment,
    family: Family,
    folds: Sequence[FoldRecord],
    timing_seconds: float,
    progress: Progress,
    *,
    peaks: bool,
) -> Iterator[Record]:
    """Arms, fits, timings and memory. folds: of this experiment; their records stand before these. peaks: measure the
    peak memory too.

    A family that cannot be trained on these outputs leaves a record that says so.
    """
    slug = experiment.dataset.slug
    runs = [(split, number) for split in experiment.splits for number in range(experiment.seeds)]
    by_fold = {(fold.repeat, fold.fold): fold for fold in folds}
    done = 0
    try:
        for arm, together in ARMS.items():
            answers: list[Answers] = []
            for split, number in runs:
                seed = int(np.random.SeedSequence([split.seed, number]).generate_state(1)[0])
                values = fold_answers(experiment, family, split, seed, together=together)
                answers.append(Answers(by_fold[split.repeat, split.fold], number, tuple(values)))
                done += 1
                progress(f"{family.name}: training", slug, done, len(ARMS) * len(runs))
            yield from arm_records(
                experiment.dataset.outputs, answers, arm, family.name, experiment.dataset.digest, together=together
            )
        if timing_seconds > 0:
            yield from timings(experiment, family, ARMS, timing_seconds)
            yield from footprints(experiment, family, ARMS, peaks=peaks)
    except BadInput as error:
        yield NotMeasured(slug, family.name, "cpu", str(error))
        return
    yield NotMeasured(slug, family.name, "cpu", NO_FLOPS)
    if not all_labelled(experiment, experiment.dataset.outputs):
        yield NotMeasured(slug, family.name, "cpu", PARTLY)
