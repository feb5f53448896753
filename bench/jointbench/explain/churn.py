"""When new rows come for one output only, how far do the predictions of the others move?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from jointbench.explain.answer import Answer, AnswerData, Value, failed_answer, interval
from jointbench.explain.context import Context
from jointbench.explain.lost_fits import because
from jointbench.explain.number_text import signed
from jointbench.explain.retraining import (
    JOINT,
    NEW,
    NO_NEW_ROWS,
    OTHER_SEED,
    RETRAININGS,
    SAME_SEED,
    SEPARATE,
    Change,
    Moved,
    Retrainings,
    measure,
)
from jointbench.explain.skill import difference, known_mean
from jointbench.stats.estimate import Estimate
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

KEY = "churn"
QUESTION = "When new rows come for one output only, how far do the predictions of the others move?"

NEAR = 0.2  # of what another seed does: a smaller difference is no difference in words


@dataclass(frozen=True, kw_only=True)
class ArmChange:
    """What retraining did to an output's predictions in one arm; None where it was not measured.

    flipped: share of decisions, None of a regression. moved: mean absolute change over the spread between seeds. skill:
    test skill after - before. spread: in standard deviations of the training values, or of a probability.
    """

    flipped: Estimate | None
    moved: Estimate | None
    skill: Estimate | None
    spread: float | None


@dataclass(frozen=True, kw_only=True)
class OutputChurn:
    """New rows came for ``grown``, and the networks of ``output`` were retrained in one of the ways of RETRAININGS."""

    grown: str
    output: str
    retraining: str
    joint: ArmChange
    separate: ArmChange

    def __post_init__(self) -> None:
        if self.retraining not in RETRAININGS:
            raise ValueError(f"{self.retraining!r} is no way to retrain")


@dataclass(frozen=True, kw_only=True)
class Churn(AnswerData):
    """Every other output of each of the outputs that got new rows, in every way, over so many splits and seeds."""

    splits: int
    seeds: int
    outputs: tuple[OutputChurn, ...]


@dataclass(frozen=True)
class _Pooled:
    """Mean over the pairs of outputs: by arm and retraining, with intervals over splits."""

    flipped: dict[tuple[str, str], Estimate | None]
    moved: dict[tuple[str, str], Estimate | None]
    beyond_seed: Estimate | None  # joint with the same seed, less another seed alone without new rows, in spreads
    skill: Estimate | None


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return answer(measure(experiment, backend, context), experiment.dataset.slug, backend)


def answer(result: Retrainings, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where no joint network was retrained in two splits."""
    pooled = _pooled(result)
    moved = pooled.moved[JOINT, SAME_SEED]
    if moved is None:
        reason = "too few splits have joint networks from before and after" + because(
            result.lost, "ask for more with --folds"
        )
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    numbers: dict[str, Value] = {
        "outputs_with_new_rows": len(result.new_labels),
        "new_labels": float(np.mean(list(result.new_labels.values()))),
        "splits": result.splits,
        "seeds": result.seeds,
    }
    for (arm, retraining), estimate in pooled.moved.items():
        numbers[f"{arm}_moved_{_key(retraining)}"] = estimate.value if estimate else None
    for (arm, retraining), estimate in pooled.flipped.items():
        numbers[f"{arm}_flipped_{_key(retraining)}"] = estimate.value if estimate else None
    if pooled.beyond_seed:
        beyond = pooled.beyond_seed
        numbers |= {"beyond_seed": beyond.value, "beyond_seed_low": beyond.low, "beyond_seed_high": beyond.high}
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(result, pooled),
        numbers=numbers,
        data=Churn(splits=result.splits, seeds=result.seeds, outputs=_outputs(result)),
    )


def _key(retraining: str) -> str:
    return retraining.replace(",", "").replace(" ", "_")


def _pooled(result: Retrainings) -> _Pooled:
    def over_pairs(arm: str, retraining: str, of: Callable[[Change], FloatArray]) -> FloatArray:
        """(splits,)."""
        return known_mean(np.array([of(m.changes[retraining]) for m in result.moved if m.arm == arm]), axis=0)

    ways = [(arm, retraining) for arm in (JOINT, SEPARATE) for retraining in RETRAININGS]
    moved = {way: over_pairs(*way, lambda change: change.moved) for way in ways}
    return _Pooled(
        flipped={way: _size(over_pairs(*way, lambda change: change.flipped), result.folds) for way in ways},
        moved={way: _size(values, result.folds) for way, values in moved.items()},
        beyond_seed=_mean(moved[JOINT, SAME_SEED] - moved[JOINT, NO_NEW_ROWS], result.folds),
        skill=_mean(over_pairs(JOINT, SAME_SEED, lambda change: change.skill), result.folds),
    )


def _mean(values: FloatArray, folds: int) -> Estimate | None:
    """Over splits, (splits,), with its 95 % interval; None with fewer than two."""
    return interval(difference(values, np.zeros(len(values)), folds))


def _size(values: FloatArray, folds: int) -> Estimate | None:
    """``_mean`` of what cannot be negative."""
    mean = _mean(values, folds)
    return None if mean is None else replace(mean, low=max(0.0, mean.low))


def _outputs(result: Retrainings) -> tuple[OutputChurn, ...]:
    by_pair: dict[tuple[str, str], dict[str, Moved]] = {}
    for moved in result.moved:
        by_pair.setdefault((moved.grown, moved.output), {})[moved.arm] = moved
    return tuple(
        OutputChurn(
            grown=grown,
            output=output,
            retraining=retraining,
            joint=_arm_change(arms[JOINT], retraining, result.folds),
            separate=_arm_change(arms[SEPARATE], retraining, result.folds),
        )
        for (grown, output), arms in by_pair.items()
        for retraining in RETRAININGS
    )


def _arm_change(moved: Moved, retraining: str, folds: int) -> ArmChange:
    change, spread = moved.changes[retraining], float(known_mean(moved.spread))
    return ArmChange(
        flipped=_size(change.flipped, folds),
        moved=_size(change.moved, folds),
        skill=_mean(change.skill, folds),
        spread=spread if math.isfinite(spread) else None,
    )


def _sentence(result: Retrainings, pooled: _Pooled) -> str:
    labels = f"{np.mean(list(result.new_labels.values())):,.0f}"
    grown = len(result.new_labels)
    outputs = "each output" if grown == result.outputs else f"each of the first {grown} of {result.outputs} outputs"
    skill = f" Joint's skill on the others changes by {_signed(pooled.skill)}." if pooled.skill else ""
    return (
        f"{_verdict(pooled)}. When {labels} rows ({NEW:.0%} of the training rows) come with labels of one "
        f"output alone, and the joint network is trained again with the same seed, it {_change(pooled)}. Separate "
        f"networks of the other outputs see none of these rows: with the same seed exactly 0 changes.{skill} With "
        f"another seed joint changes by {_brief(pooled, JOINT, OTHER_SEED)}, separate by "
        f"{_brief(pooled, SEPARATE, OTHER_SEED)}; another seed alone, without a new row, changes joint by "
        f"{_brief(pooled, JOINT, NO_NEW_ROWS)}. A spread is the standard deviation between the predictions of "
        f"{result.seeds} seeds, each arm's own; rows came for {outputs} in turn, over {result.splits} splits."
    )


def _verdict(pooled: _Pooled) -> str:
    """Joint with the same seed and new rows, against another seed alone."""
    beyond, yardstick = pooled.beyond_seed, pooled.moved[JOINT, NO_NEW_ROWS]
    if beyond is None or yardstick is None:
        return "New rows of one output move a joint network's other outputs"
    by = f"({signed(beyond.value, 2)} spreads, {signed(beyond.low, 2)} to {signed(beyond.high, 2)})"
    if max(abs(beyond.low), abs(beyond.high)) <= NEAR * yardstick.value:
        return f"New rows of one output move a joint network's other outputs about as far as another seed does {by}"
    if beyond.low <= 0 <= beyond.high:
        return (
            f"It is open whether new rows of one output move a joint network's other outputs further than another seed "
            f"does {by}"
        )
    distance = "further" if beyond.low > 0 else "less far"
    return f"New rows of one output move a joint network's other outputs {distance} than another seed does {by}"


def _change(pooled: _Pooled) -> str:
    """Of the joint network with the same seed, with intervals."""
    moved, flipped = pooled.moved[JOINT, SAME_SEED], pooled.flipped[JOINT, SAME_SEED]
    parts = []
    if flipped is not None:
        parts.append(
            f"flips {flipped.value:.1%} ({flipped.low:.1%} to {flipped.high:.1%}) of its decisions on the other outputs"
        )
    if moved is not None:
        parts.append(
            f"moves their predictions by {moved.value:.2f} ({moved.low:.2f} to {moved.high:.2f}) spreads between seeds"
        )
    return " and ".join(parts)


def _brief(pooled: _Pooled, arm: str, retraining: str) -> str:
    moved, flipped = pooled.moved[arm, retraining], pooled.flipped[arm, retraining]
    parts = [] if flipped is None else [f"{flipped.value:.1%} of decisions"]
    parts += [] if moved is None else [f"{moved.value:.2f} spreads"]
    return " and ".join(parts) or "what was not measured"


def _signed(estimate: Estimate) -> str:
    return f"{signed(estimate.value)} ({signed(estimate.low)} to {signed(estimate.high)})"
