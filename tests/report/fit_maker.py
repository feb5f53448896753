"""Made-up fits for a summary."""

from __future__ import annotations

import numpy as np

from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.records import Fit
from jointbench.types import Network, Recipe, Shape


def fits_of(summary: Summary, *, folds: int, seed: int, epochs: int) -> list[Fit]:
    """A fit for every network and fold, with losses that fall along the epochs."""
    random = np.random.default_rng(seed)
    fits = []
    for cell in summary.cells:
        for cost in cell.costs:
            for group in cost.groups:
                for fold in range(folds):
                    falling = 0.3 + np.exp(-np.arange(epochs) / 15)[:, None]
                    losses = falling + random.normal(size=(epochs, len(group))) * 0.01
                    fits.append(
                        Fit(
                            network=_network(cell, group, Shape(cost.trunk, cost.head), fold),
                            parameters=100,
                            flops_per_row=1000,
                            epochs=epochs,
                            best_epoch=int(losses[:, 0].argmin()),
                            steps=epochs * 10,
                            train_flops=epochs * 10_000_000,
                            train_loss=losses,
                            validation_loss=losses,
                        )
                    )
    return fits


def _network(cell: CellSummary, group: tuple[str, ...], shape: Shape, fold: int) -> Network:
    return Network(
        dataset=cell.dataset,
        sha256="",
        repeat=0,
        fold=fold,
        split="",
        seed=1,
        group=group,
        shape=shape,
        recipe=Recipe(),
        backend=cell.backend,
        device=cell.device,
        engine="stacked",
    )
