"""What would settle an inconclusive decision on a dataset: in one sentence, with the command to run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jointbench.compare.cells import over_seeds
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.decision import MIN_PAIRS
from jointbench.compare.sample_size import FOLDS, REPEATS, DesignGrid, RequiredSampleSize, required_sample_size
from jointbench.compare.summary.decisions import FLOOR_TOO_WIDE, ONE_SEED, FactorAdvice, SampleSizeAdvice
from jointbench.compare.summary.run import DatasetSummary
from jointbench.compare.verdict import PROBABILITY
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.variance_components import CVDesign
from jointbench.types import FloatArray

MOST_FITS = 1000  # for each network of an arm; beyond that nobody would run it
MIN_TEST_ROWS = 10  # a smaller test fold measures next to nothing
EXPLORATORY_SEEDS = 3  # where one seed ran: enough to see how much of the spread comes from seeds


def advise(
    differences: FloatArray,
    outputs: Sequence[str],
    dataset: DatasetSummary,
    criteria: VerdictCriteria,
    *,
    saves: bool,
) -> SampleSizeAdvice | None:
    """Advice from the differences in skill (outputs, repeats, folds, seeds) of a decision that is still open.

    saves: some measured cost is lower, so that outputs that lose nothing are enough for a verdict. The advice is for
    the output with the lowest probability of losing nothing. None where an output has too few folds to see any spread.
    """
    known = (~np.isnan(over_seeds(differences))).reshape(len(differences), -1).sum(axis=1)
    if known.min() < 2:
        return None
    grid = DesignGrid(
        folds=[k for k in FOLDS if k * MIN_TEST_ROWS <= dataset.rows],
        repeats=REPEATS if dataset.repeatable else (1,),
        most_fits=MOST_FITS,
    )
    required = required_sample_size(differences, criteria, saves=saves, grid=grid)
    if required.decided:
        return None
    one_seed = any(factor.reason == ONE_SEED for factor in required.factors)
    next_design = required.cheapest or (_more_seeds(required.design) if one_seed else None)
    output = outputs[required.weakest]
    return SampleSizeAdvice(
        output=output,
        sentence=_sentence(required, output, one_seed, dataset.repeatable),
        setting=required.cheapest,
        command=_command(dataset, next_design, criteria) if next_design else None,
        levers=required.factors,
    )


def _more_seeds(now: CVDesign) -> CVDesign:
    return CVDesign(max(now.folds, MIN_PAIRS), now.repeats, EXPLORATORY_SEEDS)


def _command(dataset: DatasetSummary, design: CVDesign, criteria: VerdictCriteria) -> str:
    base = dataset.command or f"jointbench run {dataset.slug}"
    options = (("rope", criteria.rope, ROPE), ("probability", criteria.probability, PROBABILITY))
    changed = "".join(f" --{option} {value:g}" for option, value, default in options if value != default)
    return f"{base} --folds {design.folds} --repeats {design.repeats} --seeds {design.seeds}{changed}"


def _sentence(required: RequiredSampleSize, output: str, one_seed: bool, repeatable: bool) -> str:
    now = required.design
    repeats = next(factor for factor in required.factors if factor.lever == "repeats")
    clauses = []
    if repeatable and repeats.reason == FLOOR_TOO_WIDE and repeats.floor is not None:
        clauses.append(
            f"no number of repeats settles this at K = {now.folds}: {output}'s 95 % interval gets no narrower than "
            f"±{repeats.floor:.3f} (it is ±{required.half_width:.3f})"
        )
    if required.cheapest is not None:
        clauses.append(
            f"{_design_text(required.cheapest, now)} would settle it, if the differences stay where they are"
        )
        alone = [_alone(factor) for factor in required.factors if factor.setting not in (None, required.cheapest)]
        if alone:
            clauses.append(f"so would {' or '.join(alone)}")
    elif one_seed:
        clauses.append(f"what more seeds in each fold would do cannot be told from one: run {EXPLORATORY_SEEDS} to see")
    else:
        clauses.append(
            f"no setting of up to {MOST_FITS:,} fits a network settles it while the differences stay where they are"
        )
    text = "; ".join(clauses)
    return text[0].upper() + text[1:] + "."


def _alone(factor: FactorAdvice) -> str:
    design, name = factor.setting, factor.lever
    assert design is not None
    number = {"repeats": design.repeats, "seeds": design.seeds, "folds": design.folds}[name]
    return f"{number} {name} alone"


def _design_text(design: CVDesign, now: CVDesign) -> str:
    """What of the design is new."""
    sizes = (
        (design.folds, now.folds, "fold", ""),
        (design.repeats, now.repeats, "repeat", ""),
        (design.seeds, now.seeds, "seed", " in each fold"),
    )
    parts = [
        f"{size} {noun}{'s' if size > 1 else ''}{place} (now {present})"
        for size, present, noun, place in sizes
        if size != present
    ]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
