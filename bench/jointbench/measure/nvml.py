"""Energy of an NVIDIA GPU by the driver's library NVML: its counter of millijoules, or where it has none its power."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jointbench.measure.energy import EnergyCounter, NoCounter

EXTRA = "nvidia-ml-py is not installed (pip install 'jointbench[energy]')"
SAMPLE_SECONDS = 0.02  # between two samples of power
SENSOR_SECONDS = 0.1  # between two values of the sensor, at the most on GPUs without the counter (Yang et al. 2024)


def nvml_counter(gpu: str = "") -> EnergyCounter:
    """The counter of the GPU with this UUID, of the first one for "". Raises NoCounter."""
    try:
        import pynvml
    except ImportError as error:
        raise NoCounter(EXTRA) from error
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise NoCounter(f"NVML: {error}") from error
    try:
        handle = pynvml.nvmlDeviceGetHandleByUUID(gpu) if gpu else pynvml.nvmlDeviceGetHandleByIndex(0)
        try:
            return NvmlEnergy(pynvml, handle)
        except pynvml.NVMLError:  # the counter is there from Volta on
            return NvmlPower(pynvml, handle)
    except pynvml.NVMLError as error:
        pynvml.nvmlShutdown()
        raise NoCounter(f"NVML: {error}") from error


class NvmlEnergy:
    """The whole GPU's counter, its memory included."""

    source = "NVML's energy counter: the whole GPU"
    sensor_seconds = 0.0

    def __init__(self, pynvml: Any, handle: Any) -> None:
        self._pynvml, self._handle = pynvml, handle
        self.joules()

    def joules(self) -> float:
        return float(self._pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1000

    def close(self) -> None:
        self._pynvml.nvmlShutdown()


class NvmlPower:
    """The GPU's power, sampled by a thread and integrated by trapezoids."""

    source = "NVML's power, sampled: the whole GPU"
    sensor_seconds = SENSOR_SECONDS

    def __init__(self, pynvml: Any, handle: Any, clock: Callable[[], float] = time.perf_counter) -> None:
        self._pynvml, self._handle, self._clock = pynvml, handle, clock
        self._at, self._watts, self._joules = clock(), self._power(), 0.0
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._sample_on, daemon=True)
        self._thread.start()

    def _power(self) -> float:
        return float(self._pynvml.nvmlDeviceGetPowerUsage(self._handle)) / 1000

    def _sample_on(self) -> None:
        with suppress(self._pynvml.NVMLError):  # whoever reads the joules meets the error too
            while not self._ended.wait(SAMPLE_SECONDS):
                self.sample()

    def sample(self) -> None:
        with self._lock:
            now, watts = self._clock(), self._power()
            self._joules += (now - self._at) * (self._watts + watts) / 2
            self._at, self._watts = now, watts

    def joules(self) -> float:
        self.sample()
        return self._joules

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._pynvml.nvmlShutdown()
