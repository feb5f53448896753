"""Trains many jobs in one stack: which job gets a slot, and when each one stops.

When a job stops, its slot goes to the next job that waits, so the stack stays full. Each job keeps its own rows, batch
order, weights, optimiser state and early stopping: its neighbours change nothing beyond rounding. The backend's program
does the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job, Trained
from jointbench.backends.batched.call_layout import CallLayout
from jointbench.backends.batched.padding import unpad_weights
from jointbench.backends.batched.program import (
    PackedData,
    Program,
    ProgramSpec,
    ProgramStep,
    packed_data,
    program_spec,
)
from jointbench.backends.batched.slots import SlotState, fill_slots
from jointbench.backends.batched.stack_size import StackLimits
from jointbench.backends.checkpoints import served_networks
from jointbench.backends.training_log import TrainingLog
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

Predict = Callable[[Architecture, Sequence[tuple[Weights, Float32Array]]], list[Float32Array]]
"""From one architecture and (weights, rows) of several networks to each network's answers."""
Finished = tuple[TrainingLog, list[dict[str, npt.NDArray[np.floating]]]]
"""The log of a job that has stopped, and the weights of its best epoch, or of each output's own."""


def fit_stacked(
    jobs: Sequence[Job],
    make_program: Callable[[ProgramSpec, PackedData], Program],
    predict: Predict,
    limits: StackLimits | None = None,
) -> tuple[Trained, ...]:
    """Trains every job, as many at a time as the stack has slots. ``predict`` scores the networks afterwards. limits: of
    where it trains, by default the processor's."""
    spec = program_spec(jobs, limits)
    data = packed_data(jobs, spec.architecture)
    program, layout = make_program(spec, data), CallLayout(jobs, spec, data)
    waiting = list(range(len(jobs)))[::-1]
    slots: list[SlotState | None] = [None] * spec.slots
    finished: dict[int, Finished] = {}
    while waiting or any(slots):
        fill_slots(program, jobs, slots, waiting, spec)
        step = program.advance(layout.of_call(slots), partial(layout.lay_out_ahead, slots))
        for slot, state in enumerate(slots):
            if state is None:
                continue
            if _add_epochs(state, step, slot):
                best, network = program.best(slot), jobs[state.job].architecture
                own = [best[head] for head in state.heads] if spec.recipe.checkpoint == "output" else best
                finished[state.job] = state.log, [unpad_weights(network, spec.architecture, each) for each in own]
                slots[slot] = None
    return _scored(jobs, finished, predict)


def _add_epochs(state: SlotState, step: ProgramStep, slot: int) -> bool:
    """Adds a call's epochs to the job's log; true when its slot is free.

    A job that runs out of patience in the last epoch of a call keeps its slot for one more call. Freed at once, it
    would change which jobs train side by side, and so the rounding of results: they would not equal older versions'.
    """
    log, own = state.log, state.heads
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
    whole: dict[int, list[Float32Array]] = {}
    for i, part in served:
        whole.setdefault(i, []).append(answers[i, part])
    return tuple(
        log.trained(np.concatenate(whole[i], axis=1), checkpoints, [])
        for i, (log, checkpoints) in sorted(finished.items())
    )
