"""In whole float32 runs rounding grows, and a replicate need not stop where the stock loop does. What must not move is
the distribution: over 40 seeds the engine may differ from the stock loop only as the stock loop differs from itself
when its sums are taken in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import fisher_exact, ks_2samp, t

from jointbench.backends.base import Job, Trained
from jointbench.backends.protocols import Backend
from jointbench.data.catalog import load_bundled
from jointbench.data.preprocess import prepare
from jointbench.metrics.row_losses import log_probabilities
from jointbench.study import plan
from jointbench.types import Float32Array, FloatArray, Recipe

pytestmark = pytest.mark.slow  # 240 stock runs a backend: over a minute in PyTorch, far more in Keras

SEEDS = 40
DATASETS = ("wine_quality", "concrete_slump", "abalone", "census_income")
PLANTED_IN = "abalone"  # the shortest runs
ALPHA = 1e-3
SAME = 1e-3  # of the mean error: two runs whose test errors are closer are one run, rounded
STRAYS = 3  # spreads over seeds, in all, that the seeds may lie apart where reordered sums move none: two strays' worth


@dataclass(frozen=True, eq=False)
class Runs:
    """What one way of training gave: (seeds,) test errors, in units of no skill, and the epochs taken."""

    errors: FloatArray
    epochs: FloatArray


@dataclass(frozen=True, eq=False)
class Study:
    """A dataset's jobs trained by the stock loop, and by the stock loop with its sums in another order."""

    jobs: tuple[Job, ...]
    stock: Runs
    reordered: Runs


def _jobs(slug: str, backend: str) -> tuple[Job, ...]:
    """The joint network on the first of five folds of some 400 rows, from 40 seeds."""
    study = plan.make_experiment(
        load_bundled(slug), ["joint"], plan.CrossValidation(folds=5, repeats=1, seeds=SEEDS, seed=0, max_rows=400)
    )
    first = study.splits[0]
    networks = plan.plan_arms(study, backend, "cpu", "stacked")[1]
    prepared = prepare(study.dataset, first)
    return tuple(plan.job(study, network, prepared) for network in networks if network.fold == first.fold)


def _reordered(job: Job, seed: int) -> Job:
    """The same network with its hidden units in another order: equal in exact arithmetic, other sums in rounded."""
    rng = np.random.default_rng(seed)
    weights = dict(job.initial)
    order = np.arange(job.architecture.input_shape[0])
    for layer in job.architecture.trunk:
        units = rng.permutation(layer.units)
        weights[f"{layer.name}/kernel"] = weights[f"{layer.name}/kernel"][order][:, units]
        weights[f"{layer.name}/bias"] = weights[f"{layer.name}/bias"][units]
        order = units
    for head in job.architecture.heads:
        weights[f"{head[0].name}/kernel"] = weights[f"{head[0].name}/kernel"][order]
    return replace(job, initial=weights)


def _test_error(job: Job, predictions: Float32Array) -> float:
    """Mean over outputs of the test rows' squared error or log loss, over that of no skill."""
    observed, weights = job.targets[job.test], job.weights[job.test]
    total, place = 0.0, 0
    for i, (kind, units) in enumerate(zip(job.architecture.kinds, job.architecture.units, strict=True)):
        raw = predictions[:, place : place + units].astype(np.float64)
        place += units
        if kind == "regression":
            losses = (raw[:, 0] - observed[:, i]) ** 2
        else:
            losses = -log_probabilities(raw)[np.arange(len(raw)), observed[:, i].astype(int)]
        total += job.loss_weights[i] * float(np.average(losses, weights=weights[:, i]))
    return total / len(job.loss_weights)


def _runs(jobs: Sequence[Job], fits: Sequence[Trained]) -> Runs:
    """Errors are in the units of ``jobs``, which need not be the jobs that were trained."""
    assert all(trained.failure is None for trained in fits)
    errors = [_test_error(job, trained.predictions) for job, trained in zip(jobs, fits, strict=True)]
    return Runs(np.array(errors), np.array([trained.epochs for trained in fits], np.float64))


@pytest.fixture(scope="session")
def study_of() -> Callable[[Backend, str], Study]:
    """Stock runs by backend and dataset, each trained once: they are what takes long here."""
    studies: dict[tuple[str, str], Study] = {}

    def get(backend: Backend, slug: str) -> Study:
        if (backend.name, slug) not in studies:
            jobs = _jobs(slug, backend.name)
            stock = _runs(jobs, [backend.fit(job) for job in jobs])
            other = _runs(jobs, [backend.fit(_reordered(job, i)) for i, job in enumerate(jobs)])
            studies[backend.name, slug] = Study(jobs, stock, other)
        return studies[backend.name, slug]

    return get


def _biased(differences: FloatArray, tolerance: float) -> bool:
    """Whether the 99.9 % interval of the mean of paired differences lies beyond ``tolerance`` of 0."""
    half = t.ppf(1 - ALPHA / 2, SEEDS - 1) * differences.std(ddof=1) / np.sqrt(SEEDS)
    return bool(abs(differences.mean()) - half > tolerance)


def _compared(study: Study, runs: Runs) -> tuple[list[str], dict[str, dict[str, float]]]:
    """What tells these runs from the stock loop's more than reordered sums do (empty: nothing), and the figures."""
    rounding = SAME * float(study.stock.errors.mean())
    objections, figures = [], {}
    for name, ours, stock, other, same in (
        ("error", runs.errors, study.stock.errors, study.reordered.errors, rounding),
        ("epochs", runs.epochs, study.stock.epochs, study.reordered.epochs, 0.0),
    ):
        difference, yardstick = ours - stock, other - stock
        moved, allowed = int((abs(difference) > same).sum()), int((abs(yardstick) > same).sum())
        table = [[moved, SEEDS - moved], [allowed, SEEDS - allowed]]
        measures = figures[name] = {
            "stock mean": stock.mean(),
            "mean difference": difference.mean(),
            "yardstick's": yardstick.mean(),
            "mean absolute difference": abs(difference).mean(),
            "the yardstick's": abs(yardstick).mean(),
            "seeds moved": moved,
            "by the yardstick": allowed,
            "Kolmogorov-Smirnov p": ks_2samp(ours, stock).pvalue,
            "Fisher p": fisher_exact(table, alternative="greater").pvalue,
        }
        details = ", ".join(f"{measure} {value:.3g}" for measure, value in measures.items())
        if _biased(difference, same):
            objections.append(f"{name}: biased ({details})")
        if measures["Kolmogorov-Smirnov p"] < ALPHA:
            objections.append(f"{name}: another distribution ({details})")
        if abs(difference).mean() > 2 * abs(yardstick).mean() + STRAYS * stock.std() / SEEDS:
            objections.append(f"{name}: further apart than reordered sums ({details})")
        if measures["Fisher p"] < ALPHA:
            objections.append(f"{name}: more seeds moved than by reordered sums ({details})")
    return objections, figures


@pytest.mark.parametrize("slug", DATASETS)
def test_whole_float32_runs_are_equal_in_distribution(
    backend: Backend, study_of: Callable[[Backend, str], Study], slug: str
) -> None:
    """If this fails, a skill from the engine is not the skill of the network that a user would train."""
    study = study_of(backend, slug)
    objections, figures = _compared(study, _runs(study.jobs, backend.fit_stacked(study.jobs).trained))
    print(backend.name, slug, *figures.items(), sep="\n")  # noqa: T201  (pytest -rP shows them)
    assert not objections


def _with_recipe(backend: Backend, jobs: Sequence[Job], recipe: Recipe) -> Runs:
    return _runs(jobs, backend.fit_stacked([replace(job, recipe=recipe) for job in jobs]).trained)


def _patience_longer_by_two(backend: Backend, jobs: Sequence[Job]) -> Runs:
    recipe = jobs[0].recipe
    return _with_recipe(backend, jobs, replace(recipe, patience=recipe.patience + 2))


def _patience_shorter_by_one(backend: Backend, jobs: Sequence[Job]) -> Runs:
    recipe = jobs[0].recipe
    return _with_recipe(backend, jobs, replace(recipe, patience=recipe.patience - 1))


def _half_the_decay(backend: Backend, jobs: Sequence[Job]) -> Runs:
    recipe = jobs[0].recipe
    return _with_recipe(backend, jobs, replace(recipe, weight_decay=recipe.weight_decay / 2))


def _rate_higher_by_a_twentieth(backend: Backend, jobs: Sequence[Job]) -> Runs:
    recipe = jobs[0].recipe
    return _with_recipe(backend, jobs, replace(recipe, learning_rate=recipe.learning_rate * 1.05))


def _first_loss_weighs_a_fifth_more(backend: Backend, jobs: Sequence[Job]) -> Runs:
    changed = [replace(job, loss_weights=(1.2 * job.loss_weights[0], *job.loss_weights[1:])) for job in jobs]
    return _runs(jobs, backend.fit_stacked(changed).trained)


def _a_row_dropped(backend: Backend, jobs: Sequence[Job]) -> Runs:
    return _runs(jobs, backend.fit_stacked([replace(job, train=job.train[:-1]) for job in jobs]).trained)


def _last_weights_not_best(backend: Backend, jobs: Sequence[Job]) -> Runs:
    fits = []
    for job, trained in zip(jobs, backend.fit_stacked(jobs).trained, strict=True):
        last = backend.steps(job, trained.steps)
        fits.append(replace(trained, predictions=backend.server([(job.architecture, last)])(job.features[job.test])[0]))
    return _runs(jobs, fits)


@pytest.mark.parametrize(
    "bug",
    [
        _patience_longer_by_two,
        _patience_shorter_by_one,
        _half_the_decay,
        _rate_higher_by_a_twentieth,
        _first_loss_weighs_a_fifth_more,
        _a_row_dropped,
        _last_weights_not_best,
    ],
    ids=lambda bug: bug.__name__.strip("_").replace("_", " "),
)
def test_a_planted_bug_is_told_apart(
    backend: Backend, study_of: Callable[[Backend, str], Study], bug: Callable[[Backend, Sequence[Job]], Runs]
) -> None:
    """If this fails, the test above would pass an engine with this bug in it."""
    study = study_of(backend, PLANTED_IN)
    assert _compared(study, bug(backend, study.jobs))[0]
