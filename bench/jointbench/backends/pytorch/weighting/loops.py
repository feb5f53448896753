"""The training loop of a job: the stock loop, or that of the method that weighs its losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from jointbench.backends.base import Job
from jointbench.backends.pytorch.training_loop import StockLoop
from jointbench.backends.pytorch.weighting.dynamic_average import DynamicAverageLoop
from jointbench.backends.pytorch.weighting.famo import FamoLoop
from jointbench.backends.pytorch.weighting.mgda import mgda
from jointbench.backends.pytorch.weighting.pcgrad import pcgrad
from jointbench.backends.pytorch.weighting.trunk_gradients import TrunkGradientsLoop
from jointbench.backends.pytorch.weighting.uncertainty import UncertaintyLoop
from jointbench.backends.pytorch.weighting.upgrad import upgrad
from jointbench.types import Weighting

LOOPS: Mapping[Weighting, Callable[[Job, str], StockLoop]] = {
    "": StockLoop,
    "uw": UncertaintyLoop,
    "dwa": DynamicAverageLoop,
    "famo": FamoLoop,
    "pcgrad": partial(TrunkGradientsLoop, method=pcgrad),
    "mgda": partial(TrunkGradientsLoop, method=mgda),
    "upgrad": partial(TrunkGradientsLoop, method=upgrad),
}


def make_loop(job: Job, device: str) -> StockLoop:
    """Raises ImportError where the method's package is not installed."""
    return LOOPS[job.weighting](job, device)
