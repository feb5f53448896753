"""What is timed really is what it is called: trainers that train, servers that answer; anything else is refused."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from jointbench.backends.base import Job
from jointbench.benchmarks.engine import wine_shaped_job
from jointbench.benchmarks.requests import LatencyCase, time_requests
from jointbench.benchmarks.training_steps import Budget, TimedArm, set_up, time_training
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.records import ExecutionMode, Variant
from jointbench.study.budget import TimingBudget
from jointbench.types import Float32Array, Output, Shape

BUDGET = Budget(1.0, 0.05)
ROWS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
OUTPUTS = (Output("a", "regression"), Output("b", "multiclass", ("x", "y", "z")))


class Trainer:
    """Pretends to train: ``moves`` says whether its weights change, ``skips`` how many of its steps it leaves out."""

    warm_up = 1

    def __init__(self, moves: bool, skips: int) -> None:
        self.moves, self.skips, self.steps, self.weight, self.count = moves, skips, 2, 0.0, 0

    def resize(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, clock: Callable[[], float]) -> float:
        started = clock()
        self.count += self.warm_up + self.steps - self.skips
        self.weight += 1.0 * self.moves
        return clock() - started + 1e-5

    def weights(self) -> list[dict[str, Any]]:
        return [{"w": np.array([self.weight])}]

    def steps_counted(self) -> int:
        return self.count

    def close(self) -> None:
        """Nothing to end."""


def right(rows: Float32Array) -> list[Any]:
    """The two networks' answers: (rows, 1) and (rows, 3)."""
    return [rows[:, :1] * 2, rows @ np.eye(3, dtype=np.float32)[::-1]]


class Pretender:
    """A backend whose trainers and servers are what a test makes them."""

    name = "pretender"

    def __init__(self, trainers: Sequence[Trainer] = (), servers: Sequence[Callable[[Any], Any]] = ()) -> None:
        self.trainers, self.servers = list(trainers), list(servers)

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        trainer = self.trainers.pop(0)
        trainer.resize(steps)
        return trainer

    def synchronise(self) -> None:
        """There is no device to wait for."""

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        return "there is none here" if mode == "predict" else None

    def server(self, networks: Sequence[Any], mode: ExecutionMode = "in turn") -> Callable[[Any], Any]:
        return self.servers.pop(0)


def timed_arm() -> TimedArm:
    built = [(a, initial_weights(a, [o.name], 0)) for o in OUTPUTS for a in [architecture(Shape((4,)), (3,), [o])]]
    return TimedArm((wine_shaped_job(0, 1),), (1,), tuple(built), tuple(right(ROWS)))


def trained(*trainers: Trainer) -> tuple[set[str], dict[str, str]]:
    """The arms that were timed, and why others were not."""
    arms = {f"arm {i}": timed_arm() for i in range(len(trainers))}
    training = time_training(Pretender(trainers), arms, ("stock loop",), BUDGET)
    return {variant.arm for variant in training.sample_sets[-1].samples.order}, {
        variant.arm: left_out.reason for variant, left_out in training.untimed.items()
    }


def test_a_trainer_whose_weights_stay_is_refused_and_the_others_are_timed() -> None:
    timed, untimed = trained(Trainer(True, 0), Trainer(False, 0), Trainer(True, 0))
    assert timed == {"arm 0", "arm 2"}
    assert "did not change" in untimed["arm 1"]


def test_a_trainer_that_skips_steps_is_refused() -> None:
    timed, untimed = trained(Trainer(True, 0), Trainer(True, 1))
    assert timed == {"arm 0"}
    assert "steps were asked for and its optimiser counted" in untimed["arm 1"]


def requested(
    *servers: Callable[[Any], Any],
    cases: Sequence[LatencyCase] = (LatencyCase(1, ("in turn",)), LatencyCase(64, ("in turn",))),
) -> list[tuple[set[Variant], dict[Variant, str]]]:
    """Per case, the variants that were timed and why others were not."""
    count = len(servers) if cases[0].paths == ("in turn",) else 1
    arms = {f"arm {i}": timed_arm() for i in range(count)}
    timed_cases = time_requests(Pretender(servers=servers), arms, ROWS, cases, BUDGET)
    return [
        (
            set(case.sample_sets[-1].samples.order) if case.sample_sets else set(),
            {variant: left_out.reason for variant, left_out in case.untimed.items()},
        )
        for case in timed_cases
    ]


def test_right_servers_are_timed_at_every_batch_size_even_beyond_the_rows() -> None:
    for timed, untimed in requested(right, right):
        assert timed == {Variant("arm 0", "in turn"), Variant("arm 1", "in turn")}
        assert not untimed


def test_all_servers_of_a_case_are_asked_from_the_same_place_in_memory() -> None:
    """Each from a copy of its own, and where the copies lie would be in the ratio."""
    seen: list[Any] = []

    def noted(rows: Float32Array) -> list[Any]:
        seen.append(rows)
        return right(rows)

    requested(noted, noted, cases=(LatencyCase(8, ("in turn",)),))
    pools = {rows.base.__array_interface__["data"][0] for rows in seen if len(rows) == 8}
    assert len(pools) == 1


def stored() -> Callable[[Any], Any]:
    """A server that answers everything with its first answer, cut or repeated to the right shape."""
    stored_answers: list[Any] = []

    def answer(rows: Float32Array) -> list[Any]:
        if not stored_answers:
            stored_answers.extend(right(rows))
        return [np.resize(part, (len(rows), part.shape[1])) for part in stored_answers]

    return answer


def lazy(calls: int) -> Callable[[Any], Any]:
    """A server that is right for so many calls, and then answers with zeros without looking."""
    asked = iter(range(10**9))
    return lambda rows: right(rows) if next(asked) < calls else [np.zeros_like(part) for part in right(rows)]


def other_weights(rows: Float32Array) -> list[Any]:
    return [part * 1.01 for part in right(rows)]


def swapped(rows: Float32Array) -> list[Any]:
    return right(rows)[::-1]


@pytest.mark.parametrize(
    "bad", [stored(), other_weights, swapped], ids=["stored answer", "other weights", "other order"]
)
def test_a_server_that_does_not_give_the_scored_answers_is_refused(bad: Callable[[Any], Any]) -> None:
    for timed, untimed in requested(right, bad):
        assert timed == {Variant("arm 0", "in turn")}
        assert "not those of the networks that were scored" in untimed[Variant("arm 1", "in turn")]


def test_a_server_that_stops_answering_once_it_is_timed_is_refused() -> None:
    for timed, untimed in requested(right, lazy(2)):
        assert timed == {Variant("arm 0", "in turn")}
        assert "last request is wrong" in untimed[Variant("arm 1", "in turn")]


def test_no_two_requests_in_a_row_are_the_same() -> None:
    """The same rows again would time whatever remembers them."""
    seen: list[bytes] = []

    def watching(rows: Float32Array) -> list[Any]:
        seen.append(rows.tobytes())
        return right(rows)

    requested(watching)
    assert all(request != following for request, following in itertools.pairwise(seen[2:]))


def test_a_request_for_one_output_knows_which_answer_is_right() -> None:
    (timed,) = requested(lambda rows: right(rows)[:1], cases=(LatencyCase(2, ("one of N",)),))
    assert timed == ({Variant("arm 0", "one of N")}, {})
    (refused,) = requested(lambda rows: right(rows)[1:], cases=(LatencyCase(2, ("one of N",)),))
    assert not refused[0]
    assert refused[1]


def test_a_path_the_framework_lacks_is_said_and_not_built() -> None:
    (timed,) = requested(right, cases=(LatencyCase(1, ("in turn", "predict"), first_arm_only=True),))
    assert timed == ({Variant("arm 0", "in turn")}, {Variant("arm 0", "predict"): "there is none here"})


def test_a_case_that_would_take_far_more_than_its_share_is_not_begun() -> None:
    """Ten milliseconds at 512 rows predict most of a second at 40,960, seven times over; 600 rows are cheap enough."""

    def slow(rows: Float32Array) -> list[Any]:
        time.sleep(len(rows) * 2e-5)
        return right(rows)

    timed_cases = requested(slow, cases=[LatencyCase(size, ("in turn",)) for size in (512, 40_960, 600)])
    assert [bool(timed) for timed, _ in timed_cases] == [True, False, True]
    assert "two blocks of requests of 40960 rows take about" in timed_cases[1][1][Variant("arm 0", "in turn")]


def test_set_up_stops_where_its_time_would_be_overrun_but_never_before_two(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from jointbench.benchmarks import training_steps

    now = [0.0]
    monkeypatch.setattr(training_steps, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def make(variant: Variant) -> str:
        now[0] += {"small": 1.0, "large": 4.0}[variant.arm.split()[0]]
        return variant.arm

    variants = [
        (Variant(arm, "in turn"), count)
        for arm, count in (("small 1", 1), ("large 4", 4), ("large 4b", 4), ("small 1b", 1))
    ]
    prepared = set_up(variants, make, 7.0)
    assert list(prepared.ready.values()) == ["small 1", "large 4", "small 1b"]
    assert [(variant.arm, left_out.budget_spent) for variant, left_out in prepared.untimed.items()] == [
        ("large 4b", True)
    ]
    assert len(set_up(variants, make, 0.0).ready) == 2


def test_the_timing_budget_gives_even_shares_and_what_one_saves_the_next_may_spend() -> None:
    timing_budget = TimingBudget(90.0, 30)
    assert timing_budget.next_share().total == pytest.approx(3.0)
    for _ in range(15):
        timing_budget.spend(1.0, 1)
    assert timing_budget.next_share().total == pytest.approx(5.0)
    assert timing_budget.next_share().samples <= 3.0 * 0.25 + 1e-9
    timing_budget.spend(1000.0, 1)
    assert timing_budget.next_share().total == pytest.approx(1.5)  # the last are not starved by the first
    assert TimingBudget(90.0, 1).next_share().total <= 15.0
