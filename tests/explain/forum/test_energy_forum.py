"""The forum's run: its network, its identity, and sentences that turn around when the numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jointbench.backends.base import TrainingHistory
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.errors import BadInput
from jointbench.explain.forum.answer import forum_answer, identity_sentence
from jointbench.explain.forum.errors import ForumErrors
from jointbench.explain.forum.network import (
    AS_POSTED,
    JOINT,
    OUTPUTS,
    SETTINGS,
    VARIANTS,
    EnergyTable,
    ForumRun,
    Variant,
    energy_table,
    forum_architecture,
    forum_job,
)
from jointbench.explain.forum.runs import (
    REPORTED,
    SPLITS,
    Effort,
    ForumResult,
    Identity,
    Reach,
    Runs,
    identity,
    measure,
    reach,
)
from jointbench.runtime.workers import Workers


@pytest.fixture(scope="module")
def table() -> EnergyTable:
    """768 rows in the shape of the real ones, which no test may need the network for."""
    features = np.random.default_rng(1).uniform(1, 9, (768, 8))
    return EnergyTable(features, features[:, :2] * 4 + 10)


def planted(
    final: dict[str, tuple[float, float]],
    sd: float,
    reaches: tuple[int | None, ...] = (None, None, 400, 300),
    failures: int = 0,
) -> ForumResult:
    """A result whose settings end at these RMSEs, give or take ``sd``, over 20 seeds."""
    rng = np.random.default_rng(0)
    runs = {}
    for split in SPLITS:
        for setting in SETTINGS:
            rmse = np.array(final[setting.name]) + sd * rng.normal(size=(20, 3, 2))
            rmse[:failures] = np.nan
            runs[setting.name, split] = Runs(
                rmse, ("the loss is not finite in epoch 2",) * failures + (None,) * (20 - failures)
            )
    ways = tuple(Reach(v.name, epochs, 2000, 0.1, (1.0, 1.0)) for v, epochs in zip(VARIANTS, reaches, strict=True))
    identities = (Identity("[2, 1]", 500, 6e-8, 1e-7, 1.0),)
    return ForumResult(Effort(), runs, (10.0, 9.5), ways, identities)


APART = {
    "[2, 1]": (1.5, 2.6),
    "[1, 2]": (2.5, 3.6),
    "[1, 4]": (3.5, 4.6),
    "[4, 1]": (4.5, 5.6),
    "separate networks": (5.5, 6.6),
}
ALIKE = dict.fromkeys(APART, (1.5, 2.6))
AS_GOOD = dict.fromkeys(APART, (0.3, 0.4))


def test_the_network_is_the_posted_one() -> None:
    """8-128-128, Y1 straight from it, Y2 through 64: parameters counted by hand."""
    shared = 8 * 128 + 128 + 128 * 128 + 128
    y1, y2 = 128 + 1, 128 * 64 + 64 + 64 + 1
    assert forum_architecture(JOINT[0]).parameters == shared + y1 + y2
    assert forum_architecture(("Y1",)).parameters == shared + y1
    assert forum_architecture(("Y2",)).parameters == shared + y2


def test_a_job_is_the_posted_run(table: EnergyTable) -> None:
    """614 / 154 rows, batches of 10 and so 62 steps, features standardised, targets and weights as they are."""
    posted = forum_job(table, OUTPUTS, ForumRun(SETTINGS[0], AS_POSTED, 500, seed=3))
    job = posted.job
    assert (len(job.train), len(job.test), -(-len(job.train) // job.recipe.batch_size)) == (614, 154, 62)
    assert not set(job.train) & set(job.test)
    np.testing.assert_allclose(job.features[job.train].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(job.features[job.train].std(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(job.targets, table.targets.astype(np.float32))
    assert (job.loss_weights, job.recipe.optimizer, job.recipe.learning_rate, job.recipe.patience) == (
        (2.0, 1.0),
        "sgd",
        1e-3,
        500,
    )
    assert list(posted.scale) == [1, 1]
    alone = forum_job(table, ("Y2",), ForumRun(SETTINGS[2], AS_POSTED, 500, seed=3)).job
    assert alone.loss_weights == (4.0,)


def test_scaled_targets_come_back_in_their_unit(table: EnergyTable) -> None:
    scaled = forum_job(table, OUTPUTS, ForumRun(SETTINGS[0], Variant("adam", scaled=True), 5))
    np.testing.assert_allclose(scaled.job.targets[scaled.job.train].std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(scaled.scale, table.targets[scaled.job.train].std(axis=0))


def test_the_forums_printouts_hold_the_identity() -> None:
    """0.0604 = 2 x 0.0202 + 0.0200 and 0.3129 = 0.0733 + 4 x 0.0599, to the printed digits; not the plain sum."""
    for setting, total, losses in ((SETTINGS[0], 0.0604, (0.0202, 0.0200)), (SETTINGS[2], 0.3129, (0.0733, 0.0599))):
        weighted = np.array([total]), np.array([losses])
        assert identity(setting, TrainingHistory(*weighted, *weighted, {})).printed == 1
        plain = np.array([sum(losses)]), np.array([losses])
        assert identity(setting, TrainingHistory(*plain, *plain, {})).printed == 0


def test_the_identity_is_claimed_only_where_it_holds() -> None:
    intact = Identity("[2, 1]", 500, 6e-8, 1e-7, 1.0)
    holds = identity_sentence((intact,))
    assert "is the weighted sum" in holds
    assert "500 epochs" in holds
    assert "6e-08" in holds
    assert "off by up to 2.6%" in identity_sentence((replace(intact, training=0.026),))
    broken = identity_sentence((intact, replace(intact, validation=0.3)))
    assert "is NOT the weighted sum" in broken
    assert "3.0e-01" in broken


def test_reach_is_the_first_epoch_of_the_median_run() -> None:
    rmse = np.full((5, 4, 2), 2.0)
    rmse[:2, 1:] = 0.1  # two of five are there after two epochs, three after four
    rmse[2, 3] = 0.1
    runs = Runs(rmse, (None,) * 5)
    reached = reach("x", runs, (0.435, 0.607))
    assert (reached.epochs, reached.at, reached.share) == (4, 4, 0.6)
    rmse[0] = np.nan  # one of them broke off
    assert reach("x", runs, (0.435, 0.607)).epochs is None


def test_the_errors_beside_the_reported_ones() -> None:
    worse = forum_answer("torch", planted(APART, 0.01))
    assert worse.numbers["runs_as_good_as_reported"] == 0
    assert "0 of 20 are as good as the 0.435 / 0.607" in worse.sentence
    assert "not what this run usually gives" in worse.sentence
    assert "1.50 ± 0.01 on Y1" in worse.sentence
    as_good = forum_answer("torch", planted(AS_GOOD, 0.001))
    assert as_good.numbers["runs_as_good_as_reported"] == 20
    assert "20 of 20 are as good" in as_good.sentence
    assert "is what this run usually gives" in as_good.sentence


def test_one_run_ranks_settings_that_are_far_apart_only() -> None:
    apart = forum_answer("torch", planted(APART, 0.01))
    assert apart.numbers["Y1_ranking_of_one_run_is_true"] == 1
    assert "100% of draws on Y1" in apart.sentence
    assert "tells which is best" in apart.sentence
    assert "does not tell which is best" in forum_answer("torch", planted(ALIKE, 0.3)).sentence


@pytest.mark.parametrize(
    ("reaches", "claims"),
    [
        ((None, None, 400, 300), ("soonest with Adam, targets standardised, after 300", "not within 2,000")),
        ((None, None, None, None), ("No way of training",)),
        ((250, 900, None, None), ("after 250", "which is how it was posted")),
        ((250, 90, None, None), ("soonest with SGD, targets standardised, after 90", "as posted, after 250")),
    ],
)
def test_the_fastest_way_to_the_reported_errors(reaches: tuple[int | None, ...], claims: tuple[str, ...]) -> None:
    sentence = forum_answer("torch", planted(APART, 0.01, reaches)).sentence
    assert all(claim in sentence for claim in claims), sentence


def test_broken_runs_are_counted_not_averaged() -> None:
    answer = forum_answer("torch", planted(APART, 0.01, failures=7))
    assert isinstance(answer.data, ForumErrors)
    assert answer.data.settings[0].failed == 7
    assert answer.data.settings[0].errors.mean == pytest.approx(1.5, abs=0.02)
    assert answer.numbers["failed_runs"] == 7 * len(SETTINGS) * len(SPLITS)
    failures = [failure for runs in answer.data.runs for failure in runs.failures if failure is not None]
    assert len(failures) == 7 * len(SETTINGS) * len(SPLITS)
    assert "fewer than two of 20 runs finish" in forum_answer("torch", planted(APART, 0.01, failures=20)).sentence


def test_without_the_data_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JOINTBENCH_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="jointbench datasets fetch energy_efficiency"):
        energy_table()


@pytest.mark.parametrize(
    "backend",  # TensorFlow traces and compiles five settings' networks for half a minute, to train for a second
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "tensorflow" else [])
        for name in BACKENDS
        if unavailable_reason(name) is None
    ],
)
def test_a_small_study_is_whole(backend: str, table: EnergyTable) -> None:
    """Two seeds, two epochs: every setting on both splits, and the identity holds in what the loop printed."""
    with Workers(backend, "cpu", 1, 1) as workers:
        result = measure(workers, table, Effort(2, 2, 3))
    assert set(result.runs) == {(setting.name, split) for setting in SETTINGS for split in SPLITS}
    assert all(runs.rmse.shape == (2, 2, 2) and np.isfinite(runs.rmse).all() for runs in result.runs.values())
    assert [printed.epochs for printed in result.identities] == [2] * 4
    assert max(printed.validation for printed in result.identities) < 1e-6
    assert all(way.at == 3 for way in result.reach)
    answer = forum_answer(backend, result)
    assert isinstance(answer.data, ForumErrors)
    assert sum(len(runs.rmse) for runs in answer.data.runs) == 2 * 5 * 2
    assert REPORTED["[2, 1]"][0] == answer.numbers["Y1_rmse_reported"]
