"""A study whose networks are trained by a Dask cluster, of which a machine is lost midway."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed")

from commands import ended
from dask_cluster import Cluster, cluster, end
from jointbench.errors import DidNotFinish
from jointbench.records import Fit, NotMeasured, Record, Timing
from jointbench.records.store import read_records
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from jointbench.study.run import run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]  # of sockets that were cut
OPTIONS = RunOptions(
    profile="quick",
    datasets=("concrete_slump", "wine_quality"),
    backends=("torch",),
    device="cpu",
    folds=3,
    repeats=2,
    seeds=1,
)
CLOCKS = {"epoch_seconds"}
Fits = dict[str, dict[str, object]]


def study(address: str) -> Iterator[Record]:
    """The networks of a study, of six stacks, by this machine's processes or a cluster's."""
    config = replace(study_config(OPTIONS), timing_seconds=0.0, references=False, cluster=address)
    planned = experiments(OPTIONS, load_datasets(OPTIONS, profile_named(OPTIONS.profile)))
    return run(planned, config, lambda *_: None)


def fits(records: Iterable[Record], at_first: Callable[[], None] | None = None) -> Fits:
    """Every fit by its network, without what clocks say. at_first: done when the first comes."""
    found: Fits = {}
    for record in records:
        assert not isinstance(record, NotMeasured)
        if isinstance(record, Fit):
            if at_first is not None and not found:
                at_first()
            assert record.failure is None
            assert record.network.id not in found
            found[record.network.id] = {
                field.name: value.tobytes()
                if isinstance(value := getattr(record, field.name), np.ndarray)
                else repr(value)
                for field in fields(Fit)
                if field.name not in CLOCKS
            }
    return found


@pytest.fixture(scope="module")
def here() -> Fits:
    """The fits of the study on this machine's own processes."""
    return fits(study(""))


def test_a_machine_that_is_lost_midway_changes_no_record(here: Fits, tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as two:
        lost = two.worker()
        two.workers_ready(2)
        assert fits(study(two.address), lambda: end(lost)) == here


def test_a_scheduler_that_is_lost_midway_ends_the_study_in_one_sentence(tmp_path: Path) -> None:
    came: list[Record] = []

    def watched(cluster: Cluster) -> None:
        for record in study(cluster.address):
            came.append(record)
            if isinstance(record, Fit) and cluster.scheduler.poll() is None:
                end(cluster.scheduler)

    with cluster(tmp_path, 2) as two, pytest.raises(DidNotFinish, match=f"scheduler at {two.address} is gone"):
        watched(two)
    assert any(isinstance(record, Fit) for record in came)


def test_the_command_trains_there_and_times_here(tmp_path: Path) -> None:
    words = (
        "run",
        "concrete_slump",
        "--profile",
        "smoke",
        "--backend",
        "torch",
        "--jobs",
        "1",
        "--out",
        tmp_path / "run",
    )
    with cluster(tmp_path, 1) as one:
        code, _, errors = ended(*words, "--cluster", one.address)
    assert code == 0, errors
    assert "workers of a Dask cluster (1 on " in (tmp_path / "run" / "environment.json").read_text()
    assert any(isinstance(record, Timing) for record in read_records(tmp_path / "run" / "records.jsonl"))


def test_another_jointbench_on_a_worker_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    package = tmp_path / "other" / "jointbench"
    shutil.copytree(Path(__file__).parents[2] / "bench" / "jointbench", package)
    (package / "errors.py").write_text((package / "errors.py").read_text() + "\n# changed\n")
    with cluster(tmp_path, 1) as two:
        two.worker((), PYTHONPATH=str(package.parent))
        two.workers_ready(2)
        information = ended("cluster-info", two.address)
        refused = ended("run", "concrete_slump", "--cluster", two.address, "--out", tmp_path / "run")
    assert (information[0], refused[0]) == (2, 2)
    assert "jointbench's files is " in refused[2]
    assert "install the same everywhere" in refused[2]
    assert not (tmp_path / "run").exists()


@contextmanager
def namespaces(count: int) -> Iterator[list[str]]:
    """Network namespaces with an address each, on a bridge with this machine's; skips where none can be made."""

    def ip(*words: str, check: bool = True) -> None:
        subprocess.run(["ip", *words], check=check, capture_output=True)

    names = [f"jb{number}" for number in range(count)]
    try:
        ip("link", "add", "jbbridge", "type", "bridge")
        ip("addr", "add", "10.213.0.1/24", "dev", "jbbridge")
        ip("link", "set", "jbbridge", "up")
        for number, name in enumerate(names):
            ip("netns", "add", name)
            ip("link", "add", f"{name}out", "type", "veth", "peer", "name", f"{name}in")
            ip("link", "set", f"{name}in", "netns", name)
            ip("link", "set", f"{name}out", "master", "jbbridge", "up")
            ip("-n", name, "addr", "add", f"10.213.0.{number + 2}/24", "dev", f"{name}in")
            ip("-n", name, "link", "set", f"{name}in", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces: {error}")
    finally:
        for name in names:
            ip("netns", "del", name, check=False)
            ip("link", "del", f"{name}out", check=False)
        ip("link", "del", "jbbridge", check=False)


def within(name: str) -> Sequence[str]:
    return ("ip", "netns", "exec", name)


def test_machines_with_addresses_of_their_own(here: Fits, tmp_path: Path) -> None:
    """Each worker in a network namespace: nothing is reached by loopback."""
    if shutil.which("ip") is None:
        pytest.skip("no ip command")
    with namespaces(2) as names:
        apart = Cluster(tmp_path, "10.213.0.1")
        try:
            lost, _ = (apart.worker(within(name)) for name in names)
            apart.workers_ready(2)
            assert fits(study(apart.address), lambda: end(lost)) == here
        finally:
            apart.close()
