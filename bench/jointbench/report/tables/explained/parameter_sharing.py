"""The parameters and FLOPs of the joint network beside the separate ones."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.explain.answer import Value
from jointbench.explain.parameter_sharing import MEASURES, LayerSize, NetworkSizes, total_size
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table

SIZES = ("Parameters", "Training FLOPs a row", "Inference FLOPs a row")


def parameter_sharing_tables(data: NetworkSizes, backend: str) -> tuple[Table, ...]:
    return (
        answer_table("Joint beside separate", ("Network", "Owner", *SIZES), _network_rows(data), backend),
        answer_table("The joint network's layers", ("Layer", "Owner", *SIZES), _layer_rows(data), backend),
    )


def _layer_rows(sizes: NetworkSizes) -> list[tuple[Value, ...]]:
    return [
        (layer.layer, layer.owner, layer.parameters, layer.train_flops, layer.inference_flops) for layer in sizes.joint
    ]


def _network_rows(sizes: NetworkSizes) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = [
        ("joint", owner, *_totals([layer for layer in sizes.joint if layer.owner == owner]))
        for owner in dict.fromkeys(layer.owner for layer in sizes.joint)
    ]
    rows.append(("joint", "all of it", *_totals(sizes.joint)))
    rows.extend(
        (f"separate {number}", f"alone for {network[-1].owner.removeprefix('head of ')}", *_totals(network))
        for number, network in enumerate(sizes.separate, 1)
    )
    rows.append(("separate", "all of them", *(sizes.separate_total(measure) for measure in MEASURES)))
    return rows


def _totals(layers: Sequence[LayerSize]) -> tuple[int, ...]:
    return tuple(total_size(layers, measure) for measure in MEASURES)
