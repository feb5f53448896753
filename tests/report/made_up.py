"""Summaries made up from a seed: as small as one dataset, as large as a full run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from jointbench.compare.summary.costs import (
    ArmCost,
    ArmFlops,
    ArmMemory,
    Latency,
    PredictedSaving,
    ProjectionCheck,
    Ratio,
    Throughput,
    TrainingClock,
)
from jointbench.compare.summary.decisions import Decision, Difference, FactorAdvice, SampleSizeAdvice, Standing
from jointbench.compare.summary.run import Across, CellSummary, DatasetSummary, Quality, Summary
from jointbench.records import Fit
from jointbench.stats.estimate import Estimate
from jointbench.stats.variance_components import CVDesign
from jointbench.types import Network, Recipe, Shape

REGRESSION = ("rmse", "mae", "r2", "rrmse")
CLASSES = ("log_loss", "accuracy", "balanced_accuracy", "macro_f1", "roc_auc")
BATCHES = (1, 8, 64, 512, 4096)


@dataclass
class Maker:
    """Makes summaries. ``absent``: a backend that was asked for and is not installed."""

    datasets: tuple[tuple[str, tuple[str, ...]], ...] = (("slump", ("flow", "strength")), ("wine", ("quality", "type")))
    backends: tuple[str, ...] = ("torch", "tensorflow")
    others: tuple[str, ...] = ("separate", "separate-matched")
    joint: str = "joint"
    folds: int = 5
    absent: str = ""
    note: str = "Simulated."
    rope: float = 0.01
    probability: float = 0.95
    seed: int = 0
    random: np.random.Generator = field(init=False)

    def summary(self) -> Summary:
        self.random = np.random.default_rng(self.seed)
        return Summary(
            2, "quick", "stacked", "jointbench run slump --profile quick", "Joint in some, separate in others.",
            tuple(self._dataset(slug, outputs) for slug, outputs in self.datasets),
            tuple(self._cell(slug, outputs, backend) for slug, outputs in self.datasets for backend in self.backends),
            (self.note,), self.rope, self.probability,
            tuple(
                Across(backend, "cpu", other, 3, 1, 2, 4, 9, 0.25, 0.125, 0.625)
                for backend in self.backends if backend != self.absent for other in self.others
            ),
        )  # fmt: skip

    def _estimate(self, middle: float, half: float) -> Estimate:
        return Estimate(middle, middle - half, middle + half)

    def _quality(self, output: str, kind: str, model: str) -> Quality:
        skill = float(self.random.uniform(-0.1, 0.95))
        folds = tuple(float(skill + self.random.normal() * 0.05) for _ in range(self.folds))
        metrics: dict[str, float | None] = {
            m: float(self.random.uniform(0, 1)) for m in (REGRESSION if kind == "regression" else CLASSES)
        }
        if kind == "regression":
            metrics["rmse"] = float(self.random.uniform(1, 9000))
        else:
            metrics["roc_auc"] = None
        return Quality(
            output, kind, model, skill, float(np.std(folds, ddof=1)) if self.folds > 1 else math.nan, folds, metrics
        )

    def _kinds(self, outputs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple("regression" if i % 2 == 0 else "binary" for i in range(len(outputs)))

    def _dataset(self, slug: str, outputs: tuple[str, ...]) -> DatasetSummary:
        kinds = self._kinds(outputs)
        references = tuple(
            self._quality(o, k, "ridge" if k == "regression" else "logistic")
            for o, k in zip(outputs, kinds, strict=True)
        )
        rows = int(self.random.integers(100, 300_000))
        return DatasetSummary(
            slug, f"About {slug}", rows, 11, outputs, kinds, self.folds, 1, 3, (self.note,),
            "UCI Machine Learning Repository, https://archive.ics.uci.edu/dataset/186", "CC BY 4.0", "Cortez, P. (2009).",
            "e3d60f4d" * 8, references,
        )  # fmt: skip

    def _cost(self, arm: str, outputs: tuple[str, ...], width: int) -> ArmCost:
        groups = (outputs,) if arm == self.joint else tuple((output,) for output in outputs)
        scale = float(len(groups)) * float(self.random.uniform(0.8, 1.2))
        latency = tuple(
            Latency(b, 500 // (i + 1), 5e-5 * scale * (1 + b / 100), 7e-5 * scale * (1 + b / 100) if i < 3 else None,
                    9e-5 * scale * (1 + b / 100) if i < 1 else None, b / (6e-5 * scale * (1 + b / 100)), path, 2,
                    (6e-5 * scale, 8e-5 * scale) if i < 3 else None, (8e-5 * scale, 2e-4 * scale) if i < 1 else None)
            for path in ("in turn", "fused")
            for i, b in enumerate(BATCHES if path == "in turn" else BATCHES[:1])
        )  # fmt: skip
        return ArmCost(
            arm, groups, (width, width), (), (16,), "same-width", int(5000 * scale), 5000, int(30000 * scale),
            int(10000 * scale), 4e7 * scale, 300.5 * scale, 41.7, 0.875, 2.5e-4 * scale, 7.4 * scale, 5.1, 0.02, 1.3,
            latency, self.folds * len(groups), (f"{outputs[0]} (repeat 0, fold 1): loss is not a number",) if arm != self.joint else (),
            (TrainingClock("stock loop", 2, 2.5e-4 * scale, 7.4 * scale, 5.1), TrainingClock("engine", 2, 3e-5 * scale, 0.9 * scale, 0.6)),
            (Throughput("in turn", 2, 4096, 3.1e6 / scale),),
        )  # fmt: skip

    def _difference(self, output: str, other: str) -> Difference:
        value = float(self.random.normal() * 0.02)
        better, same, worse = self.random.dirichlet((1, 2, 1))
        verdict = (
            "joint" if better > 0.8 else "separate" if worse > 0.8 else "equivalent" if same > 0.8 else "inconclusive"
        )
        half = float(self.random.uniform(0.002, 0.05))
        return Difference(
            output, other, self._estimate(value, half), self.folds, 0, float(better), float(same), float(worse),
            float(better + same), verdict, float(worse), min(1.0, 2 * float(worse)),
        )  # fmt: skip

    def _settle(self, slug: str, output: str) -> SampleSizeAdvice:
        levers = (FactorAdvice("repeats", "floor too wide", None, None, 0.021),)
        sentence = f"No number of repeats settles this at K = 5 for {output}; 3 seeds in each fold (now 1) would."
        return SampleSizeAdvice(
            output, sentence, CVDesign(5, 1, 3), f"jointbench run {slug} --folds 5 --repeats 1 --seeds 3", levers
        )

    def _standing(self, arm: str) -> Standing:
        return Standing(arm, float(self.random.uniform(0, 1)), 0.5125, 0.625, 4e7, None, 5e-5, 5000, arm == self.joint)

    def _ratios(self, other: str) -> tuple[Ratio, ...]:
        floor = Estimate(1.004, 0.981, 1.027)
        made = [Ratio("training FLOPs to the stop", other, self._ratio(), None, self.folds, True)]
        made.append(Ratio("training step", other, self._ratio(), floor, 24, True, "settled", "stock loop", 2))
        made.extend(
            Ratio(f"request, batch {b}", other, self._ratio(), floor, 24, b < 64, "budget spent", "in turn", 2, b)
            for b in BATCHES
        )
        made.append(Ratio("request, batch 1", other, self._ratio(), floor, 5, False, "too few blocks", "fused", 2, 1))
        return tuple(made)

    def _flops(self, arm: str) -> ArmFlops:
        forward, backward = (int(self.random.integers(100, 100_000)) for _ in range(2))
        total = float(forward * 5e4)
        return ArmFlops(
            arm, forward, backward, forward // 9, backward // 9, 32 * forward, 4e3 * forward,
            self._estimate(total, 0.2 * total) if self.folds > 1 else None, 0.75, 13, 13 * forward, 9.5e4 * forward,
        )  # fmt: skip

    def _memory(self, arm: str) -> ArmMemory:
        if arm != self.joint:
            return ArmMemory(arm, 45_482, *[None] * 6, "this profile measures peak memory on 1 dataset, the largest")
        return ArmMemory(arm, 23_501, 329_502_720, 94_588_928, None, 249_950_208, 14_962_688, None, None)

    def _explained(self, other: str) -> tuple[PredictedSaving, ...]:
        made = []
        for ratio in self._ratios(other)[1:-1]:
            clear = ratio.measured_difference
            made.append(PredictedSaving(
                ratio.quantity, other, 0.513, ratio.ratio, self._estimate(0.71, 0.05) if clear else None,
                "" if clear else "no difference measured",
            ))  # fmt: skip
        return tuple(made)

    def _ratio(self) -> Estimate:
        middle = float(self.random.uniform(0.2, 1.3))
        return Estimate(middle, middle * 0.93, middle * 1.06)

    def _cell(self, slug: str, outputs: tuple[str, ...], backend: str) -> CellSummary:
        if backend == self.absent:
            reason = f"not installed (pip install 'jointbench[{backend}]')"
            return CellSummary(slug, backend, "cpu", "", None, None, None, (), (), (), (), (), (reason,))
        kinds = dict(zip(outputs, self._kinds(outputs), strict=True))
        differences = tuple(self._difference(output, other) for other in self.others for output in outputs)
        decisions = []
        for other in self.others:
            mine = [d for d in differences if d.other == other]
            worst = min(mine, key=lambda d: d.difference.value)
            decisions.append(Decision(
                other, worst.verdict, f"Because {worst.output} says so after a look at all of it, 44 % fewer training FLOPs.",
                self._estimate(float(np.mean([d.difference.value for d in mine])), 0.0123), worst.output, worst.difference.value,
                settle=self._settle(slug, worst.output) if worst.verdict == "inconclusive" else None,
            ))  # fmt: skip
        arms = (self.joint, *self.others)
        return CellSummary(
            slug, backend, "cpu", self.joint, 2, 1.25, 3.5,
            tuple(self._quality(output, kinds[output], arm) for output in outputs for arm in arms),
            tuple(self._cost(arm, outputs, 64 - 16 * max(i - 1, 0)) for i, arm in enumerate(arms)),
            tuple(ratio for other in self.others for ratio in self._ratios(other)), differences, tuple(decisions), (),
            tuple(self._flops(arm) for arm in arms), tuple(self._memory(arm) for arm in arms),
            tuple(one for other in self.others for one in self._explained(other)),
            tuple(self._standing(arm) for arm in arms), ("skill", "train_flops", "latency_seconds", "parameters"),
            2, 1, (ProjectionCheck(self.joint, 2, 1200, 3.0, 3.15, 1.05, True),),
        )  # fmt: skip

    def fits(self, epochs: int = 60) -> list[Fit]:
        """Fits for every network of the summary's first seed."""
        random = np.random.default_rng(self.seed)
        made = []
        for cell in self.summary().cells:
            for cost in cell.costs:
                for group in cost.groups:
                    for fold in range(self.folds):
                        network = Network(
                            cell.dataset, "", 0, fold, "", 1, group, Shape(cost.trunk, cost.head), Recipe(), cell.backend, cell.device, "stacked",
                        )  # fmt: skip
                        falling = (
                            0.3
                            + np.exp(-np.arange(epochs) / 15)[:, None]
                            + random.normal(size=(epochs, len(group))) * 0.01
                        )
                        made.append(Fit(
                            network, 100, 1000, epochs, int(falling[:, 0].argmin()), epochs * 10, epochs * 10_000_000,
                            train_loss=falling, validation_loss=falling,
                        ))  # fmt: skip
        return made
