"""Which devices a run uses. No framework is imported to find out."""

from __future__ import annotations

import shutil
import subprocess

from jointbench.errors import BadInput

NO_GPU = "GPU: none on this machine"


def gpu_names() -> list[str]:
    """Names of the NVIDIA GPUs that the driver lists, empty without a driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    listed = subprocess.run([tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False)
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()] if listed.returncode == 0 else []


def devices_for(choice: str) -> tuple[str, ...]:
    """The devices to run on: ``cpu``, ``cuda``, or with ``auto`` the CPU and, where there is one, the GPU.

    Raises BadInput for another name, and for cuda on a machine without a GPU.
    """
    if choice == "cpu":
        return ("cpu",)
    if choice == "auto":
        return ("cpu", "cuda") if gpu_names() else ("cpu",)
    if choice == "cuda":
        if not gpu_names():
            raise BadInput("--device cuda: there is no NVIDIA GPU on this machine; use --device cpu or auto")
        return ("cuda",)
    raise BadInput(f"--device {choice!r}: the devices are cpu, cuda and auto")
