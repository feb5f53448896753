"""Records of a run with planted skill, so that the right verdict is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

import jointbench
from jointbench.comparison.api import Comparison
from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Score
from jointbench.types import Arm, FloatArray, Network, Recipe, Shape

ROWS = 20  # test rows of every fold


@dataclass(kw_only=True)
class Planted:
    """One dataset on one backend. skill: by arm, (outputs, repeats, folds, seeds); the no-skill error is 1 everywhere.

    groups: by arm, the partition; flops: by arm, training FLOPs of a run. failed, missing: (arm, repeat, fold, seed)
    whose fits failed, or were never made.
    """

    skill: Mapping[str, FloatArray]
    groups: Mapping[str, tuple[tuple[str, ...], ...]]
    flops: Mapping[str, int] = field(default_factory=dict)
    dataset: str = "planted"
    backend: str = "torch"
    outputs: tuple[str, ...] = ("a", "b")
    failed: frozenset[tuple[str, int, int, int]] = frozenset()
    missing: frozenset[tuple[str, int, int, int]] = frozenset()

    def records(self) -> list[Record]:
        _, repeats, folds, _ = next(iter(self.skill.values())).shape
        records: list[Record] = []
        records.extend(self._fold(repeat, fold, folds) for repeat in range(repeats) for fold in range(folds))
        for width, arm in enumerate(self.skill, 4):
            fits = self._fits(arm, width)
            partition = self.groups[arm]
            shapes = (Shape((width,)),) * len(partition)
            ids = tuple(fit.network.id for fit, _ in fits)
            records.append(
                PlannedArm(
                    dataset=self.dataset,
                    backend=self.backend,
                    device="cpu",
                    engine="stacked",
                    arm=Arm(arm, partition),
                    shapes=shapes,
                    parameters=100 * len(partition),
                    reference_parameters=100,
                    train_flops_per_row=50 * len(partition),
                    inference_flops_per_row=20,
                    network_ids=ids,
                )
            )
            records.extend(fit for fit, run in fits if (arm, *run) not in self.missing)
        return records

    def _fold(self, repeat: int, fold: int, folds: int) -> FoldRecord:
        values, weights = np.zeros((ROWS, len(self.outputs))), np.ones((ROWS, len(self.outputs)))
        test = np.arange(fold * ROWS, (fold + 1) * ROWS)
        no_skill = (1.0,) * len(self.outputs)
        return FoldRecord(
            dataset=self.dataset,
            repeat=repeat,
            fold=fold,
            folds=folds,
            seed=0,
            digest="",
            outputs=self.outputs,
            train_rows=(folds - 1) * ROWS - 5,
            validation_rows=5,
            test=test,
            y_true=values,
            weights=weights,
            no_skill_error=no_skill,
        )

    def _fits(self, arm: str, width: int) -> list[tuple[Fit, tuple[int, int, int]]]:
        skill, partition = self.skill[arm], self.groups[arm]
        shape, recipe = Shape((width,)), Recipe()
        fits = []
        for repeat, fold, seed in np.ndindex(*skill.shape[1:]):
            for group in partition:
                drawn = 1000 * fold + 7 * (5 - seed) + repeat  # seeds differ from fold to fold and do not ascend
                network = Network(
                    dataset=self.dataset,
                    sha256="",
                    repeat=repeat,
                    fold=fold,
                    split="",
                    seed=drawn,
                    group=group,
                    shape=shape,
                    recipe=recipe,
                    backend=self.backend,
                    device="cpu",
                    engine="stacked",
                )
                scores = tuple(self._score(name, skill, (repeat, fold, seed)) for name in group)
                broken = (arm, repeat, fold, seed) in self.failed
                fit = Fit(
                    network=network,
                    parameters=100,
                    flops_per_row=50,
                    epochs=10,
                    best_epoch=9,
                    steps=100,
                    train_flops=self.flops.get(arm, 1000) // len(partition),
                    stopped_by="patience",
                    scores=() if broken else scores,
                    failure="loss is not finite" if broken else None,
                )
                fits.append((fit, (repeat, fold, seed)))
        return fits

    def _score(self, name: str, skill: FloatArray, run: tuple[int, int, int]) -> Score:
        error = 1.0 - float(skill[(self.outputs.index(name), *run)])
        return Score(name, error, {"rmse": error**0.5, "rrmse": error**0.5})


def one_each(outputs: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((name,) for name in outputs)


def spread_out(sd: float, shape: tuple[int, int, int]) -> FloatArray:
    """Noise (repeats, folds, seeds) with mean 0 and exactly this standard deviation over folds, equal for all seeds."""
    cells = np.linspace(-1.0, 1.0, shape[0] * shape[1])
    return np.repeat((cells / cells.std(ddof=1) * sd).reshape(*shape[:2], 1), shape[2], axis=2)


def two_arms(
    means: Sequence[float],
    sd: float | Sequence[float] = 0.002,
    shape: tuple[int, int, int] = (2, 5, 1),
    flops: tuple[int, int] = (500, 1000),
    **more: object,
) -> Planted:
    """Joint and separate whose differences have these means by output, and FLOPs of joint and separate."""
    outputs = tuple("abcdefghijklmnop"[: len(means)])
    sds = [sd] * len(means) if isinstance(sd, float) else sd
    base = np.full((len(means), *shape), 0.5)
    gain = np.stack([mean + spread_out(s, shape) for mean, s in zip(means, sds, strict=True)])
    return Planted(
        skill={"joint": base + gain, "separate": base},
        groups={"joint": (outputs,), "separate": one_each(outputs)},
        flops={"joint": flops[0], "separate": flops[1]},
        outputs=outputs,
        **more,  # type: ignore[arg-type]  # passed on as given
    )


def only(planted: Planted, **criteria: float) -> Comparison:
    """The one comparison of these records."""
    (comparison,) = jointbench.compare_arms(planted.records(), **criteria).comparisons
    return comparison
