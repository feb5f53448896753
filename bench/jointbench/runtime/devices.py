"""Which devices a run uses. No framework is imported to find out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from jointbench.errors import BadInput

NO_GPU = "none on this machine"


def gpu_names() -> list[str]:
    """Names of the NVIDIA GPUs that the driver lists, empty without a driver."""
    return _nvidia_smi("--query-gpu=name")


def gpu_holders() -> list[str]:
    """Processes that compute on a GPU now, as "name (pid 1234)"; empty without a driver.

    Inside a container the driver may not know the name, or not list what runs outside.
    """
    processes = [line.partition(",") for line in _nvidia_smi("--query-compute-apps=pid,process_name")]
    return [f"{name.strip()} (pid {pid.strip()})" for pid, _, name in processes]


def _nvidia_smi(query: str) -> list[str]:
    """The lines that nvidia-smi answers, empty where there is none or it fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    answer = subprocess.run([tool, query, "--format=csv,noheader"], capture_output=True, text=True, check=False)
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()] if answer.returncode == 0 else []


def gpu_unavailable_reason() -> str | None:
    """Why nothing can be measured on a GPU now; None where it can."""
    if not gpu_names():
        return NO_GPU
    holders = gpu_holders()
    return f"held by {_listed(holders)}" if holders else None


def _listed(holders: Sequence[str]) -> str:
    return ", ".join(holders[:3]) + (f" and {len(holders) - 3} more" if len(holders) > 3 else "")


def devices_for(choice: str) -> tuple[str, ...]:
    """The devices to run on: ``cpu``, ``cuda``, or with ``auto`` the CPU and, where one is free, the GPU.

    Raises BadInput for another name, and for cuda where there is no GPU or another process computes on it: that would
    distort times and memory.
    """
    if choice == "cpu":
        return ("cpu",)
    if choice == "auto":
        return ("cpu",) if gpu_unavailable_reason() else ("cpu", "cuda")
    if choice == "cuda":
        if not gpu_names():
            raise BadInput("--device cuda: there is no NVIDIA GPU on this machine; use --device cpu or auto")
        if holders := gpu_holders():
            raise BadInput(
                f"--device cuda: {_listed(holders)} is using the GPU, so nothing measured on it would hold; "
                "wait for it or stop it, or use --device cpu"
            )
        return ("cuda",)
    raise BadInput(f"--device {choice!r}: the devices are cpu, cuda and auto")
