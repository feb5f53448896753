"""A backend that trains and serves but has no diagnostics: the questions that need them say so, the others answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from in_process import InProcess
from jointbench.backends import registry
from jointbench.backends.base import Job, Server, Stacked, Trained, Trainer
from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.data.catalog import load_bundled
from jointbench.explain import runner
from jointbench.explain.questions import QUESTIONS
from jointbench.networks.architecture import Architecture
from jointbench.records import SEQUENTIAL, ExecutionMode
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import Weights

NEED_NONE = {"one-set-of-parameters", "loss-weights", "label-efficiency", "churn"}


class Untrained:
    """Returns every network as it was initialised, with noise for predictions."""

    name = "fake"
    diagnostics: Diagnostics | None = None

    def fit(self, job: Job) -> Trained:
        losses = np.ones((1, len(job.loss_weights)))
        return Trained(
            epochs=1,
            best_epoch=0,
            steps=1,
            rows_seen=len(job.train),
            epoch_seconds=np.ones(1),
            stopped_by="limit",
            train_loss=losses,
            validation_loss=losses,
            predictions=np.random.default_rng(job.seed)
            .normal(size=(len(job.test), sum(job.architecture.units)))
            .astype(np.float32),
            checkpoints=({name: np.array(weights) for name, weights in job.initial.items()},),
        )

    def fit_stacked(self, jobs: Sequence[Job]) -> Stacked:
        return Stacked(tuple(self.fit(job) for job in jobs), len(jobs), 0)

    def steps(self, job: Job, count: int) -> dict[str, np.ndarray]:
        return self.fit(job).weights

    def synchronise(self) -> None:
        """There is no device to wait for."""

    def unusable_reason(self) -> str | None:
        return None

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        return None

    def server(self, networks: Sequence[tuple[Architecture, Weights]], mode: ExecutionMode = SEQUENTIAL) -> Server:
        raise NotImplementedError

    def trainer(self, jobs: Sequence[Job], steps: int, mode: ExecutionMode = "stock loop") -> Trainer:
        raise NotImplementedError

    def device_peak_bytes(self) -> int | None:
        return None

    def saved_bytes(self, network: Architecture, weights: Weights) -> int:
        return network.parameters

    def counted_flops(self, network: Architecture, batch_size: int) -> Mapping[str, int]:
        return {"train": 0, "inference": 0}


def test_a_question_that_needs_diagnostics_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    backend: Backend = Untrained()
    monkeypatch.setitem(registry.BACKENDS, "fake", registry.Entry("fake", "numpy"))
    monkeypatch.setattr(runner, "Workers", lambda *_, **__: InProcess(backend))
    experiment = make_experiment(
        load_bundled("concrete_slump"), ("joint", "separate"), CrossValidation(folds=2, repeats=1, seeds=2, seed=0)
    )
    answers = list(runner.answer_all([experiment], ["fake"], "cpu", 1, QUESTIONS, lambda *_: None))
    failures = {answer.key: answer.failure for answer in answers}
    assert len(failures) == len(QUESTIONS)
    assert failures.pop("saving") == "NotImplementedError"  # it times trainers and servers, which this backend lacks
    untrainable = failures.pop("weighting-methods")
    assert untrainable is not None
    assert untrainable.startswith(
        "no method could be compared with fixed weights: uncertainty weighting: fake does not train uw"
    )
    assert {key for key, failure in failures.items() if failure is None} == NEED_NONE
    assert {failures[key] for key in failures.keys() - NEED_NONE} == {"not measured: fake has no diagnostics"}
