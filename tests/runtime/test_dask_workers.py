"""Workers of a real Dask cluster: a scheduler and two workers, which die."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from tasks_of_workers import die, fail, process

from dask_cluster import Cluster, cluster, end
from jointbench.errors import BadInput, DidNotFinish
from jointbench.runs.on_cluster import checked_cluster
from jointbench.runtime.cluster_versions import ClusterVersions, require_equal
from jointbench.runtime.dask_workers import DaskWorkers, connect
from jointbench.runtime.executor import WorkersLost
from jointbench.runtime.workers import failure_reason

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of sockets whose other end was killed


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask"), 2) as started:
        yield started


def lives(tmp_path: Path, number: int) -> Path:
    folder = tmp_path / str(number)
    folder.mkdir()
    return folder


def test_a_lost_workers_task_is_tried_on_another_and_the_rest_goes_on(two: Cluster, tmp_path: Path) -> None:
    assert "2 on " in checked_cluster(two.address, ("torch",))
    with DaskWorkers("torch", "cpu", 1, two.address) as workers:
        assert (workers.count, workers.capacity) == (2, 2)
        before = {future.result(60) for future in [workers.submit(process, 1.0) for _ in range(2)]}
        assert len(before) == 2  # on both
        failed, dying = workers.submit(fail), workers.submit(die, lives(tmp_path, 1))
        assert str(failed.exception(60)) == "no such thing"
        assert dying.result(60) == 1  # of two tries
        assert workers.submit(process).result(60) > 0


@pytest.mark.slow
def test_a_task_that_takes_two_workers_with_it_fails(two: Cluster, tmp_path: Path) -> None:
    with DaskWorkers("torch", "cpu", 1, two.address) as workers:
        two.workers_ready(2)
        dying = workers.submit(die, lives(tmp_path, 2))
        error = dying.exception(120)
        assert isinstance(error, WorkersLost)
        assert failure_reason(error).startswith("two workers were lost that trained it, the last at tcp://127.0.0.1:")
        assert workers.submit(process).result(120) > 0  # both were started anew


@pytest.mark.slow
def test_without_its_scheduler_nothing_waits(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as started, DaskWorkers("torch", "cpu", 1, started.address) as workers:
        running = workers.submit(process, 60.0)
        end(started.scheduler)
        assert isinstance(running.exception(60), DidNotFinish)


def test_versions_that_differ_are_named() -> None:
    here = {"python": "3.11.7", "torch": "2.13.0", "CPU": "this"}
    same, other = here | {"CPU": "that"}, here | {"torch": "2.12.0"}
    require_equal(ClusterVersions("tcp://h:1", here, {"tcp://a:1": same}))
    older = ClusterVersions("tcp://h:1", here, {"tcp://a:1": same}, {"python": "3.12.1"})
    assert older.differences() == ("python is 3.11.7 here and 3.12.1 on the scheduler",)
    many = {f"tcp://{name}:1": other for name in "bcdef"}
    with pytest.raises(BadInput) as refused:
        require_equal(ClusterVersions("tcp://h:1", here, {"tcp://a:1": same, **many}))
    assert str(refused.value) == (
        "--cluster tcp://h:1: torch is 2.13.0 here and 2.12.0 on tcp://b:1, tcp://c:1, tcp://d:1 and 2 more workers; "
        "install the same everywhere, other versions train other networks"
    )


@pytest.mark.parametrize(
    "address", ["", "here", "tcp://", "tcp://host", "tcp://host:99999", "http://host:80", "tcp://a b:1"]
)
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(BadInput, match="such as tcp://host:8786"):
        connect(address)


@pytest.mark.slow
def test_workers_that_cannot_train_are_refused(tmp_path: Path) -> None:
    with cluster(tmp_path, 0) as started:
        started.worker((), "--nthreads", "2")
        started.workers_ready(1)
        with pytest.raises(BadInput, match="has 2 threads; start workers with --nthreads 1"):
            connect(started.address)
