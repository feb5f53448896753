"""Counters of energy: a planted powercap folder, and a stand-in for NVIDIA's library. No joule is really counted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jointbench.measure import rapl
from jointbench.measure.energy import (
    STANDS_STILL_SECONDS,
    NoCounter,
    energy_counter,
    energy_unavailable_reason,
    update_seconds,
    watts_of,
)
from jointbench.measure.nvml import NvmlPower
from jointbench.measure.rapl import RaplCounter

RANGE = 262_143_328_850  # microjoules, of a real package


def zone(powercap: Path, folder: str, name: str, micro: int) -> Path:
    made = powercap / folder
    made.mkdir(parents=True, exist_ok=True)
    (made / "name").write_text(f"{name}\n")
    (made / "max_energy_range_uj").write_text(f"{RANGE}\n")
    (made / "energy_uj").write_text(f"{micro}\n")
    return made / "energy_uj"


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "powercap"
    folder.mkdir()
    monkeypatch.setattr(rapl, "POWERCAP", folder)
    return folder


def test_packages_are_summed_and_what_lies_in_them_is_not_counted_twice(powercap: Path) -> None:
    first = zone(powercap, "intel-rapl:0", "package-0", 1_000_000)
    second = zone(powercap, "intel-rapl:1", "package-1", 5_000_000)
    others = [
        zone(powercap, "intel-rapl:0:0", "core", 0),
        zone(powercap, "intel-rapl:0:1", "dram", 0),
        zone(powercap, "intel-rapl:2", "psys", 0),
        zone(powercap, "intel-rapl-mmio:0", "package-0", 0),
    ]
    (powercap / "intel-rapl").mkdir()
    counter = RaplCounter()
    assert counter.joules() == 0.0
    first.write_text("3500000\n")
    second.write_text("6000000\n")
    for other in others:
        other.write_text("900000000\n")
    assert counter.joules() == pytest.approx(2.5 + 1.0)


def test_a_counter_that_started_again_goes_on(powercap: Path) -> None:
    energy = zone(powercap, "intel-rapl:0", "package-0", RANGE - 2_000_000)
    counter = RaplCounter()
    energy.write_text("500000\n")
    assert counter.joules() == pytest.approx(2.5)
    energy.write_text("1500000\n")
    assert counter.joules() == pytest.approx(3.5)
    energy.write_text("0\n")
    assert counter.joules() == pytest.approx(3.5 + (RANGE - 1_500_000) / 1e6)


def test_why_there_is_no_rapl(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "a virtual machine" in str(energy_unavailable_reason("cpu"))
    energy = zone(powercap, "intel-rapl:0", "package-0", 1)
    assert energy_unavailable_reason("cpu") is None
    energy.write_text("none\n")
    assert "holds no number" in str(energy_unavailable_reason("cpu"))
    read = Path.read_text

    def refusing(path: Path, **options: Any) -> str:
        if path == energy:
            raise PermissionError(13, "Permission denied")
        return read(path, **options)

    monkeypatch.setattr(Path, "read_text", refusing)
    reason = str(energy_unavailable_reason("cpu"))
    assert "no right to read" in reason and f"chmod a+r {energy}" in reason and "\n" not in reason


class NvmlError(Exception):
    pass


class FakeNvml(SimpleNamespace):
    """A GPU whose library has the counter, or the power alone, or neither."""

    NVMLError = NvmlError

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, energy: bool = True, power: bool = True) -> None:
        super().__init__(energy=energy, power=power, milli=7_000, milliwatts=100_000, asked=[], open=0)
        monkeypatch.setitem(sys.modules, "pynvml", self)

    def nvmlInit(self) -> None:  # noqa: N802 - the library's name
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - the library's name
        self.open -= 1

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802 - the library's name
        if not uuid.startswith("GPU-"):
            raise NvmlError("Not Found")
        self.asked.append(uuid)
        return uuid

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802 - the library's name
        self.asked.append(index)
        return f"GPU {index}"

    def nvmlDeviceGetTotalEnergyConsumption(self, _: str) -> int:  # noqa: N802 - the library's name
        if not self.energy:
            raise NvmlError("Not Supported")
        return int(self.milli)

    def nvmlDeviceGetPowerUsage(self, _: str) -> int:  # noqa: N802 - the library's name
        if not self.power:
            raise NvmlError("Not Supported")
        return int(self.milliwatts)


def test_the_cards_own_counter_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(monkeypatch)
    counter = energy_counter("cuda", "GPU-1b")
    before = counter.joules()
    nvml.milli += 2_500
    assert counter.joules() - before == pytest.approx(2.5)
    counter.close()
    energy_counter("cuda").close()
    assert (nvml.asked, nvml.open) == (["GPU-1b", 0], 0)


def test_power_is_integrated_where_there_is_no_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml, now = FakeNvml(monkeypatch, energy=False), [10.0]
    monkeypatch.setattr(NvmlPower, "_sample_on", lambda _: None)
    counter = NvmlPower(nvml, "GPU 0", clock=lambda: now[0])
    now[0], nvml.milliwatts = 12.0, 300_000
    assert counter.joules() == pytest.approx(2 * (100 + 300) / 2)
    now[0] = 13.0
    assert counter.joules() == pytest.approx(400 + 300)


def test_a_thread_samples_the_power(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(monkeypatch, energy=False)
    counter = energy_counter("cuda", "GPU-1b")
    assert watts_of(counter, seconds=0.1) == pytest.approx(100, rel=0.05)
    assert update_seconds(counter) >= 0.1  # its sensor's, whatever the thread does
    nvml.power = False  # the GPU is lost: the thread ends, and who asks hears it
    with pytest.raises(NvmlError):
        counter.joules()
    counter.close()


def test_why_no_card_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(monkeypatch, energy=False, power=False)
    assert energy_unavailable_reason("cuda", "GPU-1b") == "NVML: Not Supported"
    assert energy_unavailable_reason("cuda", "gpu") == "NVML: Not Found"
    assert nvml.open == 0
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "pip install 'jointbench[energy]'" in str(energy_unavailable_reason("cuda", "GPU-1b"))


class Stepwise:
    """A counter of 50 W that moves every tenth of a second of a clock that each reading takes a millisecond of."""

    source, sensor_seconds = "a counter", 0.0

    def __init__(self, *, still: bool = False) -> None:
        self.now, self.still = 0.0, still

    def clock(self) -> float:
        self.now += 1e-3
        return self.now

    def joules(self) -> float:
        return 0.0 if self.still else 5.0 * int(self.now * 10)

    def close(self) -> None:
        pass


def test_how_often_a_counter_moves() -> None:
    counter = Stepwise()
    assert update_seconds(counter, counter.clock) == pytest.approx(0.1, abs=2e-3)
    still = Stepwise(still=True)
    with pytest.raises(NoCounter, match="stands still"):
        update_seconds(still, still.clock)
    assert still.now == pytest.approx(STANDS_STILL_SECONDS, rel=0.01)


def test_watts_in_a_pause() -> None:
    counter = Stepwise()

    def wait(seconds: float) -> None:
        counter.now += seconds

    assert watts_of(counter, wait, 2.0, counter.clock) == pytest.approx(50, rel=0.02)
