"""Which devices a run gets, told from what nvidia-smi answers; here a stand-in that answers as a file says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jointbench.cli.app import main
from jointbench.errors import BadInput
from jointbench.runs.notes import notes
from jointbench.runs.options import RunOptions
from jointbench.runtime.devices import devices_for, gpu_holders, gpu_names, gpu_unavailable_reason
from jointbench.runtime.environment import not_measured

Fake = Callable[..., None]


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts an nvidia-smi on the path that lists these GPUs and these processes ("pid, name")."""

    def put(gpus: str = "NVIDIA A100", processes: str = "", status: int = 0) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        tool = folder / "nvidia-smi"
        tool.write_text(
            f"#!/bin/sh\ncase $1 in --query-gpu=*) echo '{gpus}';; *) printf '%s' '{processes}';; esac\nexit {status}\n"
        )
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return put


def test_a_free_gpu_is_used(nvidia_smi: Fake) -> None:
    nvidia_smi()
    assert gpu_names() == ["NVIDIA A100"]
    assert (gpu_unavailable_reason(), devices_for("auto"), devices_for("cuda")) == (None, ("cpu", "cuda"), ("cuda",))


def test_a_gpu_that_another_process_holds_is_refused_by_its_pid(nvidia_smi: Fake) -> None:
    nvidia_smi(processes="4242, /usr/bin/python3\n4243, train\n")
    assert gpu_holders() == ["/usr/bin/python3 (pid 4242)", "train (pid 4243)"]
    with pytest.raises(BadInput, match=r"pid 4242.*pid 4243.*--device cpu") as refused:
        devices_for("cuda")
    assert "\n" not in str(refused.value)
    assert devices_for("auto") == ("cpu",)
    assert devices_for("cpu") == ("cpu",)
    (message,) = [note for note in notes(RunOptions(), ("cpu",)) if note.startswith("GPU")]
    assert message.startswith("GPU: not measured: held by /usr/bin/python3 (pid 4242)")


def test_many_holders_are_not_all_named(nvidia_smi: Fake) -> None:
    nvidia_smi(processes="\n".join(f"{pid}, p" for pid in range(9)))
    assert (gpu_unavailable_reason() or "").endswith("and 6 more")


def test_a_driver_that_fails_is_no_gpu(nvidia_smi: Fake) -> None:
    nvidia_smi(status=9)
    assert devices_for("auto") == ("cpu",)
    with pytest.raises(BadInput, match="no NVIDIA GPU"):
        devices_for("cuda")


def test_the_command_refuses_a_held_gpu_in_one_sentence(
    nvidia_smi: Fake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nvidia_smi(processes="4242, python")
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["jointbench", "run", "concrete_slump", "--device", "cuda", "--out", str(out)])
    with pytest.raises(SystemExit) as stopped:
        main()
    message = capsys.readouterr().err
    assert (stopped.value.code, message.count("\n"), out.exists()) == (2, 1, False)
    assert "pid 4242" in message


def test_what_the_machine_cannot_give_is_listed_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointbench.runtime.environment.cores", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (0.3, 0.0, 0.0))
    (counters,) = not_measured()
    assert counters.startswith("Hardware counters")
    monkeypatch.setattr("os.getloadavg", lambda: (1.7, 0.0, 0.0))
    assert "1.7 of 2 cores" in not_measured()[1]
    monkeypatch.setattr("jointbench.runtime.environment.cores", lambda: 1)
    assert "one core" in not_measured()[1]
    assert all("not measured: " in message for message in not_measured())
