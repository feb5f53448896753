"""Measures what a driver and a Dask cluster do per task and per record: `PYTHONPATH=bench:tests python results/cluster/measure.py OUT.json`.

Starts a scheduler and workers on this machine. Times say nothing where other work keeps its cores busy.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dask_cluster import cluster
from jointbench.backends.protocols import Backend
from jointbench.records import Fit, Record
from jointbench.records.log import RecordLog
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from jointbench.runtime.dask_workers import DaskWorkers
from jointbench.runtime.environment import commit, cores, cpu_model
from jointbench.study import training
from jointbench.study.run import run

TABLES = ("concrete_slump", "auto_mpg", "solar_flare", "yeast", "abalone", "wine_quality")
PAIRS = 2  # of runs with one worker and with two, in the order A B B A
TRIVIAL_TASKS = 1_000


def study(tables: Sequence[str], address: str) -> Iterator[Record]:
    """The networks of some tables in profile quick, three folds, without clocks and reference models."""
    options = RunOptions(
        profile="quick", datasets=tuple(tables), backends=("torch",), device="cpu", folds=3, repeats=2, seeds=1
    )
    config = replace(study_config(options), timing_seconds=0.0, references=False, cluster=address)
    return run(experiments(options, load_datasets(options, profile_named("quick"))), config, lambda *_: None)


def warm_up(address: str, workers: int) -> None:
    """Every worker imports its framework."""
    with DaskWorkers("torch", "cpu", 1, address) as opened:
        for future in [opened.submit(_nothing, 1.0) for _ in range(workers)]:
            future.result()


def _nothing(_: Backend, seconds: float = 0.0) -> None:
    time.sleep(seconds)


def seconds_of(tables: Sequence[str], address: str) -> float:
    began = time.perf_counter()
    for _ in study(tables, address):
        pass
    return time.perf_counter() - began


def one_and_two_workers(folder: Path) -> dict[str, Any]:
    """Seconds of the same study with one worker and with two, taking turns."""
    taken: dict[int, list[float]] = {1: [], 2: []}
    load = []
    for number in range(PAIRS):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            here = folder / f"{number}-{workers}"
            here.mkdir()
            with cluster(here, workers) as started:
                warm_up(started.address, workers)
                load.append(round(os.getloadavg()[0], 2))
                taken[workers].append(round(seconds_of(TABLES, started.address), 2))
    ratios = [two / one for one, two in zip(taken[1], taken[2], strict=True)]
    return {
        "tables": TABLES,
        "seconds_with_one_worker": taken[1],
        "seconds_with_two_workers": taken[2],
        "ratios": [round(ratio, 3) for ratio in ratios],
        "median_ratio": round(statistics.median(ratios), 3),
        "load_before_each": load,
    }


def driver(folder: Path) -> dict[str, Any]:
    """What the driver's process itself takes for each record, and the bytes of tasks and their results."""
    sizes: dict[str, list[int]] = {"task": [], "result": []}
    submit, results = DaskWorkers.submit, training._results

    def measured_submit(self: DaskWorkers, function: Callable[..., Any], *args: Any) -> Any:
        sizes["task"].append(len(pickle.dumps(args, protocol=5)))
        return submit(self, function, *args)

    def measured_results(future: Any, *args: Any) -> Any:
        sizes["result"].append(len(pickle.dumps(future.result(), protocol=5)))
        return results(future, *args)

    with cluster(folder, 1) as started:
        warm_up(started.address, 1)
        for _ in study(TABLES[:1], started.address):
            pass  # imports are no part of it
        fits, worker_seconds, count = 0, 0.0, 0
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        with RecordLog(folder / "records.jsonl") as log:
            for record in study(TABLES, started.address):
                count += 1
                log.append(record)
                fits += isinstance(record, Fit)
                worker_seconds += getattr(record, "seconds", 0.0)
        after, took = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - began
        DaskWorkers.submit, training._results = measured_submit, measured_results  # type: ignore[method-assign]
        for _ in study(TABLES, started.address):
            pass
        DaskWorkers.submit, training._results = submit, results  # type: ignore[method-assign]
        tasks_per_second = trivial_tasks(started.address, int(statistics.median(sizes["task"])))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "tables": len(TABLES),
        "tasks": len(sizes["task"]),
        "networks": fits,
        "records": count,
        "driver_cpu_seconds": round(cpu, 2),
        "worker_seconds": round(worker_seconds, 2),
        "seconds": round(took, 2),
        "records_per_driver_cpu_second": round(count / cpu, 1),
        "bytes_per_task_median": int(statistics.median(sizes["task"])),
        "bytes_per_task_mean": int(statistics.mean(sizes["task"])),
        "bytes_per_result_mean": int(statistics.mean(sizes["result"])),
        "bytes_of_records_per_table": int((folder / "records.jsonl").stat().st_size / len(TABLES)),
        **tasks_per_second,
    }


def _length(_: Backend, content: bytes) -> int:
    return len(content)


def trivial_tasks(address: str, size: int) -> dict[str, float]:
    """Tasks a second that do nothing, with the usual bytes, through one scheduler and one worker."""
    with DaskWorkers("torch", "cpu", 1, address) as workers:
        content = os.urandom(size)
        before, began = time.process_time(), time.perf_counter()
        waiting = []
        for _ in range(TRIVIAL_TASKS):
            waiting.append(workers.submit(_length, content))
            if len(waiting) == 8:
                for future in waiting:
                    future.result()
                waiting.clear()
        took = time.perf_counter() - began
        cpu = time.process_time() - before
    return {
        "empty_tasks_per_second": round(TRIVIAL_TASKS / took, 1),
        "driver_cpu_seconds_per_empty_task": round(cpu / TRIVIAL_TASKS, 5),
    }


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {"driver": driver(folder), "workers": one_and_two_workers(folder)}
    about = {"machine": f"{cores()} cores, {cpu_model()}", "commit": commit()}
    out.write_text(json.dumps({**about, **measured}, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
