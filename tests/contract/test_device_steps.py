"""A program whose steps take nothing from the host trains the networks that the host's own way trains.

There is no accelerator here, so its policy runs on the processor, and on PyTorch's `meta` device, which has no numbers:
what asks for a value of it fails there, and so does what mixes it with tensors of the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from contract_jobs import JobSpec, make_job
from hidden_layers import moved_job
from jointbench.backends.base import Job, Trained
from jointbench.backends.batched import stack_size
from jointbench.backends.batched.call_layout import CallLayout
from jointbench.backends.batched.program import packed_data, program_spec
from jointbench.backends.batched.scheduler import fit_stacked
from jointbench.backends.batched.slots import SlotState, fill_slots
from jointbench.backends.protocols import Backend
from jointbench.types import Recipe

torch = pytest.importorskip("torch")

from torch.multiprocessing.reductions import StorageWeakRef  # noqa: E402 - after the skip
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from jointbench.backends.pytorch.batched import device_loop, prediction  # noqa: E402
from jointbench.backends.pytorch.batched.device_loop import DeviceLoop  # noqa: E402
from jointbench.backends.pytorch.batched.policy import ON_DEVICE, ON_HOST, Policy  # noqa: E402
from jointbench.backends.pytorch.batched.program import BatchedProgram  # noqa: E402
from jointbench.backends.pytorch.launcher import Launcher  # noqa: E402

ADAM = Recipe(optimizer="adam", learning_rate=2**-7, batch_size=16, max_epochs=25, patience=4)
ADAMW = replace(ADAM, optimizer="adamw", weight_decay=2**-3)
SGD = Recipe(optimizer="sgd", learning_rate=2**-3, batch_size=16, max_epochs=20, patience=3, weight_decay=2**-5)
OWN = replace(ADAM, checkpoint="output")
STACKS: dict[str, Callable[[int], Job]] = {
    "adam": lambda seed: make_job(JobSpec(recipe=ADAM, precision="float64", seed=seed)),
    "adamw": lambda seed: make_job(JobSpec(recipe=ADAMW, precision="float64", seed=seed)),
    "sgd with decay": lambda seed: make_job(JobSpec(recipe=SGD, precision="float64", seed=seed)),
    "own checkpoints": lambda seed: make_job(JobSpec(recipe=OWN, precision="float64", seed=seed)),
    "huber": lambda seed: replace(
        make_job(JobSpec(outputs="regression", recipe=SGD, precision="float64", seed=seed)), regression_loss="huber"
    ),
    "images": lambda seed: make_job(
        JobSpec(trunk="image", recipe=replace(ADAM, max_epochs=4), precision="float64", seed=seed)
    ),
    "resnet": partial(moved_job, "resnet"),
    "norm and dropout": partial(moved_job, "norm and dropout"),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread(backend_named: Callable[[str], Backend]) -> None:
    """Loading the backend sets the process's threads."""
    backend_named("torch")


def stack_of(name: str, count: int = 3) -> list[Job]:
    """Jobs with data, seeds, row counts, epochs and stops of their own."""
    jobs = [STACKS[name](seed) for seed in range(1, count + 1)]
    return [
        replace(job, train=job.train[: 100 - 12 * i], validation=job.validation[: 30 - i]) for i, job in enumerate(jobs)
    ]


def fit(jobs: list[Job], policy: Policy) -> tuple[Trained, ...]:
    return fit_stacked(
        jobs, partial(BatchedProgram, device="cpu", policy=policy), partial(policy.predict, device="cpu")
    )


@pytest.mark.parametrize("name", STACKS)
def test_both_policies_train_the_same_networks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three networks in two slots, one of which is filled again."""
    monkeypatch.setattr(stack_size, "MAX_STACK", 2)
    jobs = stack_of(name)
    for host, device in zip(fit(jobs, ON_HOST), fit(jobs, ON_DEVICE), strict=True):
        assert (host.epochs, host.best_epoch, host.best_epochs) == (
            device.epochs,
            device.best_epoch,
            device.best_epochs,
        )
        assert host.stopped_by == device.stopped_by
        np.testing.assert_allclose(device.train_loss, host.train_loss, rtol=1e-9)
        np.testing.assert_allclose(device.validation_loss, host.validation_loss, rtol=1e-9)
        np.testing.assert_allclose(device.predictions, host.predictions, rtol=1e-5, atol=1e-6)
        for own, other in zip(device.checkpoints, host.checkpoints, strict=True):
            for layer, weights in own.items():
                np.testing.assert_allclose(weights, other[layer], rtol=1e-8, atol=1e-10, err_msg=layer)


def test_a_slot_that_is_idle_keeps_its_state_though_its_rows_overflow() -> None:
    """Its gradient is not finite in the steps that are not its own; nothing of it may reach weights or moments."""
    jobs = stack_of("adam", 2)
    spec = program_spec(jobs)
    program = BatchedProgram(spec, packed_data(jobs, spec.architecture), "cpu", ON_DEVICE)
    optimizer, flat = program.loop.optimizer, program.stack.flat
    flat.uniform_()
    for moment in optimizer.moments:
        moment.uniform_()
    optimizer.moments[1][1, 0] = np.inf  # of a gradient whose square overflowed
    active = torch.tensor([[True, False]]).expand(spec.steps, 2).clone()
    before = [tensor[1].clone() for tensor in (flat, *optimizer.moments)]
    optimizer.begin_epoch(active)
    program.stack.gradient[0] = 0.5
    program.stack.gradient[1] = np.nan
    optimizer.step(torch.zeros(1, dtype=torch.long))
    for tensor, value in zip((flat, *optimizer.moments), before, strict=True):
        assert torch.equal(tensor[1], value)
    assert optimizer.count.tolist() == [spec.steps, 0]


# What reads a value of the device, or makes a tensor of one of the host: each waits for the other.
HOST_VALUES = {
    "_local_scalar_dense",
    "_pin_memory",
    "equal",
    "lift_fresh",
    "lift_fresh_copy",
    "masked_select",
    "nonzero",
    "scalar_tensor",
    "unique_dim",
    "_unique2",
}


class Recorder(TorchDispatchMode):
    """Looks at every operation of a step. device: where all of its tensors must be."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device, self.operations, self.new = device, 0, []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        assert name not in HOST_VALUES, f"{function} in a step"
        given = list(tensors_in((args, kwargs or {})))
        if name.startswith("index"):
            indices = [tensor for tensor in given if tensor.dtype in (torch.bool, torch.uint8)]
            assert name in ("index_select", "index_copy_") or not indices, f"{function} by a mask in a step"
        answer = function(*args, **(kwargs or {}))
        made = list(tensors_in(answer))
        for tensor in (*given, *made):
            assert tensor.device.type == self.device, f"{function} on the {tensor.device} in a step"
        there = {StorageWeakRef(tensor.untyped_storage()) for tensor in given}
        self.new += [(str(function), ref) for ref in map(storage_of, made) if ref not in there]
        self.operations += 1
        return answer


def storage_of(tensor: Any) -> StorageWeakRef:
    return StorageWeakRef(tensor.untyped_storage())


def tensors_in(value: Any) -> Iterator[Any]:
    """All tensors in arguments."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors_in(part)


def addresses(part: object, path: str = "", seen: set[int] | None = None) -> dict[str, int]:
    """Where every tensor of a program lies, by the way to it."""
    seen = set() if seen is None else seen
    if isinstance(part, torch.Tensor):
        return {path: part.data_ptr()}
    if id(part) in seen:
        return {}
    seen.add(id(part))
    if isinstance(part, list | tuple):
        parts: list[tuple[str, object]] = [(str(i), value) for i, value in enumerate(part)]
    elif isinstance(part, dict):
        parts = list(part.items())
    elif type(part).__module__.startswith("jointbench."):
        parts = list(vars(part).items())
    else:
        return {}
    return {key: at for name, value in parts for key, at in addresses(value, f"{path}.{name}", seen).items()}


@pytest.mark.parametrize("name", ["adam", "own checkpoints", "images", "resnet"])
def test_no_step_allocates_for_good_or_reads_a_value_or_moves_a_tensor(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launcher that records instead of capturing: every launch of two epochs and of a refilled slot goes through it."""
    launches, places, programs = [], [], []

    def recording(step: Callable[[], None], device: str, state: Any) -> Launcher:
        def launch() -> None:
            before = addresses(programs[0])
            with Recorder("cpu") as recorder:
                step()
            outlived = [made for made, reference in recorder.new if not reference.expired()]
            assert not outlived, f"{step.__name__} leaves what {outlived[0]} made"
            moved = {way for way, at in addresses(programs[0]).items() if at not in before.values()}
            assert not moved, f"{step.__name__} moves a tensor: {moved}"
            launches.append((step.__name__, recorder.operations))
            places.append(before)

        return Launcher(launch)

    def make_program(*args: Any) -> BatchedProgram:
        programs.append(BatchedProgram(*args, device="cpu", policy=ON_DEVICE))
        return programs[0]

    monkeypatch.setattr(device_loop, "make_launcher", recording)
    monkeypatch.setattr(stack_size, "MAX_STACK", 2)
    monkeypatch.setattr(stack_size, "STEPS_PER_CALL", 14)
    jobs = [replace(job, recipe=replace(job.recipe, max_epochs=2)) for job in stack_of(name)]
    fit_stacked(jobs, make_program, partial(ON_DEVICE.predict, device="cpu"))
    assert {step for step, _ in launches} == {"begin_epoch", "step", "end_epoch"}
    steps = [operations for step, operations in launches if step == "step"]
    assert len(set(steps)) == 1, "every step is the same work"
    assert len(steps) == 2 * 2 * program_spec(jobs).steps
    assert all(set(place.values()) == set(places[0].values()) for place in places), "they stay from call to call"


@pytest.mark.parametrize("name", ["adam", "images", "norm and dropout"])
def test_all_tensors_of_a_step_are_on_the_device(name: str) -> None:
    jobs = stack_of(name, 2)
    spec = program_spec(jobs)
    data = packed_data(jobs, spec.architecture)
    program = BatchedProgram(spec, data, "meta")
    assert isinstance(program.loop, DeviceLoop), "any device but the processor's gets its policy"
    slots: list[SlotState | None] = [None] * spec.slots
    fill_slots(program, jobs, slots, [1, 0], spec)
    program.loop.rows.begin_call(CallLayout(jobs, spec, data).of_call(slots))
    with torch.no_grad(), Recorder("meta") as recorder:
        for step in (program.loop.begin_epoch, program.loop.step, program.loop.end_epoch):
            step()
    assert recorder.operations > 50


@pytest.mark.parametrize("trunk", ["table", "image"])
def test_networks_that_answer_together_answer_as_one_by_one(trunk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts of a few networks and of a few rows, each network with as many rows as it was asked for."""
    monkeypatch.setattr(prediction, "ROWS", 16)
    monkeypatch.setattr(prediction, "ANSWERED_BYTES", 2**20 if trunk == "image" else 2**15)
    jobs = [make_job(JobSpec(trunk=trunk, precision="float64", seed=seed)) for seed in range(5)]
    requests = [(job.initial, job.features[: 7 + 13 * i].astype(float)) for i, job in enumerate(jobs)]
    expected = ON_HOST.predict(jobs[0].architecture, requests, "cpu")
    answers = ON_DEVICE.predict(jobs[0].architecture, requests, "cpu")
    for answer, other, (_, rows) in zip(answers, expected, requests, strict=True):
        assert answer.shape == (len(rows), 5)
        np.testing.assert_allclose(answer, other, rtol=1e-10, atol=1e-12)
