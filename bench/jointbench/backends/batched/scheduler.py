"""Trains many jobs in one stack: which job gets a slot, and when each one stops.

When a job stops, its slot goes to the next job that waits, so the stack stays full. Each job keeps its own rows, batch
order, weights, optimiser state and early stopping: its neighbours change nothing beyond rounding. The backend's program
does the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Trained
from jointbench.backends.batched.padding import matching_heads, unpad_weights
from jointbench.backends.batched.program import (
    BatchRows,
    PackedData,
    Program,
    ProgramSpec,
    ProgramStep,
    packed_data,
    program_spec,
)
from jointbench.backends.batched.slots import SlotState, fill_slots, training_masks, training_rows, validation_rows
from jointbench.backends.checkpoints import served_networks
from jointbench.backends.training_log import TrainingLog
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

Predict = Callable[[Architecture, Sequence[tuple[Weights, Float32Array]]], list[Float32Array]]
"""From one architecture and (weights, rows) of several networks to each network's answers."""
Finished = tuple[TrainingLog, list[dict[str, npt.NDArray[np.floating]]]]
"""The log of a job that has stopped, and the weights of its best epoch, or of each output's own."""


def fit_stacked(
    jobs: Sequence[Job], make_program: Callable[[ProgramSpec, PackedData], Program], predict: Predict
) -> tuple[Trained, ...]:
    """Trains every job, as many at a time as the stack has slots. ``predict`` scores the networks afterwards."""
    spec = program_spec(jobs)
    data = packed_data(jobs, spec.architecture)
    program = make_program(spec, data)
    waiting = list(range(len(jobs)))[::-1]
    slots: list[SlotState | None] = [None] * spec.slots
    finished: dict[int, Finished] = {}
    while waiting or any(slots):
        fill_slots(program, jobs, slots, waiting, spec)
        step = program.advance(_batch_rows(jobs, slots, spec, data))
        for slot, state in enumerate(slots):
            if state is None:
                continue
            network = jobs[state.job].architecture
            heads = matching_heads(network, spec.architecture)
            if _add_epochs(state, step, slot, heads):
                best = program.best(slot)
                own = [best[head] for head in heads] if spec.recipe.checkpoint == "output" else best
                finished[state.job] = state.log, [unpad_weights(network, spec.architecture, each) for each in own]
                slots[slot] = None
    return _scored(jobs, finished, predict)


def _batch_rows(
    jobs: Sequence[Job], slots: Sequence[SlotState | None], spec: ProgramSpec, data: PackedData
) -> BatchRows:
    rows, active = training_rows(jobs, slots, spec)
    validation = validation_rows(jobs, slots, spec)
    features = np.array([0 if state is None else data.feature_offset[state.job] for state in slots])
    targets = np.array([0 if state is None else data.target_offset[state.job] for state in slots])
    last = np.array([0 if state is None else len(jobs[state.job].features) - 1 for state in slots])
    return BatchRows(
        feature_rows=(np.minimum(rows, last[:, None]) + features[:, None]).astype(np.int32),
        target_rows=(rows + targets[:, None]).astype(np.int32),
        active=active,
        validation_features=(np.minimum(validation, last[:, None]) + features[:, None]).astype(np.int32),
        validation_targets=(validation + targets[:, None]).astype(np.int32),
        masks=training_masks(jobs, slots, spec),
    )


def _add_epochs(state: SlotState, step: ProgramStep, slot: int, columns: Sequence[int]) -> bool:
    """Adds a call's epochs to the job's log; true when its slot is free. columns: those of its own heads.

    A job that runs out of patience in the last epoch of a call keeps its slot for one more call. Freed at once, it
    would change which jobs train side by side, and so the rounding of results: they would not equal older versions'.
    """
    log, own = state.log, list(columns)
    epochs = zip(step.train_loss[:, slot], step.validation_loss[:, slot], step.validation_total[:, slot], strict=True)
    for train, validation, total in epochs:
        if not log.training:
            return True
        log.add(train[own], validation[own], float(total))
        state.next_epoch += 1
    return log.failure is not None or log.epochs == log.job.recipe.max_epochs


def _scored(jobs: Sequence[Job], finished: dict[int, Finished], predict: Predict) -> tuple[Trained, ...]:
    """The jobs' results in their order, with predictions on their test rows."""
    served = {
        (i, part): network
        for i, job in enumerate(jobs)
        for part, network in enumerate(served_networks(job.architecture, job.recipe, finished[i][1]))
    }
    answers: dict[tuple[int, int], Float32Array] = {}
    for architecture in dict.fromkeys(network for network, _ in served.values()):
        alike = {key: weights for key, (network, weights) in served.items() if network == architecture}
        requests = [(w, jobs[i].features[jobs[i].test].astype(jobs[i].precision)) for (i, _), w in alike.items()]
        answers.update(zip(alike, predict(architecture, requests), strict=True))
    whole = [np.concatenate([answers[key] for key in served if key[0] == i], axis=1) for i in range(len(jobs))]
    return tuple(log.trained(whole[i], checkpoints, []) for i, (log, checkpoints) in sorted(finished.items()))
