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


@dataclass(kw_only=True)
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
            schema_version=2,
            profile="quick",
            engine="stacked",
            command="jointbench run slump --profile quick",
            headline="Joint in some, separate in others.",
            datasets=tuple(self._dataset(slug, outputs) for slug, outputs in self.datasets),
            cells=tuple(
                self._cell(slug, outputs, backend) for slug, outputs in self.datasets for backend in self.backends
            ),
            notes=(self.note,),
            rope=self.rope,
            probability=self.probability,
            across=tuple(
                Across(
                    backend=backend,
                    device="cpu",
                    other=other,
                    win=3,
                    equivalent=1,
                    lose=2,
                    inconclusive=4,
                    ranked=9,
                    probability_joint_better=0.25,
                    probability_equivalent=0.125,
                    probability_other_better=0.625,
                )
                for backend in self.backends
                if backend != self.absent
                for other in self.others
            ),
        )

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
            output=output,
            kind=kind,
            model=model,
            skill=skill,
            sd=float(np.std(folds, ddof=1)) if self.folds > 1 else math.nan,
            per_fold=folds,
            metrics=metrics,
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
            slug=slug,
            title=f"About {slug}",
            rows=rows,
            features=11,
            outputs=outputs,
            kinds=kinds,
            folds=self.folds,
            repeats=1,
            seeds=3,
            notes=(self.note,),
            source="UCI Machine Learning Repository, https://archive.ics.uci.edu/dataset/186",
            licence="CC BY 4.0",
            citation="Cortez, P. (2009).",
            sha256="e3d60f4d" * 8,
            references=references,
        )

    def _cost(self, arm: str, outputs: tuple[str, ...], width: int) -> ArmCost:
        groups = (outputs,) if arm == self.joint else tuple((output,) for output in outputs)
        scale = float(len(groups)) * float(self.random.uniform(0.8, 1.2))
        latency = tuple(
            Latency(
                batch_size=b,
                samples=500 // (i + 1),
                median_seconds=5e-5 * scale * (1 + b / 100),
                p90_seconds=7e-5 * scale * (1 + b / 100) if i < 3 else None,
                p99_seconds=9e-5 * scale * (1 + b / 100) if i < 1 else None,
                rows_per_second=b / (6e-5 * scale * (1 + b / 100)),
                path=path,
                threads=2,
                p90_bounds=(6e-5 * scale, 8e-5 * scale) if i < 3 else None,
                p99_bounds=(8e-5 * scale, 2e-4 * scale) if i < 1 else None,
            )
            for path in ("in turn", "fused")
            for i, b in enumerate(BATCHES if path == "in turn" else BATCHES[:1])
        )
        return ArmCost(
            arm=arm,
            groups=groups,
            trunk=(width, width),
            channels=(),
            head=(16,),
            sizing="same-width",
            parameters=int(5000 * scale),
            reference_parameters=5000,
            train_flops_per_row=int(30000 * scale),
            inference_flops_per_row=int(10000 * scale),
            train_flops=4e7 * scale,
            steps=300.5 * scale,
            epochs=41.7,
            patience_share=0.875,
            step_seconds=2.5e-4 * scale,
            train_seconds=7.4 * scale,
            longest_seconds=5.1,
            build_seconds=0.02,
            first_call_seconds=1.3,
            latency=latency,
            fits=self.folds * len(groups),
            failures=(f"{outputs[0]} (repeat 0, fold 1): loss is not a number",) if arm != self.joint else (),
            training=(
                TrainingClock("stock loop", 2, 2.5e-4 * scale, 7.4 * scale, 5.1),
                TrainingClock("engine", 2, 3e-5 * scale, 0.9 * scale, 0.6),
            ),
            throughput=(Throughput("in turn", 2, 4096, 3.1e6 / scale),),
        )

    def _difference(self, output: str, other: str) -> Difference:
        value = float(self.random.normal() * 0.02)
        better, same, worse = self.random.dirichlet((1, 2, 1))
        verdict = (
            "joint" if better > 0.8 else "separate" if worse > 0.8 else "equivalent" if same > 0.8 else "inconclusive"
        )
        half = float(self.random.uniform(0.002, 0.05))
        return Difference(
            output=output,
            other=other,
            difference=self._estimate(value, half),
            pairs=self.folds,
            pairs_lost=0,
            probability_joint_better=float(better),
            probability_equivalent=float(same),
            probability_other_better=float(worse),
            probability_no_loss=float(better + same),
            verdict=verdict,
            p_value=float(worse),
            p_value_holm=min(1.0, 2 * float(worse)),
        )

    def _settle(self, slug: str, output: str) -> SampleSizeAdvice:
        levers = (FactorAdvice("repeats", "floor too wide", None, None, 0.021),)
        sentence = f"No number of repeats settles this at K = 5 for {output}; 3 seeds in each fold (now 1) would."
        return SampleSizeAdvice(
            output, sentence, CVDesign(5, 1, 3), f"jointbench run {slug} --folds 5 --repeats 1 --seeds 3", levers
        )

    def _standing(self, arm: str) -> Standing:
        return Standing(
            arm=arm,
            skill=float(self.random.uniform(0, 1)),
            arrmse_fold_mean=0.5125,
            arrmse_pooled=0.625,
            train_flops=4e7,
            train_seconds=None,
            latency_seconds=5e-5,
            parameters=5000,
            in_pareto_set=arm == self.joint,
        )

    def _ratios(self, other: str) -> tuple[Ratio, ...]:
        floor = Estimate(1.004, 0.981, 1.027)
        made = [
            Ratio(
                quantity="training FLOPs to the stop",
                other=other,
                ratio=self._ratio(),
                floor=None,
                blocks=self.folds,
                measured_difference=True,
            )
        ]
        made.append(
            Ratio(
                quantity="training step",
                other=other,
                ratio=self._ratio(),
                floor=floor,
                blocks=24,
                measured_difference=True,
                state="settled",
                path="stock loop",
                threads=2,
            )
        )
        made.extend(
            Ratio(
                quantity=f"request, batch {b}",
                other=other,
                ratio=self._ratio(),
                floor=floor,
                blocks=24,
                measured_difference=b < 64,
                state="budget spent",
                path="in turn",
                threads=2,
                batch_size=b,
            )
            for b in BATCHES
        )
        made.append(
            Ratio(
                quantity="request, batch 1",
                other=other,
                ratio=self._ratio(),
                floor=floor,
                blocks=5,
                measured_difference=False,
                state="too few blocks",
                path="fused",
                threads=2,
                batch_size=1,
            )
        )
        return tuple(made)

    def _flops(self, arm: str) -> ArmFlops:
        forward, backward = (int(self.random.integers(100, 100_000)) for _ in range(2))
        total = float(forward * 5e4)
        return ArmFlops(
            arm=arm,
            trunk_forward=forward,
            trunk_backward=backward,
            heads_forward=forward // 9,
            heads_backward=backward // 9,
            per_step=32 * forward,
            per_epoch=4e3 * forward,
            to_stop=self._estimate(total, 0.2 * total) if self.folds > 1 else None,
            patience_share=0.75,
            update_flops_per_parameter=13,
            update_per_step=13 * forward,
            update_to_stop=9.5e4 * forward,
        )

    def _memory(self, arm: str) -> ArmMemory:
        if arm != self.joint:
            return ArmMemory(
                arm=arm,
                artifact_bytes=45_482,
                training_peak=None,
                training_increase=None,
                training_device=None,
                serving_peak=None,
                serving_increase=None,
                serving_device=None,
                reason="this profile measures peak memory on 1 dataset, the largest",
            )
        return ArmMemory(
            arm=arm,
            artifact_bytes=23_501,
            training_peak=329_502_720,
            training_increase=94_588_928,
            training_device=None,
            serving_peak=249_950_208,
            serving_increase=14_962_688,
            serving_device=None,
            reason=None,
        )

    def _explained(self, other: str) -> tuple[PredictedSaving, ...]:
        made = []
        for ratio in self._ratios(other)[1:-1]:
            clear = ratio.measured_difference
            made.append(
                PredictedSaving(
                    ratio.quantity,
                    other,
                    0.513,
                    ratio.ratio,
                    self._estimate(0.71, 0.05) if clear else None,
                    "" if clear else "no difference measured",
                )
            )
        return tuple(made)

    def _ratio(self) -> Estimate:
        middle = float(self.random.uniform(0.2, 1.3))
        return Estimate(middle, middle * 0.93, middle * 1.06)

    def _cell(self, slug: str, outputs: tuple[str, ...], backend: str) -> CellSummary:
        if backend == self.absent:
            reason = f"not installed (pip install 'jointbench[{backend}]')"
            return CellSummary(
                dataset=slug,
                backend=backend,
                device="cpu",
                joint="",
                threads=None,
                load=None,
                import_seconds=None,
                quality=(),
                costs=(),
                ratios=(),
                differences=(),
                decisions=(),
                absences=(reason,),
            )
        kinds = dict(zip(outputs, self._kinds(outputs), strict=True))
        differences = tuple(self._difference(output, other) for other in self.others for output in outputs)
        decisions = []
        for other in self.others:
            mine = [d for d in differences if d.other == other]
            worst = min(mine, key=lambda d: d.difference.value)
            decisions.append(
                Decision(
                    other=other,
                    verdict=worst.verdict,
                    reason=f"Because {worst.output} says so after a look at all of it, 44 % fewer training FLOPs.",
                    mean_difference=self._estimate(float(np.mean([d.difference.value for d in mine])), 0.0123),
                    worst_output=worst.output,
                    worst_difference=worst.difference.value,
                    settle=self._settle(slug, worst.output) if worst.verdict == "inconclusive" else None,
                )
            )
        arms = (self.joint, *self.others)
        return CellSummary(
            dataset=slug,
            backend=backend,
            device="cpu",
            joint=self.joint,
            threads=2,
            load=1.25,
            import_seconds=3.5,
            quality=tuple(self._quality(output, kinds[output], arm) for output in outputs for arm in arms),
            costs=tuple(self._cost(arm, outputs, 64 - 16 * max(i - 1, 0)) for i, arm in enumerate(arms)),
            ratios=tuple(ratio for other in self.others for ratio in self._ratios(other)),
            differences=differences,
            decisions=tuple(decisions),
            absences=(),
            flops=tuple(self._flops(arm) for arm in arms),
            memory=tuple(self._memory(arm) for arm in arms),
            explained=tuple(one for other in self.others for one in self._explained(other)),
            standings=tuple(self._standing(arm) for arm in arms),
            pareto_criteria=("skill", "train_flops", "latency_seconds", "parameters"),
            retaken=2,
            still_disturbed=1,
            projections=(
                ProjectionCheck(
                    arm=self.joint,
                    threads=2,
                    steps=1200,
                    projected_seconds=3.0,
                    measured_seconds=3.15,
                    ratio=1.05,
                    agrees=True,
                ),
            ),
        )

    def fits(self, epochs: int = 60) -> list[Fit]:
        """Fits for every network of the summary's first seed."""
        random = np.random.default_rng(self.seed)
        made = []
        for cell in self.summary().cells:
            for cost in cell.costs:
                for group in cost.groups:
                    for fold in range(self.folds):
                        network = Network(
                            dataset=cell.dataset,
                            sha256="",
                            repeat=0,
                            fold=fold,
                            split="",
                            seed=1,
                            group=group,
                            shape=Shape(cost.trunk, cost.head),
                            recipe=Recipe(),
                            backend=cell.backend,
                            device=cell.device,
                            engine="stacked",
                        )
                        falling = (
                            0.3
                            + np.exp(-np.arange(epochs) / 15)[:, None]
                            + random.normal(size=(epochs, len(group))) * 0.01
                        )
                        made.append(
                            Fit(
                                network=network,
                                parameters=100,
                                flops_per_row=1000,
                                epochs=epochs,
                                best_epoch=int(falling[:, 0].argmin()),
                                steps=epochs * 10,
                                train_flops=epochs * 10_000_000,
                                train_loss=falling,
                                validation_loss=falling,
                            )
                        )
        return made
