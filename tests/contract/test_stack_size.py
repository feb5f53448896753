"""How many networks train together: the same everywhere on the processor, as many as its memory holds on a device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_jobs import JobSpec, make_job
from hidden_layers import moved_job
from jointbench.backends.base import Job
from jointbench.backends.batched import stack_size
from jointbench.backends.batched.program import packed_data, program_spec
from jointbench.backends.batched.stack_size import StackLimits, device_limits, processor_limits
from jointbench.backends.early_stopping import checkpoints_kept
from jointbench.types import Recipe

GIB = 2**30
ROOMY = StackLimits(memory_bytes=64 * GIB, most=4096, steps_per_call=64, holds_rows=True)


def wide_job() -> Job:
    return make_job(JobSpec(recipe=Recipe(batch_size=16, max_epochs=50, patience=5), widths=(64, 64)))


def test_the_processor_s_stacks_depend_on_no_machine() -> None:
    assert processor_limits() == StackLimits(256 * 2**20, 32, 64, holds_rows=False)
    jobs = [wide_job()] * 40
    assert program_spec(jobs) == program_spec(jobs, processor_limits())
    assert program_spec(jobs).slots == 32


def test_a_device_trains_thousands_at_a_time_in_longer_calls() -> None:
    assert program_spec([wide_job()] * 2_000, ROOMY).slots == 2_000
    assert program_spec([wide_job()] * 5_000, ROOMY).slots == 4_096
    on_device = program_spec([wide_job()] * 4, device_limits(80 * GIB))
    assert on_device.epochs == min(50, -(-256 // on_device.steps))
    assert program_spec([wide_job()] * 4).epochs == -(-64 // on_device.steps)


def test_a_share_of_what_is_free_counts_in_whole_gigabytes() -> None:
    """A few bytes more or less in use make no other stacks, and a card that is nearly full has as much as a processor."""
    assert device_limits(79 * GIB + 5) == device_limits(80 * GIB - 1)
    assert device_limits(79 * GIB).memory_bytes == 79 * GIB // 2
    assert device_limits(0).memory_bytes == 128 * 2**20


@pytest.mark.parametrize(("name", "memory"), [("plain", 2**22), ("images", 2**25), ("dropout", 2**21)])
def test_what_a_stack_allocates_fits_its_memory(name: str, memory: int) -> None:
    """All tensors of a program that fills its limits, counted."""
    pytest.importorskip("torch")
    from jointbench.backends.pytorch.batched.program import BatchedProgram

    job = {
        "plain": wide_job(),
        "images": make_job(JobSpec(trunk="image")),
        "dropout": replace(moved_job("dropout"), precision="float32"),
    }[name]
    jobs = [job] * 120
    spec = program_spec(jobs, replace(ROOMY, memory_bytes=memory))
    assert 1 < spec.slots < 120
    program = BatchedProgram(spec, packed_data(jobs, spec.architecture), "meta")
    held = {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in tensors_of(program)}
    assert memory / 3 < sum(held.values()) <= memory


def tensors_of(part: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """All tensors of an object and of what it has."""
    seen = set() if seen is None else seen
    if id(part) in seen:
        return
    seen.add(id(part))
    if hasattr(part, "untyped_storage"):
        yield part
        return
    inside = part if isinstance(part, dict | list | tuple) else getattr(part, "__dict__", {})
    for member in inside.values() if isinstance(inside, dict) else inside:
        yield from tensors_of(member, seen)


@given(
    memory=st.integers(0, 2**34),
    jobs=st.integers(1, 100),
    by_output=st.booleans(),
)
def test_more_memory_never_makes_a_smaller_stack(memory: int, jobs: int, by_output: bool) -> None:
    recipe = Recipe(batch_size=16, max_epochs=50, patience=5, checkpoint="output" if by_output else "network")
    job = replace(wide_job(), recipe=recipe)
    less, more = (
        program_spec([job] * jobs, replace(ROOMY, memory_bytes=bytes_)).slots for bytes_ in (memory, 2 * memory)
    )
    assert 1 <= less <= more <= jobs
    assert checkpoints_kept(recipe, 3) == (3 if by_output else 1)


def test_the_jobs_data_and_rows_take_their_part_of_a_device_s_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [wide_job()] * 300
    limits = replace(ROOMY, memory_bytes=32 * 2**20)
    alone = program_spec(jobs, replace(limits, holds_rows=False)).slots
    assert program_spec(jobs, limits).slots < alone
    large = np.zeros((300_000, 7), np.float32)
    with_table = [replace(job, features=np.concatenate([job.features, large])) for job in jobs[:1]] + jobs[1:]
    assert program_spec(with_table, limits).slots < program_spec(jobs, limits).slots
    monkeypatch.setattr(stack_size, "MAX_STACK", 3)
    assert program_spec(jobs).slots == 3
