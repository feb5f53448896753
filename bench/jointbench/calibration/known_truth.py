"""Verdicts on tasks whose truth is known, from real training: three scenarios where the right answer is not in doubt.

related: many outputs made of the same few random features, few rows; what one output teaches the trunk serves all.
conflicting: outputs of disjoint features, a trunk with fewer units than there are features; only separate ones fit.
plenty: more rows and width than either arm needs; nothing is left to gain or to lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.comparison.cells import BenchmarkCell, cells
from jointbench.comparison.criteria import DEFAULT_CRITERIA
from jointbench.comparison.pair import cell_evidence, compare_pair
from jointbench.comparison.verdict import OutputVerdict
from jointbench.comparison.verdict_rule import output_verdict
from jointbench.data.synthetic import SyntheticConfig, synthetic_dataset
from jointbench.stats.correlated_t_test import posterior
from jointbench.study.config import Progress, StudyConfig
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.run import run
from jointbench.types import Recipe, Shape

ARMS = ("joint", "separate")
SEEDS = 10  # datasets drawn in each scenario


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Tasks, how networks are trained on them, and which verdicts on their mean difference in skill are right."""

    name: str
    right: tuple[OutputVerdict, ...]
    tasks: SyntheticConfig
    shape: Shape
    recipe: Recipe
    folds: int = 5
    repeats: int = 2
    seeds: int = 2


SCENARIOS = (
    Scenario(
        name="related",
        right=("joint", "equivalent"),
        tasks=SyntheticConfig(rows=200, outputs=8, relatedness=1.0, noise=0.2, features=16, pool=2),
        shape=Shape((16,)),
        recipe=Recipe(optimizer="adam", learning_rate=1e-2, batch_size=32, max_epochs=100, patience=15),
    ),
    Scenario(
        name="conflicting",
        right=("separate",),
        tasks=SyntheticConfig(rows=300, outputs=4, relatedness=0.0, noise=0.1, features=8, pool=1),
        shape=Shape((2,)),
        recipe=Recipe(optimizer="adam", learning_rate=1e-2, batch_size=32, max_epochs=150, patience=20),
        repeats=1,
    ),
    Scenario(
        name="plenty",
        right=("equivalent",),
        tasks=SyntheticConfig(rows=4000, outputs=2, relatedness=0.5, noise=0.3, features=4, pool=2),
        shape=Shape((64,)),
        recipe=Recipe(optimizer="adam", learning_rate=4e-3, batch_size=128, max_epochs=40, patience=8),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One dataset of a scenario (``corner``: its name) on one backend.

    verdict: on the mean over outputs of the difference in skill, joint - separate: ``difference`` with its 95 %
    interval. separate_outputs: outputs whose own verdict is "separate".
    """

    corner: str
    backend: str
    seed: int
    verdict: OutputVerdict
    right: bool
    difference: float
    low: float
    high: float
    separate_outputs: int


@dataclass(frozen=True)
class Tally:
    """How many verdicts of a scenario were right."""

    corner: str
    backend: str
    trials: int
    right: int
    mean_difference: float


def known_truth(
    config: StudyConfig,
    progress: Progress,
    *,
    scenarios: Sequence[Scenario] = SCENARIOS,
    seeds: Sequence[int] = range(SEEDS),
) -> tuple[Trial, ...]:
    """Trains both arms on a dataset of each scenario for every seed and backend, and decides on it as on any other.

    ``config``: where it runs; nothing needs to be timed. A backend that is absent has no trials.
    """
    experiments = {_slug(scenario, seed): (scenario, seed) for scenario in scenarios for seed in seeds}
    records = run([_experiment(scenario, seed) for scenario, seed in experiments.values()], config, progress)
    return tuple(_trial(cell, *experiments[cell.dataset]) for cell in cells(records)[0] if cell.planned_arms)


def tallies(trials: Sequence[Trial]) -> tuple[Tally, ...]:
    """The right verdicts of each scenario on each backend, in the order they ran."""
    keys = dict.fromkeys((trial.corner, trial.backend) for trial in trials)
    grouped = [[trial for trial in trials if (trial.corner, trial.backend) == key] for key in keys]
    return tuple(
        Tally(
            corner=corner,
            backend=backend,
            trials=len(group),
            right=sum(trial.right for trial in group),
            mean_difference=sum(trial.difference for trial in group) / len(group),
        )
        for (corner, backend), group in zip(keys, grouped, strict=True)
    )


def _slug(scenario: Scenario, seed: int) -> str:
    return f"{scenario.name}-{seed}"


def _experiment(scenario: Scenario, seed: int) -> Experiment:
    dataset = synthetic_dataset(
        _slug(scenario, seed), scenario.tasks, seed, shape=scenario.shape, recipe=scenario.recipe
    )
    cross_validation = CrossValidation(folds=scenario.folds, repeats=scenario.repeats, seeds=scenario.seeds, seed=seed)
    return make_experiment(dataset, ARMS, cross_validation)


def _trial(cell: BenchmarkCell, scenario: Scenario, seed: int) -> Trial:
    joint, separate = cell.planned_arms
    pair = compare_pair(cell_evidence(cell, DEFAULT_CRITERIA), joint, separate, ())
    belief = pair.mean_belief
    assert belief is not None, "no fit of a scenario fails"
    overall = posterior(belief.mean, belief.scale, belief.df, DEFAULT_CRITERIA.rope)
    verdict = output_verdict(overall, DEFAULT_CRITERIA)
    return Trial(
        corner=scenario.name,
        backend=cell.backend,
        seed=seed,
        verdict=verdict,
        right=verdict in scenario.right,
        difference=overall.mean,
        low=overall.low,
        high=overall.high,
        separate_outputs=sum(difference.verdict == "separate" for difference in pair.differences),
    )
