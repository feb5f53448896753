"""Made-up costs of an arm, and cost ratios between arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.summary.costs import (
    ArmCost,
    ArmFlops,
    ArmMemory,
    Latency,
    PredictedSaving,
    Ratio,
    Throughput,
    TimedUntil,
    TrainingClock,
)
from jointbench.comparison.summary.energy import ArmEnergy, CellEnergy, EnergyRatio
from jointbench.comparison.summary.quantity import REQUEST, TRAINING_FLOPS, TRAINING_STEP, Quantity
from jointbench.records import FUSED, SEQUENTIAL, STOCK_LOOP, Scenario
from jointbench.stats.estimate import Estimate

BATCHES = (1, 8, 64, 512, 4096)
FLOOR = Estimate(1.004, 0.981, 1.027)


def estimate(middle: float, half: float) -> Estimate:
    return Estimate(middle, middle - half, middle + half)


@dataclass(kw_only=True)
class CostMaker:
    """Makes costs from a random generator. joint: the arm with one network for all outputs."""

    random: np.random.Generator
    joint: str
    folds: int

    def arm_cost(self, arm: str, outputs: tuple[str, ...], width: int) -> ArmCost:
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

    def ratios(self, other: str) -> tuple[Ratio, ...]:
        """FLOPs, a training step, requests of every batch size, and a fused request with too few blocks."""
        flops = Ratio(
            quantity=Quantity(TRAINING_FLOPS),
            other=other,
            ratio=self._ratio(),
            floor=None,
            blocks=self.folds,
            measured_difference=True,
        )
        step = self._timed_ratio(Quantity(TRAINING_STEP, STOCK_LOOP), other, "settled")
        requests = (
            self._timed_ratio(Quantity(REQUEST, SEQUENTIAL, size), other, "budget spent", clear=size < 64)
            for size in BATCHES
        )
        return flops, step, *requests, self._timed_ratio(Quantity(REQUEST, FUSED, 1), other, "too few blocks", False)

    def _timed_ratio(self, quantity: Quantity, other: str, state: TimedUntil, clear: bool = True) -> Ratio:
        return Ratio(
            quantity=quantity,
            other=other,
            ratio=self._ratio(),
            floor=FLOOR,
            blocks=5 if state == "too few blocks" else 24,
            measured_difference=clear,
            state=state,
            threads=2,
            load=0.04,
        )

    def _ratio(self) -> Estimate:
        middle = float(self.random.uniform(0.2, 1.3))
        return Estimate(middle, middle * 0.93, middle * 1.06)

    def savings(self, other: str) -> tuple[PredictedSaving, ...]:
        """The timed ratios beside a predicted one; those that noise could explain have no share."""
        return tuple(
            PredictedSaving(
                ratio.quantity,
                other,
                0.513,
                ratio.ratio,
                estimate(0.71, 0.05) if ratio.measured_difference else None,
                "" if ratio.measured_difference else "no difference measured",
            )
            for ratio in self.ratios(other)[1:-1]
        )

    def flops(self, arm: str) -> ArmFlops:
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
            to_stop=estimate(total, 0.2 * total) if self.folds > 1 else None,
            patience_share=0.75,
            update_flops_per_parameter=13,
            update_per_step=13 * forward,
            update_to_stop=9.5e4 * forward,
        )

    def memory(self, arm: str) -> ArmMemory:
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

    def energy(self, arms: Sequence[str]) -> CellEnergy:
        """Of training and of requests of 64 rows."""
        works: tuple[tuple[Scenario, int, float, float], ...] = (
            ("training", 32, 0.019, 57.3),
            ("request", 64, 8e-4, 1e3),
        )
        return CellEnergy(
            source="RAPL: the processor's packages",
            idle_watts=21.4,
            update_seconds=1.1e-3,
            arms=tuple(
                ArmEnergy(
                    arm=arm,
                    scenario=scenario,
                    batch_size=batch,
                    joules=joules * (1 + i),
                    watts=31.7 + i,
                    total_joules=joules * (1 + i) * times,
                )
                for scenario, batch, joules, times in works
                for i, arm in enumerate(arms)
            ),
            ratios=tuple(
                EnergyRatio(
                    other=arm, scenario=scenario, batch_size=batch, ratio=estimate(1 / (1 + i), 0.013), blocks=6
                )
                for scenario, batch, _, _ in works
                for i, arm in enumerate(arms)
                if i > 0
            ),
        )
