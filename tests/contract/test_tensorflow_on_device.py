"""What TensorFlow's engine needs of a GPU, as far as a machine without one shows it: where its tensors are, that no step
waits for the host, and what is set before the device is used."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract_jobs import JobSpec, make_job
from jointbench.backends.protocols import Backend
from jointbench.backends.registry import unavailable_reason

pytestmark = pytest.mark.skipif(unavailable_reason("tensorflow") is not None, reason="TensorFlow is not installed")

SECOND_DEVICE = """
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import time
from contract_jobs import JobSpec, make_job
from jointbench.backends.tensorflow.backend import TensorFlowBackend
from jointbench.backends.tensorflow.batched.program import GraphProgram

backend, places, advance = TensorFlowBackend("cpu", 1), set(), GraphProgram.advance
backend.device = "/CPU:1"

def noting(self, rows):
    step = advance(self, rows)
    places.update(tensor.device[-5:] for tensor in (*self.state.values(), *self.data.values()))
    return step

GraphProgram.advance = noting
for trunk in ("table", "image"):
    backend.fit_stacked([make_job(JobSpec(trunk=trunk))])
print(sorted(places))
places.clear()
backend.trainer([make_job(JobSpec())], 2, "engine")(time.perf_counter)
print(sorted(places))
"""


@pytest.mark.slow
def test_tables_and_state_stay_on_the_device_whatever_the_callers_scope() -> None:
    folders = [str(Path(__file__).parent), *sys.path]
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {folders!r}\n{SECOND_DEVICE}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines() == ["['CPU:1']", "['CPU:1']"]


@pytest.mark.slow
def test_the_loops_of_a_call_have_lengths_that_the_compiler_knows(
    backend_named: Callable[[str], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU a loop whose length is not known asks the host after each turn whether to go on."""
    from jointbench.backends.tensorflow.batched import program

    backend, texts = backend_named("tensorflow"), []
    advance = program.GraphProgram.advance

    def compiled(self: Any, rows: Any) -> Any:
        run = self.run

        def noting(state: Any, inputs: Any) -> Any:
            if not texts:
                texts.append(run.experimental_get_compiler_ir(state, inputs)(stage="optimized_hlo"))
            return run(state, inputs)

        self.run = noting
        return advance(self, rows)

    monkeypatch.setattr(program.GraphProgram, "advance", compiled)
    job = make_job(JobSpec())
    backend.fit_stacked([job, job])
    loops = [line for line in texts[0].splitlines() if re.search(r"= .* while\(", line)]
    assert loops
    for line in loops:
        assert "known_trip_count" in line


def test_convolutions_are_compiled_by_xla_on_a_gpu_alone(
    backend_named: Callable[[str], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend_named("tensorflow")
    import tensorflow as tf

    from jointbench.backends.batched.program import packed_data, program_spec
    from jointbench.backends.tensorflow.batched import program

    compiled: list[bool] = []
    monkeypatch.setattr(program, "_compiled", {})
    monkeypatch.setattr(program.tf, "function", lambda _, jit_compile, autograph: compiled.append(jit_compile))
    monkeypatch.setattr(program.tf, "device", lambda _: tf.name_scope("device"))  # there is no GPU here
    for trunk in ("table", "image"):
        jobs = [make_job(JobSpec(trunk=trunk))]
        spec = program_spec(jobs)
        for device in ("/CPU:0", "/GPU:0"):
            program.GraphProgram(spec, packed_data(jobs, spec.architecture), device)
    assert compiled == [True, True, False, True]


@pytest.mark.parametrize(
    ("device", "gpus", "done"),
    [
        ("cuda", ["GPU a"], [("growth", "GPU a"), ("TF32", False)]),
        ("cuda", [], [("soft placement", False), ("TF32", False)]),
        ("cpu", ["GPU a"], [("visible", [])]),
        ("cpu", [], []),
    ],
)
def test_what_is_set_before_the_device_is_used(
    backend_named: Callable[[str], Backend],
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    gpus: list[str],
    done: list[tuple[str, object]],
) -> None:
    backend_named("tensorflow")
    from jointbench.backends.tensorflow import device as place

    said: list[tuple[str, object]] = []
    config = place.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda _: gpus)
    monkeypatch.setattr(config, "set_visible_devices", lambda devices, _: said.append(("visible", devices)))
    monkeypatch.setattr(config, "set_soft_device_placement", lambda on: said.append(("soft placement", on)))
    experimental = config.experimental
    monkeypatch.setattr(experimental, "set_memory_growth", lambda gpu, _: said.append(("growth", gpu)))
    monkeypatch.setattr(experimental, "enable_tensor_float_32_execution", lambda on: said.append(("TF32", on)))
    place.prepare(device)
    assert said == done


@pytest.mark.slow
def test_what_is_meant_for_a_gpu_is_not_measured_on_the_cpu() -> None:
    from jointbench.runtime.devices import gpu_unavailable_reason
    from jointbench.runtime.workers import Workers, unusable_device_reason

    if gpu_unavailable_reason() is None:
        pytest.skip("there is a GPU")
    with Workers("tensorflow", "cuda", 1, 1) as workers:
        assert "sees no CUDA device" in str(unusable_device_reason(workers))
        with pytest.raises(Exception, match="GPU:0"):
            workers.submit(_steps, make_job(JobSpec())).result()


def _steps(backend: Backend, job: Any) -> Any:
    return backend.steps(job, 1)
