"""The noise observed in differences between joint and separate: what the calibration study simulates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from jointbench.compare.cells import BenchmarkCell, arm_skill, cells, run_index
from jointbench.compare.differences import paired
from jointbench.errors import BadInput
from jointbench.records import PlannedArm, Record
from jointbench.stats.variance_components import CVDesign, VarianceComponents, estimate_components
from jointbench.types import FloatArray


@dataclass(frozen=True)
class ObservedNoise:
    """The spread of one output's differences, joint - separate, and the cross-validation in which it was observed."""

    dataset: str
    output: str
    spread: VarianceComponents
    seen_in: CVDesign

    @property
    def between_sd(self) -> float:
        """Standard deviation between folds, in skill."""
        return sqrt(self.spread.between)

    @property
    def within_sd(self) -> float | None:
        """Standard deviation over the seeds of a fold, in skill; None where one seed ran."""
        return None if self.spread.within is None else sqrt(self.spread.within)


def skill_differences(cell: BenchmarkCell) -> FloatArray:
    """The arm with the fewest networks minus the one with the most, in skill.

    (outputs, repeats, folds, seeds), NaN where a fit failed.
    """

    def networks(planned: PlannedArm) -> int:
        return len(planned.arm.groups)

    joint, other = min(cell.planned_arms, key=networks), max(cell.planned_arms, key=networks)
    index = run_index(cell.folds, cell.fits.values())
    return paired(arm_skill(cell, joint, index), arm_skill(cell, other, index))


def observed_noise(records: Iterable[Record]) -> tuple[ObservedNoise, ...]:
    """The spread of every output in a run's records, on the first backend and device of each dataset.

    Raises BadInput for a run of one arm, or of one seed per fold.
    """
    by_dataset: dict[str, tuple[ObservedNoise, ...]] = {}
    for cell in cells(records)[0]:
        if cell.dataset not in by_dataset and len(cell.planned_arms) >= 2:
            by_dataset[cell.dataset] = _of_cell(cell)
    if not by_dataset:
        raise BadInput("the run compares no two arms, so there is no spread to read from it; run joint and separate")
    return tuple(output for outputs in by_dataset.values() for output in outputs)


def _of_cell(cell: BenchmarkCell) -> tuple[ObservedNoise, ...]:
    differences = skill_differences(cell)
    _, repeats, folds, seeds = differences.shape
    if seeds < 2:
        raise BadInput(
            f"{cell.dataset} ran with one seed per fold, which hides the noise of seeds; run it with --seeds 3 or more"
        )
    design = CVDesign(folds, repeats, seeds)
    return tuple(
        ObservedNoise(cell.dataset, output, estimate_components(values), design)
        for output, values in zip(cell.folds[0].outputs, differences, strict=True)
    )


def _from_sds(dataset: str, design: CVDesign, sds: dict[str, tuple[float, float]]) -> tuple[ObservedNoise, ...]:
    """From standard deviations, between folds and over seeds, in skill."""
    return tuple(
        ObservedNoise(dataset, output, VarianceComponents(between**2, within**2, design.folds), design)
        for output, (between, within) in sds.items()
    )


# What `jointbench calibrate --run DIR` reads from runs of profile full (whole tables) on PyTorch, arms joint and
# separate, seed 0: `jointbench run wine_quality --profile full --backend torch --folds 5 --repeats 5 --seeds 10`, and
# so on. wine_quality comes first: its design is the one recommended.
OBSERVED_NOISE = (
    *_from_sds("wine_quality", CVDesign(5, 5, 10), {"quality": (0.0032, 0.0110), "type": (0.0047, 0.0074)}),
    *_from_sds(
        "concrete_slump",
        CVDesign(5, 3, 5),
        {"slump": (0.0383, 0.1232), "flow": (0.0241, 0.0994), "strength": (0.0, 0.0629)},
    ),
    *_from_sds(
        "yeast",
        CVDesign(5, 1, 3),
        {
            "class1": (0.0247, 0.0305),
            "class2": (0.0121, 0.0236),
            "class3": (0.0114, 0.0175),
            "class4": (0.0249, 0.0280),
            "class5": (0.0157, 0.0259),
            "class6": (0.0, 0.0232),
            "class7": (0.0050, 0.0262),
            "class8": (0.0215, 0.0220),
            "class9": (0.0, 0.0299),
            "class10": (0.0289, 0.0178),
            "class11": (0.0124, 0.0276),
            "class12": (0.0123, 0.0175),
            "class13": (0.0089, 0.0199),
            "class14": (0.0343, 0.0751),
        },
    ),
)
