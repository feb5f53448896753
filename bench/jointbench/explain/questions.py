"""The questions, in the order in which they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jointbench.errors import BadInput
from jointbench.explain import (
    equivalent_code,
    gradient_conflict,
    gradient_identity,
    loss_weights,
    parameter_sharing,
    probes,
    regression_losses,
    representations,
    sharing_savings,
    transfer,
    weighting_methods,
)
from jointbench.explain.answer import Answer
from jointbench.explain.context import Context
from jointbench.explain.forum import answer as forum_answer
from jointbench.explain.forum import runs as forum_runs
from jointbench.explain.forum.network import energy_table
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment


@dataclass(frozen=True)
class Question:
    """A question's short name, its words, and how it is answered on a dataset by a backend (by name)."""

    key: str
    text: str
    ask: Callable[[Experiment, str, Context], Answer]


def _on_workers(answer: Callable[[Experiment, str, Workers], Answer]) -> Callable[[Experiment, str, Context], Answer]:
    """A question that trains networks of its own, which no other question could use."""

    def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
        return answer(experiment, backend, context.workers)

    return ask


QUESTIONS = (
    Question(gradient_identity.KEY, gradient_identity.QUESTION, gradient_identity.ask),
    Question(parameter_sharing.KEY, parameter_sharing.QUESTION, parameter_sharing.ask),
    Question(gradient_conflict.KEY, gradient_conflict.QUESTION, gradient_conflict.ask),
    Question(loss_weights.KEY, loss_weights.QUESTION, loss_weights.ask),
    Question(weighting_methods.KEY, weighting_methods.QUESTION, weighting_methods.ask),
    Question("pasted-code", equivalent_code.QUESTION, _on_workers(equivalent_code.answer)),
    Question("representations", representations.QUESTION, _on_workers(representations.answer)),
    Question("probes", probes.QUESTION, _on_workers(probes.answer)),
    Question("regression-losses", regression_losses.QUESTION, _on_workers(regression_losses.answer)),
    Question("transfer", transfer.QUESTION, _on_workers(transfer.answer)),
    Question("saving", sharing_savings.QUESTION, _on_workers(sharing_savings.answer)),
)


def forum_run(seeds: int) -> Question:
    """The forum's own run, a study of its own on its own data, over so many seeds. Raises BadInput when they are not in
    the cache, with the command that fetches them."""
    table, effort = energy_table(), forum_runs.Effort(seeds)

    def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
        return forum_answer.forum_answer(backend, forum_runs.measured(context.workers, table, effort))

    return Question(forum_answer.KEY, forum_answer.QUESTION, ask)


def chosen(keys: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of these short names, all where none is given. Raises BadInput for one that is not asked here."""
    known = {question.key: question for question in QUESTIONS}
    for key in keys:
        if key not in known:
            raise BadInput(f"--question {key!r}: the questions are {', '.join(known)}")
    return tuple(known[key] for key in dict.fromkeys(keys)) or QUESTIONS
