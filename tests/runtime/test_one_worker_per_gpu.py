"""One training process for each GPU, which sees no other; measured on the first alone. The GPUs are planted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tasks_of_workers import visible_gpus

from jointbench.backends.registry import BACKENDS
from jointbench.records import NotMeasured
from jointbench.records.store import read_records
from jointbench.runs.notes import notes
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.processes import Processes
from jointbench.runtime.workers import Workers
from jointbench.study import early_workers, memory, timing
from jointbench.study.budget import TimingBudget
from jointbench.study.config import ScoredModels, StudyConfig
from jointbench.study.early_workers import EarlyWorkers
from jointbench.study.estimate import estimate
from jointbench.study.kept import KeptRecords
from jointbench.study.least_time import least_seconds
from jointbench.study.plan import Experiment, Plan, plan_arms
from jointbench.study.profiles import profile_named
from planted_gpus import plant_gpus

CARD = "CUDA_VISIBLE_DEVICES"
OPTIONS = RunOptions(profile="smoke", datasets=("concrete_slump",), backends=("torch",), device="cuda")


def test_a_process_that_replaces_another_sees_the_same_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CARD, "GPU-a,GPU-b")
    with Processes(2, 1, own=[{CARD: "GPU-a"}, {CARD: "GPU-b"}]) as processes:
        both = [processes.submit(visible_gpus, None, tmp_path / name) for name in ("first", "second")]
        (tmp_path / "first").touch()
        first, pid = both[0].result()
        assert not both[1].done()  # and it stays busy: what follows goes to the first one's process, or its successor
        with pytest.raises(BrokenProcessPool):
            processes.submit(os.kill, pid, signal.SIGKILL).result()
        gpu, successor = processes.submit(visible_gpus, None).result()
        (tmp_path / "second").touch()
        assert (gpu, both[1].result()[0]) in (("GPU-a", "GPU-b"), ("GPU-b", "GPU-a"))
    assert (gpu, successor != pid) == (first, True)


@pytest.mark.slow
def test_each_worker_has_its_gpu_before_it_imports_its_framework() -> None:
    with Workers("torch", "cuda", 1, 2, gpus=("GPU-a", "GPU-b")) as workers:
        gpus = {workers.submit(visible_gpus).result()[0] for _ in range(20)}
    assert gpus == {"GPU-a", "GPU-b"}


@pytest.mark.parametrize(
    ("count", "jobs", "trains"), [(1, None, 1), (2, None, 2), (4, None, 4), (4, 3, 3), (2, 4, 2), (4, 1, 1)]
)
def test_the_number_of_training_processes_is_that_of_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, jobs: int | None, trains: int
) -> None:
    uuids = plant_gpus(tmp_path, monkeypatch, ["NVIDIA A100"] * count)
    options = replace(OPTIONS, jobs=jobs)
    config = study_config(options)
    assert config.jobs_on("cuda") == trains
    assert config.gpus_on("cuda") == tuple(uuids[:trains])
    assert config.jobs_on("cpu") == config.jobs
    said = " ".join(notes(options, config.devices, config.gpus))
    assert ("one process trains on GPU 0 (NVIDIA A100);" in said) == (trains == 1)
    assert (f"GPU {trains - 1} (NVIDIA A100); clocks and memory are of" in said) is True
    assert (f"--jobs {jobs}: a GPU has one training process" in said) == ((jobs or 0) > trains)
    assert (f"GPU {count - 1} (NVIDIA A100): not used, because of --jobs" in said) == (trains < count)


class NoWorkerNeeded(Exception):
    pass


def test_training_has_all_gpus_and_what_is_measured_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uuids = tuple(plant_gpus(tmp_path, monkeypatch, ["NVIDIA A100"] * 2))
    config, planned = planned_on_cuda()
    plans = [Plan(experiment, *plan_arms(experiment, "torch", "cuda", "stacked")) for experiment in planned]
    rest = ScoredModels(), KeptRecords(), lambda *_: None
    asked = []

    def workers(*args: int, gpus: tuple[str, ...] = (), **_: object) -> None:
        asked.append((args[3], gpus[: args[3]]))
        raise NoWorkerNeeded

    for module in (early_workers, timing, memory):
        monkeypatch.setattr(module, "Workers", workers)
    with suppress(NoWorkerNeeded):
        EarlyWorkers(config)
    with suppress(NoWorkerNeeded):
        list(memory.footprints(plans, replace(config, memory_datasets=None, jobs=8), *rest))
    with suppress(NoWorkerNeeded):
        list(timing.timings(plans, config, rest[0], TimingBudget(1.0, 1), *rest[1:]))
    assert asked == [(2, uuids), (1, uuids[:1]), (1, uuids[:1])]


def test_workers_that_nobody_took_end_before_another_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_gpus(tmp_path, monkeypatch)
    started, ended = [], []

    class Started:
        submit = staticmethod(lambda _: None)
        close = staticmethod(lambda: ended.append(started[-1]))

        def __init__(self, backend: str, *_: object, **__: object) -> None:
            started.append(backend)

    monkeypatch.setattr(early_workers, "Workers", Started)
    EarlyWorkers(planned_on_cuda()[0]).take("tensorflow", "cuda")
    assert (started, ended) == (["torch", "tensorflow"], ["torch"])


def planned_on_cuda() -> tuple[StudyConfig, list[Experiment]]:
    planned = experiments(OPTIONS, load_datasets(OPTIONS, profile_named(OPTIONS.profile)))
    return study_config(OPTIONS), planned


def test_the_forecast_shares_the_work_over_the_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_gpus(tmp_path, monkeypatch, ["NVIDIA A100"] * 4)
    config, planned = planned_on_cuda()
    many = estimate(planned, replace(config, jobs=1)).training_seconds
    one = estimate(planned, replace(config, jobs=64, gpus=config.gpus[:1])).training_seconds
    assert many < one
    assert least_seconds(planned, config) < least_seconds(planned, replace(config, devices=("cpu",), jobs=2))


@pytest.mark.slow
@pytest.mark.skipif(gpu_unavailable_reason() is None, reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_a_framework_without_cuda_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    plant_gpus(tmp_path, monkeypatch, ["NVIDIA A100"] * 2)
    out = tmp_path / "out"
    words = ["run", "concrete_slump", "--profile", "smoke", "--device", device, "--out", str(out)]
    ended = subprocess.run([sys.executable, "-m", "jointbench", *words], capture_output=True, text=True, check=False)
    assert ended.returncode == (4 if device == "cuda" else 0), ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    absences = [record for record in read_records(out) if isinstance(record, NotMeasured) and record.device == "cuda"]
    assert [record.backend for record in absences] == list(BACKENDS)
    for record in absences:
        assert "CUDA device" in record.reason and "--device cpu" in record.reason and "\n" not in record.reason
    assert (out / "report.html").is_file()
