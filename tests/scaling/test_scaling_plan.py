from __future__ import annotations

import math

import pytest

from jointbench.errors import BadInput
from jointbench.scaling.plan import SweepConfig, check, lines, numbers, reference_outputs


def test_every_cell_of_the_grid_is_planned_once() -> None:
    config = check(SweepConfig())
    planned = lines(config)
    assert len({line for line, _ in planned}) == len(planned)
    grid = {
        (line.scenario, line.width, count)
        for line, counts in planned
        for count in counts
        if (line.depth, line.batch_size) == (2, 32 if line.scenario == "training" else 1)
    }
    assert grid == {(s, w, n) for s in ("training", "request") for w in config.widths for n in (1, 2, 4, 8, 16, 32)}
    assert {line.depth for line, _ in planned} == {1, 2, 3}
    assert {line.batch_size for line, _ in planned if line.scenario == "training"} == {32, 256}
    assert {line.batch_size for line, _ in planned if line.scenario == "request"} == {1, 64, 1024}


def test_what_a_short_budget_reaches_first_spans_the_widths() -> None:
    planned = lines(check(SweepConfig()))
    assert {line.width for line, _ in planned[:6]} == {32, 256, 1024}
    assert {line.scenario for line, _ in planned[:2]} == {"training", "request"}
    assert all(counts[:2] == (1, 8) for _, counts in planned)


def test_the_floor_is_always_measured() -> None:
    config = check(SweepConfig(outputs=(8, 4), widths=(64,), depths=(1,), batches=(16,), request_batches=(1,)))
    assert config.outputs == (1, 4, 8)
    assert [counts for _, counts in lines(config)] == [(1, 8, 4)] * 2


def test_reference_is_never_one_output() -> None:
    assert reference_outputs((1, 2)) == 2
    assert reference_outputs((1, 2, 4, 8, 16, 32)) == 8


@pytest.mark.parametrize("text", ["", "a", "1.5", "0", "-1", "1;2", "8193", "1,,2", "nan", "١e3"])
def test_a_bad_list_is_named(text: str) -> None:
    with pytest.raises(BadInput, match="--widths"):
        numbers("widths", text)


def test_a_list_is_read_in_order_without_doubles() -> None:
    assert numbers("depths", "2, 1,2,3") == (2, 1, 3)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (SweepConfig(backends=("jax",)), "jax"),
        (SweepConfig(outputs=(1,)), "--outputs"),
        (SweepConfig(budget_seconds=1.0), "--budget-seconds"),
        (SweepConfig(budget_seconds=math.nan), "--budget-seconds"),
    ],
)
def test_what_cannot_be_measured_is_refused(config: SweepConfig, names: str) -> None:
    with pytest.raises(BadInput, match=names):
        check(config)
