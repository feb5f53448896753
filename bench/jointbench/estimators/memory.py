"""What estimators weigh: as files, and the peak memory of fitting and of answering, each in a new process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from jointbench.estimators.family import Family
from jointbench.estimators.fitting import Task, tasks
from jointbench.measure.process_memory import peak_bytes, peak_unavailable_reason, reset_peak, resident_bytes
from jointbench.records import Memory, Peak
from jointbench.runtime.processes import Processes
from jointbench.runtime.workers import failure_reason
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Float32Array

REQUEST_ROWS = 4_096
SEED = 0
UNMEASURED = "this profile measures peak memory on the largest datasets alone"


def footprints(experiment: Experiment, family: Family, arms: Mapping[str, bool], *, peaks: bool) -> Iterator[Memory]:
    """A record for each arm, of its estimators on the first fold. arms: by name, whether one model predicts all
    outputs. peaks: measure those too."""
    split = experiment.splits[0]
    features = prepared_split(experiment, split.repeat, split.fold).features[split.test]
    rows = features[np.arange(REQUEST_ROWS) % len(features)]
    for arm, together in arms.items():
        members = list(tasks(experiment, family, split, together=together))
        training, serving, reason = _peaks(members, rows) if peaks else (None, None, UNMEASURED)
        yield Memory(
            dataset=experiment.dataset.slug,
            backend=family.name,
            device="cpu",
            arm=arm,
            artifact_bytes=sum(_saved(task.fit(SEED).estimator) for task in members),
            training=training,
            serving=serving,
            reason=reason,
        )


def _peaks(members: Sequence[Task], rows: Float32Array) -> tuple[Peak | None, Peak | None, str | None]:
    """Of fitting and of answering, or why there are none."""
    if (reason := peak_unavailable_reason()) is not None:
        return None, None, reason
    with Processes(1, 1, fresh=True) as processes:
        try:
            training, serving = processes.submit(_footprint, members, rows).result()
        except Exception as error:  # noqa: BLE001 - whatever broke in the process becomes a record
            return None, None, failure_reason(error)
    return training, serving, None


def _footprint(members: Sequence[Task], rows: Float32Array) -> tuple[Peak, Peak]:
    """Runs in a new process."""
    start = resident_bytes()
    reset_peak()
    fitted = [task.fit(SEED) for task in members]
    training = Peak(start, peak_bytes(), None)
    reset_peak()
    for one in fitted:
        one.answer(rows)
    return training, Peak(start, peak_bytes(), None)


def _saved(estimator: object) -> int:
    """Bytes of the estimator as scikit-learn's users save it. It is never read back."""
    return len(pickle.dumps(estimator))
