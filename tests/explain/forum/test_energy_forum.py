"""The forum's run: its network, its identity, and sentences that say the opposite when the numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jointbench.backends.base import TrainingHistory
from jointbench.backends.registry import BACKENDS, unavailable_reason
from jointbench.errors import BadInput
from jointbench.explain.forum.answer import forum_answer, identity_sentence
from jointbench.explain.forum.network import (
    AS_POSTED,
    BOTH,
    OUTPUTS,
    SETTINGS,
    VARIANTS,
    EnergyTable,
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
    measured,
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
    one, two = 128 + 1, 128 * 64 + 64 + 64 + 1
    assert forum_architecture(BOTH[0]).parameters == shared + one + two
    assert forum_architecture(("Y1",)).parameters == shared + one
    assert forum_architecture(("Y2",)).parameters == shared + two


def test_a_job_is_the_posted_run(table: EnergyTable) -> None:
    """614 / 154 rows, batches of 10 and so 62 steps, features standardised, targets and weights as they are."""
    made = forum_job(table, OUTPUTS, SETTINGS[0], AS_POSTED, 3, 0, 500)
    job = made.job
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
    assert list(made.scale) == [1, 1]
    alone = forum_job(table, ("Y2",), SETTINGS[2], AS_POSTED, 3, 0, 500).job
    assert alone.loss_weights == (4.0,)


def test_scaled_targets_come_back_in_their_unit(table: EnergyTable) -> None:
    made = forum_job(table, OUTPUTS, SETTINGS[0], Variant("adam", scaled=True), 0, 0, 5)
    np.testing.assert_allclose(made.job.targets[made.job.train].std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(made.scale, table.targets[made.job.train].std(axis=0))


def test_the_forums_printouts_hold_the_identity() -> None:
    """0.0604 = 2 x 0.0202 + 0.0200 and 0.3129 = 0.0733 + 4 x 0.0599, to the printed digits; not the plain sum."""
    for setting, total, losses in ((SETTINGS[0], 0.0604, (0.0202, 0.0200)), (SETTINGS[2], 0.3129, (0.0733, 0.0599))):
        one = np.array([total]), np.array([losses])
        assert identity(setting, TrainingHistory(*one, *one, {})).printed == 1
        plain = np.array([sum(losses)]), np.array([losses])
        assert identity(setting, TrainingHistory(*plain, *plain, {})).printed == 0


def test_a_broken_identity_is_said_to_be_broken() -> None:
    kept = Identity("[2, 1]", 500, 6e-8, 1e-7, 1.0)
    assert "is the weighted sum of the printed losses in all 500 epochs: to 6e-08" in identity_sentence((kept,))
    assert "off by up to 2.6%" in identity_sentence((kept, replace(kept, training=0.026)))
    assert "is NOT the weighted sum" in identity_sentence((kept, replace(kept, validation=0.3)))


def test_reach_is_the_first_epoch_of_the_median_run() -> None:
    rmse = np.full((5, 4, 2), 2.0)
    rmse[:2, 1:] = 0.1  # two of five are there after two epochs, three after four
    rmse[2, 3] = 0.1
    runs = Runs(rmse, (None,) * 5)
    found = reach("x", runs, (0.435, 0.607))
    assert (found.epochs, found.at, found.share) == (4, 4, 0.6)
    rmse[0] = np.nan  # one of them broke off
    assert reach("x", runs, (0.435, 0.607)).epochs is None


def test_sentences_follow_the_numbers() -> None:
    clear = forum_answer("torch", planted(APART, 0.01))
    assert (
        "0 of 20 are as good as the 0.435 / 0.607 that was reported, which is not what this run usually gives"
        in clear.sentence
    )
    assert "1.50 ± 0.01 on Y1" in clear.sentence
    assert "100% of draws on Y1" in clear.sentence
    assert "one run of each tells which is best" in clear.sentence
    assert "soonest with Adam, targets standardised, after 300 epochs; as posted, not within 2,000" in clear.sentence
    blurred = forum_answer("torch", planted(ALIKE, 0.3, (None,) * 4))
    assert "one run of each does not tell which is best" in blurred.sentence
    assert "No way of training tried reaches" in blurred.sentence
    reached = forum_answer("torch", planted(AS_GOOD, 0.001, (250, 900, None, None)))
    assert "20 of 20 are as good" in reached.sentence
    assert "is what this run usually gives" in reached.sentence
    assert "which is how it was posted" in reached.sentence


def test_broken_runs_are_counted_not_averaged() -> None:
    answer = forum_answer("torch", planted(APART, 0.01, failures=7))
    settings = answer.tables[0]
    row = dict(zip(settings.columns, settings.rows[0], strict=True))
    assert row["Failed runs"] == 7
    assert row["Mean RMSE"] == pytest.approx(1.5, abs=0.02)
    assert answer.numbers["failed_runs"] == 7 * len(SETTINGS) * len(SPLITS)
    assert sum(failure is not None for *_, failure in answer.tables[-1].rows) == 7 * len(SETTINGS) * len(SPLITS)
    assert "fewer than two of 20 runs finish" in forum_answer("torch", planted(APART, 0.01, failures=20)).sentence


def test_without_the_data_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JOINTBENCH_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="jointbench datasets fetch energy_efficiency"):
        energy_table()


@pytest.mark.parametrize(
    "backend",  # tracing and compiling five settings' networks takes half a minute, two epochs of training them a second
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "tensorflow" else [])
        for name in BACKENDS
        if unavailable_reason(name) is None
    ],
)
def test_a_small_study_is_whole(backend: str, table: EnergyTable) -> None:
    """Two seeds, two epochs: every setting on both splits, and the identity holds in what the loop printed."""
    with Workers(backend, "cpu", 1, 1) as workers:
        result = measured(workers, table, Effort(2, 2, 3))
    assert set(result.runs) == {(setting.name, split) for setting in SETTINGS for split in SPLITS}
    assert all(runs.rmse.shape == (2, 2, 2) and np.isfinite(runs.rmse).all() for runs in result.runs.values())
    assert [one.epochs for one in result.identities] == [2] * 4
    assert max(one.validation for one in result.identities) < 1e-6
    assert all(way.at == 3 for way in result.reach)
    answer = forum_answer(backend, result)
    assert len(answer.tables[-1].rows) == 2 * 5 * 2
    assert REPORTED["[2, 1]"][0] == answer.numbers["Y1_rmse_reported"]
