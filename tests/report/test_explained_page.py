"""The answers' drawings: made from the tables alone, for few outputs and many, with hostile names."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.backends.base import TrunkGramians
from jointbench.explain.answer import Answer
from jointbench.explain.conflict_vs_transfer import answer as conflict_answer
from jointbench.explain.gradient_conflict import KEY, TrunkGradients
from jointbench.explain.gradient_conflict import answer as gradients_answer
from jointbench.explain.loss_weight_sweep import Sweep, settings
from jointbench.explain.loss_weights import answer as sweep_answer
from jointbench.explain.weighting_methods import answer as trial_answer
from jointbench.explain.weighting_trial import MethodResult, StepTimeRatio, WeightingTrial
from jointbench.report.explained_sections import explained_sections
from svg_reader import tree

HOSTILE = "<b onclick=x>$a_1$ &"


def _outputs(count: int) -> tuple[str, ...]:
    return (HOSTILE, *(f"output {i}" for i in range(1, count)))


def _answers(count: int) -> list[Answer]:
    rng = np.random.default_rng(count)
    names = _outputs(count)
    jacobian = rng.normal(size=(6, count, 20))
    products = TrunkGramians(*(jacobian @ jacobian.transpose(0, 2, 1),) * 2)
    even = (0.5,) * count
    gradients = TrunkGradients(names, (products,), (np.ones(count),), even, even, (None,) * count)
    weights = settings(names)
    test = rng.normal(0.5, 0.1, (len(weights), count, 3))
    sweep = Sweep(
        outputs=names,
        settings=weights,
        folds=3,
        test=test,
        validation=test.mean(axis=1),
        separate=np.full((count, 3), 0.4),
        flops=np.ones(len(weights)),
    )
    methods = WeightingTrial(
        folds=3,
        settings=9,
        equal=np.zeros(3),
        best=np.arange(3) / 9,
        equal_flops=1.0,
        sweep_flops=9.0,
        methods=(
            MethodResult("PCGrad", np.ones(3), 1.9, 2.0, StepTimeRatio(2.0, 1.9, 2.1)),
            MethodResult("MGDA", np.full(3, np.nan), 1.9, np.nan, None, "absent"),
        ),
    )
    answers = [
        Answer(
            key=KEY,
            question="?",
            dataset=f"{HOSTILE}{i}",
            backend="torch",
            sentence="s",
            numbers={"conflict_share": i / 9, "mean_cosine": 0.1 * i, "mean_skill_difference": -0.01 * i},
        )
        for i in range(5)
    ]
    return [
        gradients_answer(gradients, "d", "torch"),
        sweep_answer(sweep, "d", "torch"),
        trial_answer(methods, "d", "torch"),
        conflict_answer(answers, "torch", 0),
    ]


@pytest.mark.parametrize(("count", "drawings"), [(2, [1, 2, 1, 1]), (14, [1, 1, 1, 1])])
def test_every_question_with_numbers_along_something_is_drawn(count: int, drawings: list[int]) -> None:
    questions = [question for section in explained_sections(_answers(count)) for question in section.questions]
    assert [len(question.figures) for question in questions] == drawings
    ids: list[str] = []
    for figure in (figure for question in questions for figure in question.figures):
        root = tree(figure.svg)
        assert not any(element.get("onclick") for element in root.iter())
        ids.extend(element.get("id", "") for element in root.iter() if element.get("id"))
        assert figure.table.rows
    assert len(ids) == len(set(ids))


def test_a_failure_is_told_and_not_drawn() -> None:
    failed = Answer(
        key=KEY, question="?", dataset="d", backend="torch", sentence="", numbers={}, failure="the worker died"
    )
    (section,) = explained_sections([failed])
    assert section.questions[0].answers[0].failure == "the worker died"
    assert section.questions[0].figures == ()


def test_backends_stand_side_by_side_under_one_question() -> None:
    both = [
        Answer(key="k", question="?", dataset="d", backend=backend, sentence=f"by {backend}", numbers={})
        for backend in ("torch", "tensorflow")
    ]
    (section,) = explained_sections(both)
    (question,) = section.questions
    assert [answer.sentence for answer in question.answers] == ["by torch", "by tensorflow"]
