"""Whether a cluster's workers have what this machine has: other versions train other networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jointbench.backends.registry import BACKENDS
from jointbench.errors import BadInput

if TYPE_CHECKING:
    from distributed import Client

ALWAYS = ("python", "jointbench", "numpy")
NOT_INSTALLED = "not installed"
FILES = "jointbench's files"  # a digest of them: a checkout keeps its version while its code changes
CPU = "CPU"
OF_THE_SCHEDULER = ("python", "jointbench", "numpy", FILES)  # it needs no framework
MOST_NAMED = 3  # of workers in a sentence


@dataclass(frozen=True)
class ClusterVersions:
    """What is installed here, on each worker, by its address, and on the scheduler, which unpacks every task."""

    address: str
    here: Mapping[str, str]
    workers: Mapping[str, Mapping[str, str]]
    scheduler: Mapping[str, str] = field(default_factory=dict)

    def differences(self) -> tuple[str, ...]:
        """A sentence for each package that is another somewhere, in the order of the packages."""
        sentences = []
        for package, version in self.here.items():
            others: dict[str, list[str]] = {}
            for worker, found in self.workers.items():
                if package != CPU and found[package] != version:
                    others.setdefault(found[package], []).append(worker)
            if package in OF_THE_SCHEDULER and (there := self.scheduler.get(package, version)) != version:
                others.setdefault(there, []).append("the scheduler")
            sentences += [
                f"{package} is {version} here and {other} on {_named(workers)}" for other, workers in others.items()
            ]
        return tuple(sentences)

    def machines(self) -> str:
        """How many workers there are, on what."""
        counted = Counter(found[CPU] for found in self.workers.values())
        return ", ".join(f"{count} on {cpu}" for cpu, count in sorted(counted.items()))


def _named(workers: Sequence[str]) -> str:
    more = f" and {len(workers) - MOST_NAMED} more workers" if len(workers) > MOST_NAMED else ""
    return ", ".join(workers[:MOST_NAMED]) + more


def cluster_versions(client: Client, address: str, backends: Sequence[str] = tuple(BACKENDS)) -> ClusterVersions:
    """What matters for these backends, here and on every worker. Raises BadInput where the workers do not answer."""
    entries = [BACKENDS[name] for name in backends]
    read = _reader((*ALWAYS, *(package for entry in entries for package in (entry.package, *entry.beside))))
    try:
        found, scheduler = client.run(read), client.run_on_scheduler(read)
    except Exception as error:
        raise BadInput(f"--cluster {address}: its workers do not answer ({error}); start them anew") from error
    return ClusterVersions(address, read(), found, scheduler)


def require_equal(versions: ClusterVersions) -> None:
    """Raises BadInput where a worker has another version of anything."""
    if differences := versions.differences():
        raise BadInput(
            f"--cluster {versions.address}: {'; '.join(differences)}; install the same everywhere, "
            "other versions train other networks"
        )


def _reader(packages: Sequence[str]) -> Callable[[], dict[str, str]]:
    """What reads the versions where it is called. Dask sends a function within a function whole, so it runs where no
    jointbench is; it may use nothing of this module but its arguments."""
    not_installed, files, cpu = NOT_INSTALLED, FILES, CPU
    names = tuple(packages)

    def read() -> dict[str, str]:
        import hashlib
        import importlib.metadata
        import importlib.util
        import pathlib
        import platform

        found = {}
        for name in names:
            try:
                found[name] = platform.python_version() if name == "python" else importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = not_installed
        spec = importlib.util.find_spec("jointbench")
        if spec is None or spec.origin is None:
            found[files] = not_installed
        else:
            digest = hashlib.sha256()
            folder = pathlib.Path(spec.origin).parent
            for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
            found[files] = digest.hexdigest()[:12]
        try:
            lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        except OSError:
            lines = []
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        found[cpu] = models[0] if models else platform.processor() or platform.machine()
        return found

    return read
