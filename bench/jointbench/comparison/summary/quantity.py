"""What a cost ratio is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import PlainSerializer

from jointbench.records import SEQUENTIAL, STOCK_LOOP, WHOLE_FIT, ExecutionMode

CostScenario = Literal["training FLOPs", "training step", "request", "training cost", "request cost"]
TRAINING_FLOPS: Final = "training FLOPs"
TRAINING_STEP: Final = "training step"
REQUEST: Final = "request"
TRAINING_COST: Final = "training cost"  # as somebody states it, in a unit of theirs
REQUEST_COST: Final = "request cost"


@dataclass(frozen=True)
class Quantity:
    """A cost: the training FLOPs to the stop, the seconds of a training step (or of a whole fit), or of a request.

    mode: how the arms did the work, None where no clock was read. batch_size: rows of a request, None of all else.
    """

    scenario: CostScenario
    mode: ExecutionMode | None = None
    batch_size: int | None = None

    @property
    def usual(self) -> bool:
        """Is it what people run: the stock loop, or networks called one after the other? FLOPs are too."""
        return self.mode in (None, STOCK_LOOP, WHOLE_FIT, SEQUENTIAL)


def quantity_name(quantity: Quantity) -> str:
    """The quantity's name in files, without its mode."""
    if quantity.scenario == TRAINING_FLOPS:
        return "training FLOPs to the stop"
    return f"request, batch {quantity.batch_size}" if quantity.scenario == REQUEST else quantity.scenario


StoredQuantity = Annotated[Quantity, PlainSerializer(quantity_name, return_type=str)]
"""A Quantity that summary.json holds as its name."""
