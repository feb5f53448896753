"""Which rows the slots of a stack read in the next call, laid out as the program reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.batched.padding import pad_masks
from jointbench.backends.batched.program import BatchRows, PackedData, ProgramSpec
from jointbench.backends.batched.slots import SlotState
from jointbench.networks.initialization import epoch_order


class CallLayout:
    """The rows of a call, in arrays that every call overwrites.

    A slot's part is laid out once for its job and its next epoch. So it can be done before it is asked for, while a
    device is at work on the call before.
    """

    def __init__(self, jobs: Sequence[Job], spec: ProgramSpec, data: PackedData) -> None:
        self.jobs, self.spec, self.data = jobs, spec, data
        size = (spec.epochs, spec.steps, spec.slots)
        self.rows = BatchRows(
            feature_rows=np.zeros((*size, spec.batch), np.int32),
            target_rows=np.zeros((*size, spec.batch), np.int32),
            active=np.zeros(size, bool),
            validation_features=np.zeros((spec.slots, spec.validation), np.int32),
            validation_targets=np.zeros((spec.slots, spec.validation), np.int32),
            masks={layer.name: np.zeros((*size, spec.batch, layer.units), bool) for layer in spec.architecture.dropped},
        )
        self.laid: list[tuple[int, int] | None] = [
            None
        ] * spec.slots  # the job and the epoch that a slot is laid out for

    def of_call(self, slots: Sequence[SlotState | None]) -> BatchRows:
        """The rows of the call that trains these slots from their next epochs on, in arrays that the next call
        overwrites."""
        for slot, state in enumerate(slots):
            self._lay_out(slot, None if state is None else (state.job, state.next_epoch))
        return self.rows

    def lay_out_ahead(self, slots: Sequence[SlotState | None]) -> None:
        """Lays out the call after the one that these slots are in, as if none of them stopped."""
        for slot, state in enumerate(slots):
            if state is not None:
                self._lay_out(slot, (state.job, state.next_epoch + self.spec.epochs))

    def _lay_out(self, slot: int, wanted: tuple[int, int] | None) -> None:
        before = self.laid[slot]
        if wanted == before:
            return
        self.laid[slot] = wanted
        if wanted is None:
            for part in (self.rows.feature_rows, self.rows.target_rows, self.rows.active, *self.rows.masks.values()):
                part[:, :, slot] = 0
            self.rows.validation_features[slot] = self.rows.validation_targets[slot] = 0
            return
        index, first_epoch = wanted
        if before is None or before[0] != index:
            self._lay_out_job(slot, index)
        for epoch in range(self.spec.epochs):
            self._lay_out_epoch(slot, index, epoch, first_epoch + epoch)

    def _lay_out_job(self, slot: int, index: int) -> None:
        """What no epoch changes: validation rows, padded with the job's row of zeros, and which steps are its own."""
        job = self.jobs[index]
        rows = np.full(self.spec.validation, len(job.features))
        rows[: len(job.validation)] = job.validation
        self.rows.validation_features[slot], self.rows.validation_targets[slot] = self._in_data(index, rows)
        self.rows.active[:, :, slot] = np.arange(self.spec.steps) < math.ceil(len(job.train) / self.spec.batch)
        for mask in self.rows.masks.values():
            mask[:, :, slot] = False

    def _lay_out_epoch(self, slot: int, index: int, place: int, epoch: int) -> None:
        """The batches of one epoch of a job, padded with its row of zeros, and their masks. place: in the call."""
        job, spec = self.jobs[index], self.spec
        rows = np.full(spec.steps * spec.batch, len(job.features))
        rows[: len(job.train)] = job.train[epoch_order(job.seed, epoch, len(job.train))]
        features, targets = self._in_data(index, rows)
        self.rows.feature_rows[place, :, slot] = features.reshape(spec.steps, spec.batch)
        self.rows.target_rows[place, :, slot] = targets.reshape(spec.steps, spec.batch)
        if not self.rows.masks:
            return
        whole, left = divmod(len(job.train), spec.batch)
        for name, mask in pad_masks(job.architecture, spec.architecture, job.masks(epoch)).items():
            part = self.rows.masks[name][place, :, slot, :, : mask.shape[1]]
            part[:whole] = mask[: whole * spec.batch].reshape(whole, spec.batch, -1)
            if left:
                part[whole, :left] = mask[whole * spec.batch :]

    def _in_data(self, index: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of a job among the packed features and among the packed targets."""
        last = len(self.jobs[index].features) - 1
        return np.minimum(rows, last) + self.data.feature_offset[index], rows + self.data.target_offset[index]
