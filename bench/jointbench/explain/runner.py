"""Puts every question to every dataset and backend. A question that fails yields an answer with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from jointbench.backends.protocols import NoDiagnostics
from jointbench.backends.registry import unavailable_reason
from jointbench.errors import BadInput
from jointbench.explain.answer import Answer, Unanswerable, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.questions import Question
from jointbench.runtime.workers import Workers, failure_reason, unusable_device_reason
from jointbench.study.plan import Experiment

Progress = Callable[[str, str, str], None]
"""Called before a question with the backend, the dataset and the question's words."""


def answer_all(
    experiments: Sequence[Experiment],
    backends: Sequence[str],
    device: str,
    jobs: int,
    questions: Sequence[Question],
    progress: Progress,
    gpus: Sequence[str] = (),
) -> Iterator[Answer]:
    """The answers as they come, one backend after the other. gpus: the GPUs of its workers."""
    for backend in backends:
        remaining = [(experiment, question) for experiment in experiments for question in questions]
        if (reason := unavailable_reason(backend)) is not None:
            for experiment, question in remaining:
                yield failed(question, experiment, backend, reason)
            continue
        with Workers(backend, device, 1, jobs, gpus=gpus) as workers:
            context = Context(workers)
            unusable = None if device == "cpu" else unusable_device_reason(workers)
            for experiment, question in remaining:
                if unusable is not None:
                    yield failed(question, experiment, backend, unusable)
                    continue
                progress(backend, experiment.dataset.slug, question.text)
                try:
                    yield question.ask(experiment, backend, context)
                except (BadInput, NoDiagnostics, Unanswerable) as error:
                    yield failed(question, experiment, backend, str(error))
                except Exception as error:  # noqa: BLE001 - the other questions are still answered
                    yield failed(question, experiment, backend, failure_reason(error))


def failed(question: Question, experiment: Experiment, backend: str, reason: str) -> Answer:
    return failed_answer(
        key=question.key,
        question=question.text,
        dataset=experiment.dataset.slug,
        backend=backend,
        reason=" ".join(reason.split()),
    )
