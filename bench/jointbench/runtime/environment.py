"""The machine and the software of a run, as text."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import loky
import psutil

from jointbench.runtime.devices import NO_GPU
from jointbench.runtime.gpus import gpu_names

CORE_EVENTS = Path("/sys/bus/event_source/devices/cpu")  # exists where the kernel can count a core's events
BEGAN = "began"  # of a run's account of its machine: the time, in UTC
PACKAGES = ("torch", "tensorflow", "keras", "numpy", "pandas", "scikit-learn", "scipy", "pytest-benchmark")


def cores() -> int:
    """Physical cores that this process may use."""
    return int(loky.cpu_count(only_physical_cores=True))


def cpu_model() -> str:
    """The processor's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def package_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def commit() -> str:
    """The commit of the checkout that the package runs from, marked when files differ; or why there is none."""
    folder = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607 - whichever git the user has
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "not a checkout"
    return described.stdout.strip() if described.returncode == 0 else "not a checkout"


def not_measured() -> tuple[str, ...]:
    """Sentences on what this machine cannot measure, each with its reason."""
    counters = "no program here reads them" if CORE_EVENTS.exists() else "this machine gives none, as many virtual ones"
    sentences = [
        f"Hardware counters (instructions, cache misses): not measured: {counters}; FLOPs are from the shapes."
    ]
    if cores() < 2:
        sentences.append(
            "A quiet second core: not measured: the machine has one core, so the system's own work is in the clocks."
        )
    elif (load := os.getloadavg()[0]) > cores() - 1:
        sentences.append(
            f"A quiet second core: not measured: other work kept {load:.1f} of {cores()} cores busy when the run began."
        )
    return tuple(sentences)


def environment() -> dict[str, str]:
    """Everything about machine and software that a reader of the numbers needs."""
    return {
        "jointbench": package_version("jointbench"),
        "commit": commit(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "CPU": cpu_model(),
        "physical cores": str(cores()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "GPU": ", ".join(gpu_names()) or NO_GPU,
        "load at start (1 min)": f"{os.getloadavg()[0]:.2f}",
        **{name: package_version(name) for name in PACKAGES},
    }
