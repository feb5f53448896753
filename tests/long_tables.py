"""Long tables of predictions: made up, and from a study's records."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from jointbench.records import Fit, FoldRecord, PlannedArm, Record
from jointbench.types import Dataset


def made_table(
    rows: int = 120,
    folds: int = 4,
    repeats: int = 1,
    worse: float = 0.0,
    seed: int = 0,
    arms: tuple[str, str] = ("joint", "separate"),
) -> pd.DataFrame:
    """A number and a class; joint's errors of the number are larger by ``worse``."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows)
    label = np.where(rng.normal(size=rows) + y > 0, "yes", "no")
    parts = []
    for repeat in range(repeats):
        fold = rng.permutation(np.arange(rows) % folds)
        noise = rng.normal(size=rows)
        for arm in arms:
            error = 0.5 + (worse if arm == arms[0] else 0.0)
            predicted = y + error * noise + 0.02 * rng.normal(size=rows)
            chance = 1 / (1 + np.exp(-3 * (predicted - 0.1 * rng.normal(size=rows))))
            keys = {"row": [f"r{i}" for i in range(rows)], "fold": fold, "repeat": repeat, "arm": arm}
            parts.append(pd.DataFrame(keys | {"output": "y", "y_true": y, "y_pred": predicted}))
            parts.append(pd.DataFrame(keys | {"output": "label", "y_true": label, "y_pred": chance}))
    return pd.concat(parts, ignore_index=True)


def table_of(records: Iterable[Record], dataset: Dataset) -> pd.DataFrame:
    """What a study predicted, as somebody who knows nothing of it would write it down."""
    items = list(records)
    arm_of = {i: r.arm.name for r in items if isinstance(r, PlannedArm) for i in r.network_ids}
    folds = {(r.repeat, r.fold): r for r in items if isinstance(r, FoldRecord)}
    parts = []
    for fit in (r for r in items if isinstance(r, Fit)):
        fold, column = folds[fit.network.repeat, fit.network.fold], 0
        for name in fit.network.group:
            i = fold.outputs.index(name)
            scored, output = fold.scored[i], dataset.outputs[i]
            raw = fit.predictions[:, column : column + scored.units].astype(np.float64)
            column += scored.units
            keys = {"row": fold.test, "fold": fit.network.fold, "repeat": fit.network.repeat, "seed": fit.network.seed}
            frame = pd.DataFrame(keys | {"arm": arm_of[fit.network.id], "output": name})
            if output.kind == "regression":
                frame["y_true"], frame["y_pred"] = fold.y_true[:, i], raw[:, 0] * scored.scale + scored.location
            else:
                frame["y_true"] = [output.classes[int(code)] for code in fold.y_true[:, i]]
                logits = np.c_[np.zeros(len(raw)), raw] if scored.units == 1 else raw
                chances = np.exp(logits - logits.max(axis=1, keepdims=True))
                chances /= chances.sum(axis=1, keepdims=True)
                frame[[f"p_{label}" for label in output.classes]] = chances
            parts.append(frame)
    return pd.concat(parts, ignore_index=True)
