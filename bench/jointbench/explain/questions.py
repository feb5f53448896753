"""The questions, in the order in which they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jointbench.errors import BadInput
from jointbench.explain import gradient_identity, loss_weights, one_set, trunk_movers, weighting_methods
from jointbench.explain.answer import Answer
from jointbench.explain.context import Context
from jointbench.plan import Subject


@dataclass(frozen=True)
class Question:
    """A question's short name, its words, and how it is answered on a dataset by a backend (by name)."""

    key: str
    text: str
    ask: Callable[[Subject, str, Context], Answer]


QUESTIONS = (
    Question(gradient_identity.KEY, gradient_identity.QUESTION, gradient_identity.ask),
    Question(one_set.KEY, one_set.QUESTION, one_set.ask),
    Question(trunk_movers.KEY, trunk_movers.QUESTION, trunk_movers.ask),
    Question(loss_weights.KEY, loss_weights.QUESTION, loss_weights.ask),
    Question(weighting_methods.KEY, weighting_methods.QUESTION, weighting_methods.ask),
)


def chosen(keys: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of these short names, all where none is given. Raises BadInput for one that is not asked here."""
    known = {question.key: question for question in QUESTIONS}
    for key in keys:
        if key not in known:
            raise BadInput(f"--question {key!r}: the questions are {', '.join(known)}")
    return tuple(known[key] for key in dict.fromkeys(keys)) or QUESTIONS
