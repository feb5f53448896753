"""Energy of the processor's packages by RAPL, which Intel's and AMD's processors have, as Linux's powercap shows it."""

from __future__ import annotations

from pathlib import Path

from jointbench.measure.energy import NoCounter

POWERCAP = Path("/sys/class/powercap")
MICRO = 1e-6


class RaplCounter:
    """The sum over the packages. What lies in them (cores, memory controller) has counters of its own, which would count
    it twice; memory outside of them and the rest of the machine are not in it.

    A package's counter starts again at 0 after its ``max_energy_range_uj``, which takes minutes: it is to be read more
    often than that.
    """

    source = "RAPL: the processor's packages"
    sensor_seconds = 0.0

    def __init__(self, powercap: Path | None = None) -> None:
        self._packages = _packages(POWERCAP if powercap is None else powercap)
        self._last = [_number(package / "energy_uj") for package in self._packages]
        self._ranges = [_number(package / "max_energy_range_uj") for package in self._packages]
        self._micro = 0

    def joules(self) -> float:
        for i, package in enumerate(self._packages):
            now = _number(package / "energy_uj")
            self._micro += now - self._last[i] + (self._ranges[i] if now < self._last[i] else 0)
            self._last[i] = now
        return self._micro * MICRO

    def close(self) -> None:
        """There is nothing to close."""


def _packages(powercap: Path) -> list[Path]:
    """The folders of the packages. Raises NoCounter where there are none."""
    zones = sorted(powercap.glob("intel-rapl:*"))  # on AMD's processors too; a part of a package has a second colon
    packages = [zone for zone in zones if zone.name.count(":") == 1 and _text(zone / "name").startswith("package")]
    if not packages:
        raise NoCounter(f"there is no RAPL in {powercap}: a virtual machine, or a processor or system without it")
    return packages


def _number(path: Path) -> int:
    try:
        return int(_text(path))
    except ValueError as error:
        raise NoCounter(f"{path} holds no number") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except PermissionError as error:
        raise NoCounter(f"there is no right to read {path}; root can give it: chmod a+r {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise NoCounter(f"{path} cannot be read") from error
