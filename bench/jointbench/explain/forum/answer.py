"""The forum's run, `energy-forum`: its errors over seeds, and what reaching the posted figures takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from jointbench.explain.answer import Answer, Value
from jointbench.explain.forum.errors import RunStatistics, forum_errors, run_statistics
from jointbench.explain.forum.network import AS_POSTED, DATASET, OUTPUTS, SETTINGS
from jointbench.explain.forum.ranking import Agreement, agreement
from jointbench.explain.forum.runs import REPORTED, SPLITS, Effort, ForumResult, Identity, SplitKind

KEY = "energy-forum"
QUESTION = "What does the forum's own run give, and how much of it is the seed?"
IDENTICAL = 1e-5  # relative: float32 sums of a few terms
RELIABLE = 0.9  # share of draws from which one run of each setting counts as enough


def forum_answer(backend: str, result: ForumResult) -> Answer:
    """The sentence and its data."""
    setting = SETTINGS[0].name
    as_posted = [run_statistics(column) for column in result.runs[setting, "fixed"].rmse[:, -1].T]
    final = np.nan_to_num(result.runs[setting, "fixed"].rmse[:, -1], nan=np.inf)
    as_good = int((final <= REPORTED[setting]).all(axis=1).sum())
    ranks = {(output, split): _agreement(result, k, split) for split in SPLITS for k, output in enumerate(OUTPUTS)}
    numbers: dict[str, Value] = {
        "seeds": result.effort.seeds,
        "epochs": result.effort.epochs,
        "runs_as_good_as_reported": as_good,
    }
    for k, output in enumerate(OUTPUTS):
        numbers |= {f"{output}_rmse_{name}": value for name, value in asdict(as_posted[k]).items()}
        numbers |= {
            f"{output}_rmse_reported": REPORTED[setting][k],
            f"{output}_ranking_of_one_run_is_true": ranks[output, "fixed"].order,
            f"{output}_best_of_one_run_is_true": ranks[output, "fixed"].best,
        }
    numbers["failed_runs"] = sum(failure is not None for runs in result.runs.values() for failure in runs.failures)
    numbers["identity_validation_residual"] = max(identity.validation for identity in result.identities)
    numbers["identity_training_residual"] = max(identity.training for identity in result.identities)
    numbers |= {f"epochs_to_reported ({reach.variant})": reach.epochs for reach in result.reach}
    sentences = (
        _errors_sentence(result.effort, as_posted, as_good, setting),
        _ranking_sentence(ranks),
        _reach_sentence(result),
        identity_sentence(result.identities),
    )
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=DATASET,
        backend=backend,
        sentence=" ".join(sentences),
        numbers=numbers,
        data=forum_errors(result, ranks),
    )


def _agreement(result: ForumResult, output: int, split: SplitKind) -> Agreement:
    return agreement(np.stack([result.runs[setting.name, split].rmse[:, -1, output] for setting in SETTINGS]))


def _errors_sentence(effort: Effort, as_posted: Sequence[RunStatistics], as_good: int, setting: str) -> str:
    """as_posted: of each output; as_good: number of runs as good as reported."""
    y1, y2 = REPORTED[setting]
    introduction = f"As posted ({effort.epochs} epochs, weights {setting}, one split),"
    errors = [
        f"{rmse.mean:.2f} ± {rmse.sd:.2f} on {output} ({rmse.least:.2f} to {rmse.most:.2f})"
        for output, rmse in zip(OUTPUTS, as_posted, strict=True)
        if rmse.mean is not None and rmse.sd is not None
    ]
    if len(errors) < len(OUTPUTS):
        return f"{introduction} fewer than two of {effort.seeds} runs finish: the others diverge."
    usual = "what this run usually gives" if as_good > effort.seeds / 2 else "not what this run usually gives"
    return (
        f"{introduction} {effort.seeds} seeds give a test RMSE of {' and '.join(errors)}; {as_good} of {effort.seeds} "
        f"{'is' if as_good == 1 else 'are'} as good as the {y1} / {y2} that was reported, which is {usual}."
    )


def _ranking_sentence(ranks: Mapping[tuple[str, SplitKind], Agreement]) -> str:
    y1, y2 = (ranks[output, "fixed"] for output in OUTPUTS)
    reliable = min(y1.best, y2.best) >= RELIABLE
    conclusion = "one run of each tells which is best" if reliable else "one run of each does not tell which is best"
    return (
        f"One run of each setting puts the five settings in the order of their means in {y1.order:.0%} of draws on Y1 "
        f"and {y2.order:.0%} on Y2, and finds the best one in {y1.best:.0%} and {y2.best:.0%} ({y1.chance_best:.0%} by "
        f"chance): {conclusion}."
    )


def _reach_sentence(result: ForumResult) -> str:
    reached = sorted((reach.epochs, reach.variant) for reach in result.reach if reach.epochs is not None)
    as_posted = next(reach for reach in result.reach if reach.variant == AS_POSTED.name)
    if not reached:
        return (
            f"No way of training tried reaches the reported figures in its median run within {as_posted.at:,} epochs."
        )
    epochs, variant = reached[0]
    fastest = f"The median run reaches both reported figures soonest with {variant}, after {epochs:,} epochs"
    if variant == AS_POSTED.name:
        return f"{fastest}, which is how it was posted."
    late = f"after {as_posted.epochs:,}" if as_posted.epochs is not None else f"not within {as_posted.at:,}"
    return f"{fastest}; as posted, {late}."


def identity_sentence(identities: Sequence[Identity]) -> str:
    """Whether total = sum of weight x loss in what the loop printed, and how far off it is."""
    validation = max(identity.validation for identity in identities)
    training = max(identity.training for identity in identities)
    epochs = sum(identity.epochs for identity in identities)
    if validation > IDENTICAL:
        return (
            f"The printed total is NOT the weighted sum of the printed losses: on the validation rows they differ by "
            f"up to {validation:.1e} of it."
        )
    claim = (
        f"The printed total is the weighted sum of the printed losses in all {epochs:,} epochs: to {validation:.0e} of "
        f"it on the validation rows"
    )
    if training <= IDENTICAL:
        return f"{claim} and to {training:.0e} on the training rows."
    return (
        f"{claim}; on the training rows the printout is off by up to {training:.1%}, because `fit` averages the total "
        f"over rows and each loss over batches, of which the last is short."
    )
