"""Which devices a run gets, told from what nvidia-smi answers; here a stand-in that answers as a file says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from jointbench.cli.app import main
from jointbench.errors import BadInput
from jointbench.runs.notes import notes
from jointbench.runs.options import RunOptions, study_config
from jointbench.runtime.devices import devices_for, gpu_unavailable_reason, gpus_on
from jointbench.runtime.environment import not_measured
from jointbench.runtime.gpus import gpu_holders, gpu_names
from planted_gpus import plant_gpus

Fake = Callable[..., list[str]]


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return partial(plant_gpus, tmp_path, monkeypatch)


def test_a_free_gpu_is_used(nvidia_smi: Fake) -> None:
    nvidia_smi()
    assert gpu_names() == ["NVIDIA A100"]
    assert (gpu_unavailable_reason(), devices_for("auto"), devices_for("cuda")) == (None, ("cpu", "cuda"), ("cuda",))


def test_a_gpu_that_another_process_holds_is_refused_by_its_pid(nvidia_smi: Fake) -> None:
    (uuid,) = nvidia_smi(processes=[(0, "4242, /usr/bin/python3"), (0, "4243, train")])
    assert gpu_holders() == {uuid: ["/usr/bin/python3 (pid 4242)", "train (pid 4243)"]}
    with pytest.raises(BadInput, match=r"pid 4242.*pid 4243.*--device cpu") as refused:
        devices_for("cuda")
    assert "\n" not in str(refused.value)
    assert devices_for("auto") == ("cpu",)
    assert devices_for("cpu") == ("cpu",)
    (message,) = [note for note in notes(RunOptions(), ("cpu",)) if note.startswith("GPU")]
    assert message.startswith("GPU: not measured: held by /usr/bin/python3 (pid 4242)")


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (None, [0, 1, 2, 3]),
        ("2,0", [2, 0]),
        ("GPU-3,1", [3, 1]),
        ("1,7,2", [1]),  # CUDA reads up to the first word that names nothing
        ("1,1", [1]),
        ("GPU", []),
        ("-1", []),
        ("", []),
    ],
)
def test_what_the_user_shows_is_what_is_used(
    nvidia_smi: Fake, monkeypatch: pytest.MonkeyPatch, words: str | None, places: list[int]
) -> None:
    uuids = nvidia_smi(gpus=["A", "B", "C", "D"])
    if words is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", words)
    assert gpus_on("cuda") == tuple(uuids[place] for place in places)
    assert gpus_on("cpu") == ()
    if places:
        assert devices_for("cuda") == ("cuda",)
        return
    assert devices_for("auto") == ("cpu",)
    with pytest.raises(BadInput, match=f"CUDA_VISIBLE_DEVICES='{words}' shows none of this machine's GPUs; unset it"):
        devices_for("cuda")


def test_of_several_gpus_the_free_ones_are_used(nvidia_smi: Fake) -> None:
    uuids = nvidia_smi(gpus=["A", "B"], processes=[(0, "4242, python")])
    assert (gpu_unavailable_reason(), gpus_on("cuda")) == (None, (uuids[1],))
    config = study_config(RunOptions(device="cuda"))
    said = notes(RunOptions(), config.devices, config.gpus)
    assert "GPU: one process trains on GPU 1 (B); clocks and memory are of it alone." in said
    assert "GPU 0 (A): not used: held by python (pid 4242)." in said


def test_many_holders_are_not_all_named(nvidia_smi: Fake) -> None:
    nvidia_smi(processes=[(0, f"{pid}, p") for pid in range(9)])
    assert (gpu_unavailable_reason() or "").endswith("and 6 more")


def test_a_driver_that_finds_no_device_is_no_gpu(nvidia_smi: Fake, tmp_path: Path) -> None:
    nvidia_smi()
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\necho No devices were found\n")
    assert gpu_names() == []
    assert devices_for("auto") == ("cpu",)


def test_a_driver_that_fails_is_no_gpu(nvidia_smi: Fake) -> None:
    nvidia_smi(status=9)
    assert devices_for("auto") == ("cpu",)
    with pytest.raises(BadInput, match="no NVIDIA GPU"):
        devices_for("cuda")


def test_the_command_refuses_a_held_gpu_in_one_sentence(
    nvidia_smi: Fake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nvidia_smi(processes=[(0, "4242, python")])
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
