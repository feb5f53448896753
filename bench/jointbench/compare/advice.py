"""What would settle an inconclusive decision on a dataset: in one sentence, with the command to run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jointbench.compare.cells import over_seeds
from jointbench.compare.decision import MIN_PAIRS, decision_rule
from jointbench.compare.sample_size import FOLDS, REPEATS, Advice, required_sample_size
from jointbench.compare.summary.decisions import FactorAdvice, SampleSizeAdvice
from jointbench.compare.summary.run import DatasetSummary
from jointbench.compare.verdict import PROBABILITY
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.variance_components import CVDesign
from jointbench.types import FloatArray

MOST_FITS = 1000  # for each network of an arm; beyond that nobody would run it
MIN_TEST_ROWS = 10  # a smaller test fold measures next to nothing
SEEDS_TO_SEE = 3  # where one seed ran: enough to see how much of the spread is theirs


def advise(
    differences: FloatArray,
    outputs: Sequence[str],
    about: DatasetSummary,
    *,
    rope: float,
    probability: float,
    saves: bool,
) -> SampleSizeAdvice | None:
    """Advice from the differences in skill (outputs, repeats, folds, seeds) of a decision that is still open.

    saves: some measured cost is lower, so that outputs that lose nothing are enough for a verdict. The output with the
    lowest probability of losing nothing drives it. None where an output has too few folds to see any spread.
    """
    known = (~np.isnan(over_seeds(differences))).reshape(len(differences), -1).sum(axis=1)
    if known.min() < 2:
        return None
    folds = [k for k in FOLDS if k * MIN_TEST_ROWS <= about.rows]
    repeats = REPEATS if about.repeatable else (1,)
    found = required_sample_size(
        differences, decision_rule(probability, saves), rope=rope, folds=folds, repeats=repeats, most_fits=MOST_FITS
    )
    if found.decided:
        return None
    one_seed = any(lever.reason == "one seed: its spread is unknown" for lever in found.levers)
    run = found.cheapest or (_more_seeds(found.setting) if one_seed else None)
    return SampleSizeAdvice(
        outputs[found.weakest],
        _sentence(found, outputs[found.weakest], one_seed, about.repeatable),
        found.cheapest,
        _command(about, run, rope, probability) if run else None,
        found.levers,
    )


def _more_seeds(now: CVDesign) -> CVDesign:
    return CVDesign(max(now.folds, MIN_PAIRS), now.repeats, SEEDS_TO_SEE)


def _command(about: DatasetSummary, setting: CVDesign, rope: float, probability: float) -> str:
    base = about.command or f"jointbench run {about.slug}"
    asked = (("rope", rope, ROPE), ("probability", probability, PROBABILITY))
    criteria = "".join(f" --{option} {value:g}" for option, value, default in asked if value != default)
    return f"{base} --folds {setting.folds} --repeats {setting.repeats} --seeds {setting.seeds}{criteria}"


def _sentence(advice: Advice, output: str, one_seed: bool, repeatable: bool) -> str:
    now = advice.setting
    repeats = next(lever for lever in advice.levers if lever.lever == "repeats")
    said = []
    if repeatable and repeats.reason == "floor too wide" and repeats.floor is not None:
        said.append(
            f"no number of repeats settles this at K = {now.folds}: {output}'s 95 % interval gets no narrower than "
            f"±{repeats.floor:.3f} (it is ±{advice.half_width:.3f})"
        )
    if advice.cheapest is not None:
        said.append(f"{_setting(advice.cheapest, now)} would settle it, if the differences stay where they are")
        alone = [_alone(lever) for lever in advice.levers if lever.setting not in (None, advice.cheapest)]
        if alone:
            said.append(f"so would {' or '.join(alone)}")
    elif one_seed:
        said.append(f"what more seeds in each fold would do cannot be told from one: run {SEEDS_TO_SEE} to see")
    else:
        said.append(
            f"no setting of up to {MOST_FITS:,} fits a network settles it while the differences stay where they are"
        )
    whole = "; ".join(said)
    return whole[0].upper() + whole[1:] + "."


def _alone(lever: FactorAdvice) -> str:
    assert lever.setting is not None
    number = {"repeats": lever.setting.repeats, "seeds": lever.setting.seeds, "folds": lever.setting.folds}[lever.lever]
    return f"{number} {lever.lever} alone"


def _setting(setting: CVDesign, now: CVDesign) -> str:
    """The setting by what is new in it."""
    many = (
        (setting.folds, now.folds, "fold", ""),
        (setting.repeats, now.repeats, "repeat", ""),
        (setting.seeds, now.seeds, "seed", " in each fold"),
    )
    said = [f"{n} {word}{'s' if n > 1 else ''}{where} (now {was})" for n, was, word, where in many if n != was]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
