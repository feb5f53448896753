"""The questions, in the order in which they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jointbench.errors import BadInput
from jointbench.explain import (
    churn,
    equivalent_code,
    gradient_conflict,
    gradient_identity,
    label_efficiency,
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
from jointbench.study.plan import Experiment


@dataclass(frozen=True)
class Question:
    """A question's short name, its words, and the function that answers it on a dataset by a backend (by name)."""

    key: str
    text: str
    ask: Callable[[Experiment, str, Context], Answer]


QUESTIONS = (
    Question(gradient_identity.KEY, gradient_identity.QUESTION, gradient_identity.ask),
    Question(parameter_sharing.KEY, parameter_sharing.QUESTION, parameter_sharing.ask),
    Question(gradient_conflict.KEY, gradient_conflict.QUESTION, gradient_conflict.ask),
    Question(loss_weights.KEY, loss_weights.QUESTION, loss_weights.ask),
    Question(weighting_methods.KEY, weighting_methods.QUESTION, weighting_methods.ask),
    Question(equivalent_code.KEY, equivalent_code.QUESTION, equivalent_code.ask),
    Question(representations.KEY, representations.QUESTION, representations.ask),
    Question(probes.KEY, probes.QUESTION, probes.ask),
    Question(regression_losses.KEY, regression_losses.QUESTION, regression_losses.ask),
    Question(transfer.KEY, transfer.QUESTION, transfer.ask),
    Question(sharing_savings.KEY, sharing_savings.QUESTION, sharing_savings.ask),
    Question(label_efficiency.KEY, label_efficiency.QUESTION, label_efficiency.ask),
    Question(churn.KEY, churn.QUESTION, churn.ask),
)


def forum_run(seeds: int) -> Question:
    """The forum's own run, a separate study on its own data, over so many seeds.

    Raises BadInput, with the command that fetches the data, when they are not in the cache.
    """
    table, effort = energy_table(), forum_runs.Effort(seeds)

    def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
        return forum_answer.forum_answer(backend, forum_runs.measure(context.workers, table, effort))

    return Question(forum_answer.KEY, forum_answer.QUESTION, ask)


def chosen(keys: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of these short names, all where none is given. Raises BadInput for an unknown one."""
    known = {question.key: question for question in QUESTIONS}
    for key in keys:
        if key not in known:
            raise BadInput(f"--question {key!r}: the questions are {', '.join(known)}")
    return tuple(known[key] for key in dict.fromkeys(keys)) or QUESTIONS
