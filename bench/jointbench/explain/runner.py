"""Puts every question to every dataset and backend. A question that fails is an answer that says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool

from jointbench.backends.registry import unavailable_reason
from jointbench.explain.answer import Answer
from jointbench.explain.context import Context
from jointbench.explain.questions import Question
from jointbench.runtime.workers import Workers, failure_reason, unusable_reason
from jointbench.study.plan import Experiment

Say = Callable[[str, str, str], None]
"""Called before a question with the backend, the dataset and the question's words."""


def answer_all(
    experiments: Sequence[Experiment],
    backends: Sequence[str],
    device: str,
    jobs: int,
    questions: Sequence[Question],
    say: Say,
) -> Iterator[Answer]:
    """The answers as they come, one backend after the other."""
    for backend in backends:
        asked = [(experiment, question) for experiment in experiments for question in questions]
        if (reason := unavailable_reason(backend)) is not None:
            for experiment, question in asked:
                yield failed(question, experiment, backend, reason)
            continue
        while asked:
            # Until all is asked: a worker that dies takes its pool with it, and the next question gets a new one.
            with Workers(backend, device, 1, jobs) as workers:
                context = Context(workers)
                reason = None if device == "cpu" else workers.submit(unusable_reason).result()
                while asked:
                    experiment, question = asked.pop(0)
                    if reason is not None:
                        yield failed(question, experiment, backend, reason)
                        continue
                    say(backend, experiment.dataset.slug, question.text)
                    try:
                        yield question.ask(experiment, backend, context)
                    except BrokenProcessPool as error:
                        yield failed(question, experiment, backend, failure_reason(error))
                        break
                    except Exception as error:  # noqa: BLE001  # one question's failure must not cost the others' answers
                        yield failed(question, experiment, backend, failure_reason(error))


def failed(question: Question, experiment: Experiment, backend: str, reason: str) -> Answer:
    return Answer(
        key=question.key,
        question=question.text,
        dataset=experiment.dataset.slug,
        backend=backend,
        sentence="",
        numbers={},
        failure=" ".join(reason.split()),
    )
