"""Which devices a run uses, and the reasons against a GPU."""

from __future__ import annotations

import os

from jointbench.errors import BadInput
from jointbench.runtime.gpus import VISIBLE, free_gpus, held_gpus, installed_gpus, visible_gpus

NO_GPU = "none on this machine"


def gpu_unavailable_reason() -> str | None:
    """Why nothing can be measured on a GPU now; None where it can."""
    if not visible_gpus():
        return _hidden_reason() if installed_gpus() else NO_GPU
    if free_gpus():
        return None
    return f"held by {'; '.join(held_gpus().values())}"


def _hidden_reason() -> str:
    return f"{VISIBLE}={os.environ.get(VISIBLE, '')!r} shows none of this machine's"


def devices_for(choice: str) -> tuple[str, ...]:
    """The devices to run on: ``cpu``, ``cuda``, or with ``auto`` the CPU and, where one is free, the GPU.

    Raises BadInput for another name, and for cuda where there is no GPU or other processes compute on each: that would
    distort times and memory.
    """
    if choice == "cpu":
        return ("cpu",)
    if choice == "auto":
        return ("cpu",) if gpu_unavailable_reason() else ("cpu", "cuda")
    if choice == "cuda":
        _require_a_free_gpu()
        return ("cuda",)
    raise BadInput(f"--device {choice!r}: the devices are cpu, cuda and auto")


def _require_a_free_gpu() -> None:
    if not visible_gpus():
        if installed_gpus():
            raise BadInput(f"--device cuda: {_hidden_reason()} GPUs; unset it, or use --device cpu")
        raise BadInput("--device cuda: there is no NVIDIA GPU on this machine; use --device cpu or auto")
    if not free_gpus():
        raise BadInput(
            f"--device cuda: {'; '.join(held_gpus().values())} is using the GPU, so nothing measured on it would hold; "
            "wait for it or stop it, or use --device cpu"
        )


def gpus_on(device: str) -> tuple[str, ...]:
    """The words by which CUDA finds the free GPUs where the device is one; the first is measured on."""
    return () if device == "cpu" else tuple(gpu.uuid for gpu in free_gpus())
