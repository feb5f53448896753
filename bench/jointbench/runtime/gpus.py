"""The NVIDIA GPUs that a run may use, and who computes on them, by nvidia-smi. No framework is imported to find out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

VISIBLE = "CUDA_VISIBLE_DEVICES"  # the variable that says which GPUs CUDA shows to a process
ANSWER_SECONDS = 60.0  # a driver that is wedged never answers; one that wakes eight of them takes half a minute


@dataclass(frozen=True)
class Gpu:
    """A GPU by nvidia-smi's number, its name, and the word by which CUDA finds it in whatever order CUDA counts."""

    index: int
    uuid: str
    name: str

    def __str__(self) -> str:
        return f"GPU {self.index} ({self.name})"


def installed_gpus() -> list[Gpu]:
    """The GPUs that the driver lists, empty without a driver."""
    return list(_listed_by(shutil.which("nvidia-smi")))


@cache  # it takes seconds where the driver sleeps between two questions
def _listed_by(tool: str | None) -> tuple[Gpu, ...]:
    gpus = []
    for line in _nvidia_smi(tool, "--query-gpu=index,uuid,name"):
        index, _, rest = line.partition(",")
        uuid, _, name = rest.partition(",")
        if index.strip().isdecimal():  # not so "No devices were found", which it may call a success
            gpus.append(Gpu(int(index), uuid.strip(), name.strip()))
    return tuple(gpus)


def visible_gpus() -> list[Gpu]:
    """Those that a CUDA_VISIBLE_DEVICES of the user's shows, in its order; all where there is none.

    As CUDA reads it: numbers and beginnings of UUIDs, up to the first word that is neither. A number is taken for
    nvidia-smi's, which it is where the GPUs are equal or CUDA_DEVICE_ORDER is PCI_BUS_ID.
    """
    gpus = installed_gpus()
    words = os.environ.get(VISIBLE)
    if words is None:
        return gpus
    visible: list[Gpu] = []
    for word in words.split(","):
        named = [gpu for gpu in gpus if _is_named(gpu, word.strip())]
        if len(named) != 1 or named[0] in visible:
            break
        visible += named
    return visible


def _is_named(gpu: Gpu, word: str) -> bool:
    return word == str(gpu.index) or (word.startswith("GPU-") and gpu.uuid.startswith(word))


def gpu_names() -> list[str]:
    return [gpu.name for gpu in visible_gpus()]


def gpu_holders() -> dict[str, list[str]]:
    """By UUID, the processes that compute on a GPU now, as "name (pid 1234)"; empty without a driver.

    Inside a container the driver may not know the name, or not list what runs outside.
    """
    holders: dict[str, list[str]] = {}
    for line in _nvidia_smi(shutil.which("nvidia-smi"), "--query-compute-apps=gpu_uuid,pid,process_name"):
        uuid, _, process = line.partition(",")
        pid, _, name = process.partition(",")
        holders.setdefault(uuid.strip(), []).append(f"{name.strip()} (pid {pid.strip()})")
    return holders


def free_gpus() -> tuple[Gpu, ...]:
    """Those visible GPUs on which no process computes."""
    holders = gpu_holders()
    return tuple(gpu for gpu in visible_gpus() if gpu.uuid not in holders)


def held_gpus() -> dict[Gpu, str]:
    """The other visible ones, each with who holds it."""
    holders = gpu_holders()
    return {gpu: _listed(holders[gpu.uuid]) for gpu in visible_gpus() if gpu.uuid in holders}


def _listed(holders: Sequence[str]) -> str:
    return ", ".join(holders[:3]) + (f" and {len(holders) - 3} more" if len(holders) > 3 else "")


def _nvidia_smi(tool: str | None, query: str) -> list[str]:
    """The lines that nvidia-smi answers, empty where there is none or it fails."""
    if tool is None:
        return []
    command = [tool, query, "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()] if answer.returncode == 0 else []
