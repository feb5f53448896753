"""The larger the shared part, the larger the saving? Seconds saved, against the trunk's share of a network's FLOPs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from jointbench.explain.answer import Answer, AnswerData, Value, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.shape_savings import SCENARIOS, ShapeSaving, measure, shapes_of
from jointbench.explain.trained_networks import compared_outputs
from jointbench.measure.paired_timing import NORMAL, ratio_interval
from jointbench.stats.estimate import Estimate
from jointbench.study.plan import Experiment

KEY = "saving"
QUESTION = "The larger the shared part, the larger the saving?"
RESAMPLES = 1000
MIN_SHAPES = 3
CLAIMS = {
    "grows": "the saving in seconds grows with the shared part",
    "falls": "it falls as the shared part grows",
    "unclear": "it is not shown to follow the shared part",
}


@dataclass(frozen=True)
class Trend:
    """Spearman's rank correlation, over shapes, of the saving in seconds with the trunk's share.

    The 95 % interval comes from drawing each saving from its own distribution.
    """

    scenario: str
    rho: float
    low: float
    high: float

    @property
    def direction(self) -> str:
        """Whether the saving in seconds grows with the share: a key of CLAIMS."""
        return "grows" if self.low > 0 else "falls" if self.high < 0 else "unclear"


@dataclass(frozen=True)
class ScenarioSaving:
    """What sharing saves at one shape in one scenario. share: as in ShapeSaving. flops, seconds: parts saved."""

    share: float
    scenario: str
    flops: float
    seconds: Estimate


@dataclass(frozen=True)
class SavingByShare(AnswerData):
    """Every shape, from the smallest share to the largest, in every scenario, and a trend for each scenario."""

    savings: tuple[ScenarioSaving, ...]
    trends: tuple[Trend, ...]


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    outputs = [output for output in experiment.dataset.outputs if output.name in compared_outputs(experiment)]
    shapes = [measure(experiment, outputs, shape, context.workers) for shape in shapes_of(experiment, outputs)]
    return answer(shapes, len(outputs), experiment.dataset.slug, backend)


def trend(shapes: Sequence[ShapeSaving], scenario: str, seed: int = 0) -> Trend:
    """How the saving in seconds follows the share. Never NaN: equal savings count as no correlation."""
    rng = np.random.default_rng(seed)
    shares = [shape.share for shape in shapes]

    def rho(savings: Sequence[float]) -> float:
        return 0.0 if len(set(savings)) < 2 else float(spearmanr(shares, savings).statistic)

    intervals = np.array([ratio_interval(shape.seconds[scenario]) for shape in shapes])  # (shapes, 3): mean, low, high
    means, sds = intervals[:, 0], (intervals[:, 2] - intervals[:, 0]) / NORMAL
    drawn = [rho(list(-rng.normal(means, sds))) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Trend(scenario, rho(list(-means)), float(low), float(high))


def answer(shapes: Sequence[ShapeSaving], outputs: int, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure for fewer than MIN_SHAPES shapes. outputs: how many share a trunk."""
    if len(shapes) < MIN_SHAPES:
        reason = "fewer than three shapes differ in the trunk's share of FLOPs"
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    ordered = sorted(shapes, key=lambda shape: shape.share)
    trends = {scenario: trend(ordered, scenario) for scenario in SCENARIOS}
    numbers: dict[str, Value] = {
        "outputs": outputs,
        "shapes": len(ordered),
        "least_share": ordered[0].share,
        "most_share": ordered[-1].share,
    }
    for scenario, values in trends.items():
        key = scenario.replace(" ", "_")
        numbers |= {f"{key}_rank_correlation": values.rho, f"{key}_low": values.low, f"{key}_high": values.high}
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(ordered, outputs, trends),
        numbers=numbers,
        data=SavingByShare(
            tuple(
                ScenarioSaving(shape.share, scenario, shape.flops[scenario], Estimate(*shape.seconds_saved(scenario)))
                for shape in ordered
                for scenario in SCENARIOS
            ),
            tuple(trends.values()),
        ),
    )


def _sentence(shapes: Sequence[ShapeSaving], outputs: int, trends: Mapping[str, Trend]) -> str:
    """shapes: from the smallest share to the largest."""
    smallest, largest = shapes[0], shapes[-1]
    inference = SCENARIOS[-1]
    seconds = "; ".join(
        f"a {scenario} saves {smallest.seconds_saved(scenario)[0]:.0%} at the smallest share and "
        f"{largest.seconds_saved(scenario)[0]:.0%} at the largest (rank correlation {values.rho:+.2f}, "
        f"{values.low:+.2f} to {values.high:+.2f})"
        for scenario, values in trends.items()
    )
    return (
        f"With {outputs} outputs and {smallest.share:.0%} to {largest.share:.0%} of a network's FLOPs in the trunk, "
        f"sharing saves {smallest.flops[inference]:.0%} to {largest.flops[inference]:.0%} of the inference FLOPs. In "
        f"seconds: {seconds}. {_conclusion(trends)}"
    )


def _conclusion(trends: Mapping[str, Trend]) -> str:
    if all(values.direction == "grows" for values in trends.values()):
        return f"The claim holds: {CLAIMS['grows']} in training and at inference."
    claims = [
        f"for a {' and a '.join(scenarios)}, {claim}"
        for direction, claim in CLAIMS.items()
        if (scenarios := [scenario for scenario, values in trends.items() if values.direction == direction])
    ]
    return f"The claim holds in FLOPs by construction; {'; '.join(claims)}."
