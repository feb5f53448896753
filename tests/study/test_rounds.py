"""Training in rounds: what is decided stops, what is open doubles, and a round's records never depend on later ones."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from commands import ended
from in_process import InProcess
from jointbench.check.first_round import first_round
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.outlook import Outlook
from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Stack
from jointbench.records.store import read_records
from jointbench.runs.about import RunDescription
from jointbench.runs.folder import execute, republish
from jointbench.study.config import StudyConfig
from jointbench.study.kept import KeptRecords
from jointbench.study.plan import CrossValidation, Experiment, Plan, make_experiment, plan_arms
from jointbench.study.rounds import CellRounds, ToldFolds, grown
from jointbench.study.run import run
from jointbench.types import Dataset, Engine, HeldOut
from trained_records import TORCH_STUDY, table, torch_backend

OPEN = VerdictCriteria(rope=1e-9, probability=0.9999)
DECIDED = VerdictCriteria(rope=0.99, probability=0.6)
FOLDS = 3


def data(slug: str, *, forward: bool = False) -> Dataset:
    rng = np.random.default_rng(len(slug))
    x = rng.normal(size=(72, 3))
    targets = {f"{slug} {name}": x[:, i] + rng.normal(size=72) for i, name in enumerate("yz")}
    return replace(table(x, targets, time=np.arange(72.0) if forward else None), slug=slug)


def experiment(slug: str = "one", *, forward: bool = False, held_out: bool = False) -> Experiment:
    sizes = CrossValidation(folds=FOLDS, repeats=1, seeds=1, seed=0, max_epochs=2)
    table = data(slug, forward=forward)
    if held_out:
        table = replace(table, held_out=HeldOut(rows=np.arange(table.rows) >= 60, name="test.csv", sha256="0"))
    return make_experiment(table, ["joint", "separate"], sizes)


def config(
    rounds: int, criteria: VerdictCriteria, seconds: float = math.inf, engine: Engine = "stacked"
) -> StudyConfig:
    return replace(TORCH_STUDY, rounds=rounds, criteria=criteria, training_seconds=seconds, engine=engine)


def silent(*_: object) -> None:
    """Progress nobody watches."""


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointbench.study.early_workers.Workers", lambda *_, **__: InProcess(torch_backend()))


@pytest.fixture
def hopeful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is open may yet be decided by training."""
    monkeypatch.setattr("jointbench.study.rounds.outlook", lambda *_, **__: Outlook(None, undecidable=False, rows=None))


def repeats(records: Sequence[Record], slug: str) -> list[int]:
    return sorted({r.network.repeat for r in records if isinstance(r, Fit) and r.network.dataset == slug})


def told(records: Sequence[Record]) -> list[str]:
    """What the records say, without their seconds, in the order of their contents: fits end in any order."""
    return sorted(repr(content) for content in _contents(records))


def _contents(records: Sequence[Record]) -> Iterator[object]:
    for record in records:
        if isinstance(record, Fit):
            yield record.network.id, record.predictions.tobytes(), record.scores, record.train_flops
        elif isinstance(record, Stack):
            yield record.network_ids
        elif isinstance(record, FoldRecord):
            yield record.repeat, record.fold, record.digest, record.test.tobytes(), record.no_skill_error
        else:
            yield record


def test_a_decided_cell_trains_no_further_round_and_an_open_one_doubles_its_repeats(hopeful: None) -> None:
    both = [experiment("wide"), experiment("narrow")]
    ropes = tuple((output.name, 0.99) for output in both[0].dataset.outputs)
    criteria = replace(OPEN, ropes=ropes)
    records = list(run(both, config(3, criteria), silent))
    assert repeats(records, "wide") == [0]
    assert repeats(records, "narrow") == [0, 1, 2, 3]
    fits = Counter(r.network.dataset for r in records if isinstance(r, Fit))
    assert fits == {"wide": 3 * FOLDS, "narrow": 4 * 3 * FOLDS}
    arms = [r for r in records if isinstance(r, PlannedArm) and r.dataset == "narrow" and r.arm.name == "joint"]
    assert [len(arm.network_ids) for arm in arms] == [FOLDS, 2 * FOLDS, 4 * FOLDS]
    assert all(less.network_ids == more.network_ids[: len(less.network_ids)] for less, more in pairwise(arms))


def test_what_no_training_can_decide_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def hopeless(outputs: Sequence[str], *_: object, **__: object) -> Outlook:
        seen.append(len(outputs))
        return Outlook(None, undecidable=len(seen) > 1, rows=None)

    monkeypatch.setattr("jointbench.study.rounds.outlook", hopeless)
    assert repeats(list(run([experiment()], config(5, OPEN), silent)), "one") == [0, 1]


def test_the_records_of_fewer_rounds_are_the_first_ones_of_more(hopeful: None) -> None:
    runs = [list(run([experiment()], config(rounds, OPEN), silent)) for rounds in (1, 2, 3)]
    assert len(runs[0]) < len(runs[1]) < len(runs[2])
    for fewer, more in pairwise(runs):
        assert told(more[: len(fewer)]) == told(fewer)


def test_a_budget_of_nothing_gives_the_first_round(hopeful: None) -> None:
    nothing = list(run([experiment()], config(7, OPEN, seconds=0.0), silent))
    assert told(nothing) == told(list(run([experiment()], config(1, OPEN), silent)))


def test_the_stock_loops_seconds_count_too(hopeful: None) -> None:
    records = list(run([experiment()], config(7, OPEN, seconds=1e-3, engine="stock"), silent))
    assert repeats(records, "one") == [0]
    fits = [r for r in records if isinstance(r, Fit)]
    plan = Plan(experiment(), *plan_arms(experiment(), "torch", "cpu", "stock"))
    cell = CellRounds(plan, plan, ())
    for fit in fits:
        cell.note(fit)
    assert cell.seconds == pytest.approx(sum(fit.epoch_seconds.sum() for fit in fits))
    assert cell.next_seconds(jobs=2) == pytest.approx(cell.seconds / 2)


def test_splits_forward_in_time_stay_and_get_more_seeds(hopeful: None) -> None:
    records = list(run([experiment(forward=True)], config(3, OPEN), silent))
    folds = [(r.repeat, r.fold) for r in records if isinstance(r, FoldRecord)]
    assert folds == [(0, fold) for fold in range(FOLDS)]
    seeds = Counter((r.network.fold, r.network.group) for r in records if isinstance(r, Fit))
    assert set(seeds.values()) == {4}
    assert len(seeds) == FOLDS * 3


@pytest.mark.parametrize("design", [{}, {"forward": True}, {"held_out": True}])
def test_a_grown_experiment_keeps_every_run_that_there_is(design: dict[str, bool]) -> None:
    one = experiment(**design)
    two = grown(one)
    runs = [[(split.digest, number) for split, number in e.runs] for e in (one, two)]
    assert len(runs[1]) == 2 * len(runs[0])
    assert runs[1][: len(runs[0])] == runs[0]
    assert len(set(runs[1])) == len(runs[1])


def test_backends_share_their_folds() -> None:
    shared = ToldFolds(KeptRecords())
    records = [r for r in run([experiment()], config(1, DECIDED), silent) if isinstance(r, FoldRecord)]
    assert list(shared.new(records[:2])) == records[:2]
    assert list(shared.new(records)) == records[2:]
    assert list(shared.new(records)) == []


@pytest.fixture
def into(tmp_path: Path) -> Callable[[int], Path]:
    """The folder of a run of so many rounds."""

    def ran(rounds: int) -> Path:
        folder = tmp_path / f"rounds {rounds}"
        folder.mkdir()
        description = RunDescription(profile="smoke", command="test", criteria=OPEN)
        execute([experiment()], config(rounds, OPEN), folder, description, silent)
        return folder

    return ran


def test_the_folder_of_several_rounds_is_read_again_and_decided_on_all_of_them(
    hopeful: None, into: Callable[[int], Path]
) -> None:
    folder = into(3)
    before = (folder / "summary.json").read_bytes()
    assert repeats(list(read_records(folder)), "one") == [0, 1, 2, 3]
    summary = republish(folder)
    assert (folder / "summary.json").read_bytes() == before
    assert summary.cut_off == ()
    (cell,) = summary.cells
    assert {difference.pairs for difference in cell.differences} == {4 * FOLDS}
    assert {difference.pairs_lost for difference in cell.differences} == {0}
    assert {quality.planned_folds for quality in cell.quality} == {4 * FOLDS}
    page = (folder / "report.html").read_text()
    assert "3 folds, 4 repeats, 1 seed in each fold" in page


def test_the_gate_holds_the_first_round_to_a_baseline_of_one_round(
    hopeful: None, into: Callable[[int], Path], tmp_path: Path
) -> None:
    one, three, baseline = into(1), into(3), tmp_path / "baseline.json"
    assert ended("check", one, "--write-baseline", baseline)[0] == 0
    code, out, err = ended("check", three, "--baseline", baseline)
    assert (code, err) == (0, ""), out
    assert ended("check", three, "--write-baseline", tmp_path / "other.json")[0] == 0
    first, other = (json.loads(path.read_text()) for path in (baseline, tmp_path / "other.json"))
    for written in (first, other):
        del written["origin"]["when"]
    assert other == first


def test_the_first_round_is_what_a_run_of_one_round_leaves(hopeful: None) -> None:
    three, one = (list(run([experiment()], config(rounds, OPEN), silent)) for rounds in (3, 1))
    assert told(first_round(three)) == told(one)
    assert told(first_round(one)) == told(one)
