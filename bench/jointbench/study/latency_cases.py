"""Which requests are timed: of how many rows, and answered in which ways."""

from __future__ import annotations

from jointbench.benchmarks.requests import LatencyCase
from jointbench.records import COPIES, CUDA_GRAPH, FUSED, SEQUENTIAL, SINGLE_OUTPUT, TORCH_COMPILE, ExecutionMode
from jointbench.study.config import StudyConfig


def latency_cases(config: StudyConfig, extras: bool, device: str) -> list[LatencyCase]:
    """Every batch size in turn, with the other paths at fewer of them, and `predict` once.

    Away from the CPU larger batches too, and at every size a captured graph and the copies of a request by themselves.
    """
    on_cpu = device == "cpu"
    everywhere: tuple[ExecutionMode, ...] = (SEQUENTIAL,) if on_cpu else (SEQUENTIAL, CUDA_GRAPH, COPIES)
    compiled: tuple[ExecutionMode, ...] = ("compiled",) if on_cpu else ("compiled", TORCH_COMPILE)
    others: tuple[ExecutionMode, ...] = (FUSED, SINGLE_OUTPUT, *(compiled if extras else ()))
    larger = () if on_cpu else config.device_batch_sizes
    all_paths_at = (*config.extra_batch_sizes, *(larger if config.extras == "all" else ()))
    cases = [
        LatencyCase(size, (*everywhere, *(others if size in all_paths_at else ())))
        for size in (*config.batch_sizes, *larger)
    ]
    if extras:
        cases.append(LatencyCase(min(config.batch_sizes), (SEQUENTIAL, "predict"), first_arm_only=True))
        cases += [LatencyCase(size, ("onnx",)) for size in config.extra_batch_sizes]  # another library's threads, alone
    return cases
