"""What a run timed, read into a Baseline: cost ratios, absolute seconds, and what its time did not suffice for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from jointbench.check.baseline import ArmKey, CostRatio, Seconds
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.quantity import REQUEST, TRAINING_STEP, Quantity, quantity_name
from jointbench.comparison.summary.run import CellSummary
from jointbench.records import SEQUENTIAL, SINGLE_OUTPUT, NotMeasured, Record, Untimed
from jointbench.types import CellKey


def cost_ratios(cell: CellSummary) -> Iterator[CostRatio]:
    """The timed ratios that have an interval. (FLOPs to the stop move with early stopping.)"""
    for ratio in cell.ratios:
        if ratio.threads is not None and ratio.blocks > 1:  # one block has no interval
            yield cost_ratio(ratio, ArmKey.of(cell, ratio.other))


def cost_ratio(ratio: Ratio, site: ArmKey) -> CostRatio:
    """A timed ratio as the gate sees it."""
    reach = control = None
    if ratio.floor is not None:
        reach = max(abs(math.log(ratio.floor.low)), abs(math.log(ratio.floor.high)))
        control = abs(math.log(ratio.floor.value))
    return CostRatio(
        site=site,
        quantity=_name(ratio.quantity, ratio.threads),
        value=ratio.ratio.value,
        low=ratio.ratio.low,
        high=ratio.ratio.high,
        blocks=ratio.blocks,
        floor=reach,
        control=control,
        load=ratio.load or 0.0,
        disturbed=ratio.disturbed,
        steady=_steady(ratio.quantity),
    )


def _steady(quantity: Quantity) -> bool:
    """Steps, requests for one output, and those of one row: their time is that of calls, not of memory and threads."""
    if quantity.mode == SINGLE_OUTPUT or quantity.scenario == TRAINING_STEP:
        return True
    return quantity.mode == SEQUENTIAL and quantity.batch_size == 1


def seconds(cell: CellSummary) -> Iterator[Seconds]:
    """Every arm's steps and requests."""
    disturbed = {_name(ratio.quantity, ratio.threads) for ratio in cell.ratios if ratio.disturbed}
    for cost in cell.costs:
        site = ArmKey.of(cell, cost.arm)
        for clock in cost.training:
            step = _name(Quantity(TRAINING_STEP, clock.path), clock.threads)
            yield Seconds(site, step, clock.step_seconds, step in disturbed)
        for latency in cost.latency:
            request = _name(Quantity(REQUEST, latency.path, latency.batch_size), latency.threads)
            yield Seconds(site, request, latency.median_seconds, request in disturbed)


def cut_short(cells: Sequence[CellSummary], records: Iterable[Record]) -> dict[tuple[ArmKey, str], str]:
    """By arm and quantity, why the time for timing did not suffice; where it did not for joint, no ratio has it."""
    by_key = {CellKey.of(cell): cell for cell in cells}
    short: dict[tuple[ArmKey, str], str] = {}
    broken: set[tuple[ArmKey, str]] = set()
    for record in records:
        if isinstance(record, NotMeasured) and record.untimed is not None:
            places = _places(record.untimed, by_key[CellKey.of(record)])
            if record.untimed.budget_spent:
                short |= dict.fromkeys(places, record.reason)
            else:
                broken.update(places)
    return {place: reason for place, reason in short.items() if place not in broken}


def _places(untimed: Untimed, cell: CellSummary) -> Iterator[tuple[ArmKey, str]]:
    """The arms and quantities that are missing for it."""
    for variant, batch_size in product(untimed.variants, untimed.batch_sizes):
        if untimed.scenario == "training":
            quantity = Quantity(TRAINING_STEP, variant.path)
        else:
            quantity = Quantity(REQUEST, variant.path, batch_size)
        arms = [cost.arm for cost in cell.costs] if variant.arm == cell.joint else [variant.arm]
        yield from ((ArmKey.of(cell, arm), _name(quantity, untimed.threads)) for arm in arms)


def _name(quantity: Quantity, threads: int | None) -> str:
    """A name that does not depend on how many cores a machine has."""
    return f"{quantity_name(quantity)} ({quantity.mode}, {'one thread' if threads == 1 else 'all cores'})"
