"""What a worker counted in joules becomes records; what it could not, one sentence for each reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from in_process import InProcess
from jointbench.benchmarks.energy import EnergyCase, EnergyPlan, MeasuredEnergy
from jointbench.measure import rapl
from jointbench.measure.energy import NoCounter
from jointbench.measure.paired_timing import Paired
from jointbench.records import Energy, NotMeasured, Record, Variant
from jointbench.records.store import from_line, to_line
from jointbench.runs.notes import notes
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.runtime.gpus import Gpu
from jointbench.study import energy, estimate
from jointbench.study.energy import energies
from jointbench.study.kept import kept_records
from jointbench.study.plan import Plan, plan_arms
from jointbench.study.profiles import profile_named
from jointbench.types import CellKey

OPTIONS = RunOptions(profile="quick", datasets=("concrete_slump",), backends=("torch",), device="cpu")
ARMS = cast(Any, {"joint": None, "separate": None})
STEP = "stock loop"


def measured(_: object, __: object, rows: np.ndarray, plan: EnergyPlan) -> MeasuredEnergy:
    """Of training, and of requests of the first size; the time for the others is spent."""
    joint, separate = Variant("joint", STEP), Variant("separate", STEP)
    samples = Paired(
        (separate, joint, joint, separate), np.array([[4.0, 2.0], [2.0, 1.0], [3.0, 1.0], [5.0, 2.0]]), 4, np.zeros(1)
    )
    spent = dict.fromkeys(("joint", "separate"), "time is spent")
    return MeasuredEnergy(
        f"a counter of {plan.device} {plan.gpu}".strip(),
        0.1,
        20.0,
        (
            EnergyCase("training", plan.training_batch, samples, {}),
            EnergyCase("request", plan.batch_sizes[0], samples, {"separate": "it is wrong"}),
            *(EnergyCase("request", size, None, spent) for size in plan.batch_sizes[1:]),
        ),
    )


def records(device: str = "cpu", does: Callable[..., Any] = measured, gpus: tuple[str, ...] = ()) -> list[Record]:
    (experiment,) = experiments(OPTIONS, load_datasets(OPTIONS, profile_named("quick")))
    plan = Plan(experiment, *plan_arms(experiment, "torch", device, "stacked"))
    chosen = tuple(Gpu(i, uuid, "A") for i, uuid in enumerate(gpus))
    config = replace(study_config(OPTIONS), gpus=chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(energy, "energy_unavailable_reason", lambda *_: None)
        patch.setattr(energy, "measure_energy", does)
        return list(energies(InProcess(cast(Any, SimpleNamespace())), plan, ARMS, config, 2))


def test_joules_become_records_that_can_be_read_again() -> None:
    training, request, wrong, spent = records("cuda", gpus=("GPU-0a", "GPU-1b"))
    assert isinstance(training, Energy) and isinstance(request, Energy)
    assert (training.scenario, training.batch_size, training.threads) == ("training", 16, 2)
    assert (request.scenario, request.batch_size) == ("request", 1)
    assert training.source == "a counter of cuda GPU-0a", "the first GPU is measured"
    assert training.variants == (Variant("joint", STEP), Variant("separate", STEP)), "in the order of the plan"
    assert training.joules[training.visits_of(Variant("joint", STEP))].tolist() == [2.0, 3.0]
    assert training.seconds[training.visits_of(Variant("separate", STEP))].tolist() == [2.0, 2.0]
    assert isinstance(wrong, NotMeasured) and isinstance(spent, NotMeasured)
    assert wrong.reason == "energy: not measured: requests of 1 (separate), because it is wrong"
    assert spent.reason == (
        "energy: not measured: requests of 64, requests of 8, requests of 512, requests of 4096 (joint, separate), "
        "because time is spent"
    )
    assert to_line(from_line(to_line(training))) == to_line(training)
    assert (CellKey.of(training), 2) in kept_records([training]).timed


def test_a_record_that_does_not_fit_together_is_refused() -> None:
    (record, *_) = records()
    assert isinstance(record, Energy)
    with pytest.raises(ValueError, match="joules must have one number for each visit"):
        from_line(to_line(replace(record, joules=record.joules[:-1])))
    with pytest.raises(ValueError, match="order must name every variant"):
        from_line(to_line(replace(record, order=(0, 0, 0, 0))))


def test_a_counter_that_is_lost_is_a_record() -> None:
    def lost(*_: object) -> None:
        raise NoCounter("NVML: GPU is lost")

    (absence,) = records(does=lost)
    assert isinstance(absence, NotMeasured)
    assert absence.reason == "energy: not measured: NVML: GPU is lost"


def test_where_no_counter_can_be_read_the_notes_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapl, "POWERCAP", tmp_path)
    planned = experiments(OPTIONS, load_datasets(OPTIONS, profile_named("quick")))
    plan = Plan(planned[0], *plan_arms(planned[0], "torch", "cpu", "stacked"))
    config = study_config(OPTIONS)
    assert list(energies(InProcess(cast(Any, SimpleNamespace())), plan, ARMS, config, 2)) == []
    (said,) = [note for note in notes(OPTIONS, ("cpu",)) if note.startswith("Energy")]
    assert said.startswith(f"Energy on cpu: not measured: there is no RAPL in {tmp_path}")
    before = estimate.estimate(planned, config).seconds
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "name").write_text("package-0")
    (package / "energy_uj").write_text("1")
    (package / "max_energy_range_uj").write_text("1000")
    (said,) = [note for note in notes(OPTIONS, ("cpu",)) if note.startswith("Energy")]
    assert said == "Energy on cpu: takes up to 80 s more of a dataset on a framework."
    assert estimate.estimate(planned, config).seconds == pytest.approx(before + 80)
