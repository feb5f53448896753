"""Summaries made up from a seed: as small as one dataset, as large as a full run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from cost_maker import CostMaker, estimate
from fit_maker import fits_of
from jointbench.comparison.summary.costs import ProjectionCheck
from jointbench.comparison.summary.decisions import Decision, Difference, OpenVerdict, Standing
from jointbench.comparison.summary.run import Across, CellSummary, DatasetSummary, Quality, Summary
from jointbench.records import Fit
from jointbench.report.palette import Palette, palette
from jointbench.types import ColumnReading

REGRESSION = ("rmse", "mae", "r2", "rrmse")
CLASSES = ("log_loss", "accuracy", "balanced_accuracy", "macro_f1", "roc_auc")


@dataclass(kw_only=True)
class SummaryMaker:
    """Makes the same summary each time. absent: a backend that was asked for and is not installed."""

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
    costs: CostMaker = field(init=False)

    def summary(self) -> Summary:
        self.random = np.random.default_rng(self.seed)
        self.costs = CostMaker(random=self.random, joint=self.joint, folds=self.folds)
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
                    open=4,
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
            reading=(
                *(
                    ColumnReading(name=name, role="output", detail=slug, missing=3, reason=name, labels="97 labels")
                    for name in outputs
                ),
                ColumnReading(name=slug, role="category", detail=outputs[0], missing=1_234),
            ),
        )

    def _difference(self, output: str, other: str) -> Difference:
        value = float(self.random.normal() * 0.02)
        better, same, worse = self.random.dirichlet((1, 2, 1))
        verdict = "joint" if better > 0.8 else "separate" if worse > 0.8 else "equivalent" if same > 0.8 else "open"
        half = float(self.random.uniform(0.002, 0.05))
        return Difference(
            output=output,
            other=other,
            difference=estimate(value, half),
            pairs=self.folds,
            pairs_lost=0,
            probability_joint_better=float(better),
            probability_equivalent=float(same),
            probability_other_better=float(worse),
            probability_no_loss=float(better + same),
            verdict=verdict,
            scale=half / 2.179,
            df=12.0,
            expected_loss=max(0.0, -value) + half / 8,
            p_value=float(worse),
            p_value_holm=min(1.0, 2 * float(worse)),
        )

    def _open(self, slug: str, output: str) -> OpenVerdict:
        sentence = f"No training can decide it at this size of {output}; about 12,000 rows would (there are 1,234)."
        return OpenVerdict(
            lean="joint",
            output=output,
            expected_loss=0.0123,
            undecidable=True,
            rows=12_000,
            sentence=sentence,
            command=f"jointbench run {slug} --until-decided",
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

    def _cell(self, slug: str, outputs: tuple[str, ...], backend: str) -> CellSummary:
        if backend == self.absent:
            return _absent_cell(slug, backend)
        kinds = dict(zip(outputs, self._kinds(outputs), strict=True))
        differences = tuple(self._difference(output, other) for other in self.others for output in outputs)
        decisions = tuple(self._decision(slug, other, differences) for other in self.others)
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
            costs=tuple(self.costs.arm_cost(arm, outputs, 64 - 16 * max(i - 1, 0)) for i, arm in enumerate(arms)),
            ratios=tuple(ratio for other in self.others for ratio in self.costs.ratios(other)),
            differences=differences,
            decisions=decisions,
            absences=(),
            flops=tuple(self.costs.flops(arm) for arm in arms),
            memory=tuple(self.costs.memory(arm) for arm in arms),
            energy=self.costs.energy(arms),
            explained=tuple(saving for other in self.others for saving in self.costs.savings(other)),
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

    def _decision(self, slug: str, other: str, differences: tuple[Difference, ...]) -> Decision:
        """By the worst output alone."""
        against = [difference for difference in differences if difference.other == other]
        worst = min(against, key=lambda difference: difference.difference.value)
        return Decision(
            other=other,
            verdict=worst.verdict,
            reason=f"Because {worst.output} says so after a look at all of it, 44 % fewer training FLOPs.",
            mean_difference=estimate(float(np.mean([difference.difference.value for difference in against])), 0.0123),
            worst_output=worst.output,
            worst_difference=worst.difference.value,
            open=self._open(slug, worst.output) if worst.verdict == "open" else None,
        )

    def fits(self, epochs: int = 60) -> list[Fit]:
        """Fits for every network of the summary's first seed."""
        return fits_of(self.summary(), folds=self.folds, seed=self.seed, epochs=epochs)


def _absent_cell(slug: str, backend: str) -> CellSummary:
    """A cell of a backend that is not installed."""
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
        absences=(f"not installed (pip install 'jointbench[{backend}]')",),
    )


def figure_inputs(maker: SummaryMaker) -> tuple[Summary, CellSummary, DatasetSummary, Palette]:
    """What figures are made from: a summary, its first cell and dataset, and its colours."""
    summary = maker.summary()
    return summary, summary.cells[0], summary.datasets[0], palette(summary)
