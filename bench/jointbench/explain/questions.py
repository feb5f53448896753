"""The questions, in the order in which they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jointbench.errors import BadInput
from jointbench.explain import (
    energy_forum,
    forum_runs,
    gradient_identity,
    loss_weights,
    new_head,
    one_set,
    pasted_code,
    probes,
    regression_losses,
    representations,
    saving,
    trunk_movers,
    weighting_methods,
)
from jointbench.explain.answer import Answer
from jointbench.explain.context import Context
from jointbench.explain.forum_network import energy_table
from jointbench.plan import Subject
from jointbench.workers import Workers


@dataclass(frozen=True)
class Question:
    """A question's short name, its words, and how it is answered on a dataset by a backend (by name)."""

    key: str
    text: str
    ask: Callable[[Subject, str, Context], Answer]


def _on_workers(answer: Callable[[Subject, str, Workers], Answer]) -> Callable[[Subject, str, Context], Answer]:
    """A question that trains networks of its own, which no other question could use."""

    def ask(subject: Subject, backend: str, context: Context) -> Answer:
        return answer(subject, backend, context.workers)

    return ask


QUESTIONS = (
    Question(gradient_identity.KEY, gradient_identity.QUESTION, gradient_identity.ask),
    Question(one_set.KEY, one_set.QUESTION, one_set.ask),
    Question(trunk_movers.KEY, trunk_movers.QUESTION, trunk_movers.ask),
    Question(loss_weights.KEY, loss_weights.QUESTION, loss_weights.ask),
    Question(weighting_methods.KEY, weighting_methods.QUESTION, weighting_methods.ask),
    Question("pasted-code", pasted_code.QUESTION, _on_workers(pasted_code.answer)),
    Question("representations", representations.QUESTION, _on_workers(representations.answer)),
    Question("probes", probes.QUESTION, _on_workers(probes.answer)),
    Question("regression-losses", regression_losses.QUESTION, _on_workers(regression_losses.answer)),
    Question("transfer", new_head.QUESTION, _on_workers(new_head.answer)),
    Question("saving", saving.QUESTION, _on_workers(saving.answer)),
)


def forum_run(seeds: int) -> Question:
    """The forum's own run, a study of its own on its own data, over so many seeds. Raises BadInput when they are not in
    the cache, with the command that fetches them."""
    table, effort = energy_table(), forum_runs.Effort(seeds)

    def ask(subject: Subject, backend: str, context: Context) -> Answer:
        return energy_forum.forum_answer(backend, forum_runs.measured(context.workers, table, effort))

    return Question(energy_forum.KEY, energy_forum.QUESTION, ask)


def chosen(keys: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of these short names, all where none is given. Raises BadInput for one that is not asked here."""
    known = {question.key: question for question in QUESTIONS}
    for key in keys:
        if key not in known:
            raise BadInput(f"--question {key!r}: the questions are {', '.join(known)}")
    return tuple(known[key] for key in dict.fromkeys(keys)) or QUESTIONS
