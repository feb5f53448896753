"""An nvidia-smi on the path that lists the GPUs and processes it is told to; there is no driver and no GPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest


def plant_gpus(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: Sequence[str] = ("NVIDIA A100",),
    processes: Sequence[tuple[int, str]] = (),
    status: int = 0,
) -> list[str]:
    """The UUIDs of the planted GPUs. gpus: their names. processes: the GPU that each computes on, and "pid, name"."""
    uuids = [f"GPU-{index}{'abcdef'[index % 6]}-{index}" for index in range(len(gpus))]
    listed = "\n".join(f"{i}, {uuid}, {name}" for i, (uuid, name) in enumerate(zip(uuids, gpus, strict=True)))
    held = "\n".join(f"{uuids[gpu]}, {process}" for gpu, process in processes)
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    tool = tools / "nvidia-smi"
    tool.write_text(
        f"#!/bin/sh\ncase $1 in --query-gpu=index,uuid,name) echo '{listed}';; "
        f"--query-compute-apps=gpu_uuid,pid,process_name) printf '%s' '{held}';; *) exit 7;; esac\nexit {status}\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return uuids
