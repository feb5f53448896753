"""What a device replays, and what is left where a step cannot be captured: all but the capture itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from contract_jobs import JobSpec, make_job
from jointbench.backends.base import Trained
from jointbench.backends.batched.scheduler import fit_stacked
from jointbench.backends.protocols import Backend
from jointbench.types import Recipe

torch = pytest.importorskip("torch")

from jointbench.backends.pytorch import launcher  # noqa: E402 - after the skip
from jointbench.backends.pytorch.batched import device_loop  # noqa: E402
from jointbench.backends.pytorch.batched.policy import ON_DEVICE  # noqa: E402
from jointbench.backends.pytorch.batched.program import BatchedProgram  # noqa: E402
from jointbench.backends.pytorch.launcher import WARM_UP_STEPS, make_launcher  # noqa: E402

Step = Callable[[], None]
REASON = "CUDA error: operation not permitted when stream is capturing"


@dataclass
class Replayed:
    """Stands in for a graph."""

    replay: Step


def captured(step: Step, put_back: Step) -> Replayed:
    """As a capture does: takes the steps that warm up, and records one, which is not taken."""
    for _ in range(WARM_UP_STEPS):
        step()
        put_back()
    return Replayed(step)


def refused(step: Step, put_back: Step) -> Replayed:
    """A step that no graph can hold: the capture breaks off, and ending it fails in its turn."""
    step()
    try:
        raise RuntimeError(f"{REASON}\nCompile with TORCH_USE_CUDA_DSA")
    finally:
        raise RuntimeError("CUDA error: operation failed due to a previous error during capture")


@pytest.fixture(autouse=True)
def one_thread(backend_named: Callable[[str], Backend]) -> None:
    backend_named("torch")


def trained(monkeypatch: pytest.MonkeyPatch, capture: Any = None) -> tuple[tuple[Trained, ...], BatchedProgram]:
    """Three jobs, one of them with a short last epoch, by a program whose launches are those of an accelerator."""
    if capture is not None:
        monkeypatch.setattr(launcher, "_captured", capture)
        on_cuda = lambda step, _, state: make_launcher(step, "cuda", state)  # noqa: E731 - named by what it makes
        monkeypatch.setattr(device_loop, "make_launcher", on_cuda)
    recipe = Recipe(optimizer="adam", learning_rate=2**-7, batch_size=16, max_epochs=9, patience=3)
    jobs = [make_job(JobSpec(recipe=recipe, dropout=0.25, seed=seed)) for seed in (1, 2, 3)]
    jobs[1] = replace(jobs[1], train=jobs[1].train[:70])
    programs: list[BatchedProgram] = []

    def make_program(*args: Any) -> BatchedProgram:
        programs.append(BatchedProgram(*args, device="cpu", policy=ON_DEVICE))
        return programs[0]

    return fit_stacked(jobs, make_program, partial(ON_DEVICE.predict, device="cpu")), programs[0]


@pytest.mark.parametrize(("capture", "reason"), [(captured, None), (refused, REASON)], ids=["replayed", "refused"])
def test_neither_a_capture_nor_a_failed_one_changes_what_is_trained(
    monkeypatch: pytest.MonkeyPatch, capture: Any, reason: str | None
) -> None:
    """To the last bit: what the steps that warm up change is put back, counters and best weights too."""
    expected, plain = trained(monkeypatch)
    fits, program = trained(monkeypatch, capture)
    assert (plain.eager_reason, program.eager_reason) == (None, reason)
    for fit, other in zip(fits, expected, strict=True):
        np.testing.assert_array_equal(fit.validation_loss, other.validation_loss)
        np.testing.assert_array_equal(fit.train_loss, other.train_loss)
        np.testing.assert_array_equal(fit.predictions, other.predictions)
        assert (fit.epochs, fit.best_epoch) == (other.epochs, other.best_epoch)


def test_an_error_that_is_no_fault_of_the_capture_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(step: Step, put_back: Step) -> Replayed:
        raise TypeError("a fault of this program")

    monkeypatch.setattr(launcher, "_captured", broken)
    with pytest.raises(TypeError, match="a fault of this program"):
        make_launcher(lambda: None, "cuda", [])
