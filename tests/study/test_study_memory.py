"""Which datasets' memory is measured, and what the records of the others say. No process is started here."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import pytest

from jointbench.records import Memory, Peak
from jointbench.runs.options import RunOptions, experiments, load_datasets, profile_named, study_config
from jointbench.study import memory
from jointbench.study.config import ScoredModels
from jointbench.study.kept import KeptRecords
from jointbench.study.plan import Plan, plan_arms

OPTIONS = RunOptions(
    profile="smoke",
    datasets=("concrete_slump", "wine_quality"),
    arms=("joint", "separate"),
    backends=("torch",),
    device="cpu",
)
SIZES = {slug: {"joint": 10, "separate": 20} for slug in OPTIONS.datasets}


def measured(datasets: int | None, sizes: dict[str, dict[str, int]] = SIZES) -> dict[tuple[str, str], Memory]:
    chosen = experiments(OPTIONS, load_datasets(OPTIONS, profile_named(OPTIONS.profile)))
    plans = [Plan(experiment, *plan_arms(experiment, "torch", "cpu", "stacked")) for experiment in chosen]
    config = replace(study_config(OPTIONS), memory_datasets=datasets)
    records = memory.footprints(plans, config, ScoredModels(saved=sizes), KeptRecords(), lambda *_: None)
    return {(record.dataset, record.arm): record for record in records}


def gave(peak: Peak | Exception) -> Future[Peak]:
    """What a process that is over gave."""
    future: Future[Peak] = Future()
    if isinstance(peak, Peak):
        future.set_result(peak)
    else:
        future.set_exception(peak)
    return future


@pytest.fixture
def peaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process gives the same peak at once, without being started."""
    for name in ("_training", "_serving"):
        monkeypatch.setattr(memory, name, lambda *_: gave(Peak(1, 2, None)))


@pytest.mark.usefixtures("peaks")
@pytest.mark.parametrize(
    ("datasets", "chosen"), [(0, set()), (1, {"wine_quality"}), (None, {"wine_quality", "concrete_slump"})]
)
def test_the_largest_datasets_are_measured_and_the_others_say_why_not(datasets: int | None, chosen: set[str]) -> None:
    records = measured(datasets)
    assert len(records) == 4
    for (slug, arm), record in records.items():
        assert record.artifact_bytes == SIZES[slug][arm]
        if slug in chosen:
            assert (record.training, record.serving, record.reason) == (Peak(1, 2, None), Peak(1, 2, None), None)
        else:
            assert (record.training, record.serving) == (None, None)
            assert "this profile measures" in (record.reason or "")


@pytest.mark.usefixtures("peaks")
def test_a_process_that_died_leaves_its_reason_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_training", lambda *_: gave(BrokenProcessPool()))
    for record in measured(None).values():
        assert (record.training, record.serving) == (None, Peak(1, 2, None))
        assert "the worker process died" in (record.reason or "")


@pytest.mark.usefixtures("peaks")
def test_an_arm_that_was_not_saved_says_so() -> None:
    for record in measured(None, {}).values():
        assert (record.artifact_bytes, record.reason) == (None, memory.FAILED)


def test_a_system_without_peaks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "peak_unavailable_reason", lambda: "not on this system")
    assert {record.reason for record in measured(None).values()} == {"not on this system"}
