"""Skill per output, fold by fold against the baseline's: worse only if it is credibly worse.

Both runs have the same folds and seeds, so the differences run - baseline are paired. What is believed about their mean
is the correlated t-test of ``stats.correlated_t_test``, with two additions that a gate needs:

- Few folds show little of their own spread (two folds, one degree of freedom: nothing would ever be credible). So
  a variance is shrunk towards one for all outputs and arms of the dataset, as limma does for genes (Smyth 2004, "Linear
  models and empirical Bayes methods", Stat. Appl. Genet. Mol. Biol. 3(1)); ``_noise`` estimates it.
- A run has some hundred comparisons. One in twenty of a hundred harmless changes would fail, so the probabilities are
  corrected for their number (Benjamini and Hochberg 1995), over all outputs of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from jointbench.check.baseline import ArmKey, Baseline, DatasetKey, Skill
from jointbench.check.findings import Finding
from jointbench.metrics.metric_names import CLASS_METRICS
from jointbench.stats.correlated_t_test import ROPE, mean_and_sd, posterior, posterior_scale
from jointbench.stats.estimate import Estimate
from jointbench.types import CellKey, FloatArray

LEVEL = 0.05  # of false alarms among all alarms; with no regression at all, of one false alarm in the whole run
PRIOR_DF = 6  # degrees of freedom that the dataset's variance counts for
LEAST_SD = ROPE  # a smaller spread is negligible, and would make a negligible fall credible


@dataclass(frozen=True, eq=False)
class _Pair:
    """One output of one arm in both runs. change: (folds of all repeats,), run - baseline."""

    site: ArmKey
    output: str
    change: FloatArray
    baseline: float
    folds: int


def quality_findings(baseline: Baseline, run: Baseline) -> Iterator[Finding]:
    """Every output and arm of the baseline. Skills of other data, folds, weights or errors are not comparable, and not run.

    What an output may lose is the baseline's: a run cannot be asked for a wider region and so pass.
    """
    now = {(skill.site, skill.output): skill for skill in run.skills}
    before, after = ({data.dataset: data for data in side.data} for side in (baseline, run))
    pairs = []
    for skill in baseline.skills:
        other, data = now.get((skill.site, skill.output)), before.get(skill.site.dataset)
        reason = "" if other is None else _incomparable(data, after.get(skill.site.dataset), skill, other)
        if other is None or data is None or reason:
            yield Finding(
                gate="quality",
                state="not run",
                site=skill.site,
                quantity=_quantity(skill.output),
                baseline=float(np.mean(skill.per_fold)),
                reason=reason,
            )
        else:
            change = np.subtract(other.per_fold, skill.per_fold)
            pairs.append(_Pair(skill.site, skill.output, change, float(np.mean(skill.per_fold)), data.folds))
    yield from _findings(pairs, baseline.rope)


def _quantity(output: str) -> str:
    return f"skill of {output}"


def _incomparable(before: DatasetKey | None, after: DatasetKey | None, old: Skill, new: Skill) -> str:
    """Why two skills of one name are not the same quantity; "" when they are."""
    if before is None or after is None:
        return f"{'the baseline' if before is None else 'the run'} does not say on which folds its skills are"
    if before.sha256 != after.sha256:
        return "the data file is another one"
    if before.splits != after.splits or len(old.per_fold) != len(new.per_fold):
        return "the folds are other ones"
    if before.weights != after.weights:
        sides = [key.weights or "no option" for key in (before, after)]
        return f"rows weigh otherwise: by {sides[0]} in the baseline, by {sides[1]} in the run"
    metrics = [skill.metric or _older_metric(new.metric or old.metric) for skill in (old, new)]
    if metrics[0] != metrics[1]:
        return f"the baseline's skill is made of {metrics[0]} errors, the run's of {metrics[1]}"
    return ""


def _older_metric(other: str) -> str:
    """What an output's skill was made of before metrics could be chosen, by what it is made of in the other run."""
    return "log" if other in CLASS_METRICS else "squared"


def _findings(pairs: Sequence[_Pair], rope: float) -> Iterator[Finding]:
    """A posterior for each pair, and one correction over all of them."""
    if not pairs:
        return
    noise = _noise(pairs, rope)
    beliefs = []
    for pair in pairs:
        own = len(pair.change) - 1
        mean, sd = mean_and_sd(pair.change)
        prior = noise[CellKey.of(pair.site)]
        variance = (PRIOR_DF * prior + own * float(sd) ** 2) / (PRIOR_DF + own)
        scale = float(posterior_scale(np.sqrt(variance), len(pair.change), pair.folds))
        beliefs.append(posterior(float(mean), scale, PRIOR_DF + own, rope))
    no_drop = np.array(
        [1 - belief.probability_other_better for belief in beliefs]
    )  # probability of none beyond the region
    adjusted = stats.false_discovery_control(no_drop)
    for pair, belief, p_value in zip(pairs, beliefs, adjusted, strict=True):
        # The smallest drop that would be caught if it were the only one of the run, all else as it is.
        limit = -rope + float(special.stdtrit(belief.df, LEVEL / len(pairs))) * belief.scale
        fails = bool(p_value < LEVEL)
        reason = (
            f"it fell from {pair.baseline:.3f} to {pair.baseline + belief.mean:.3f}; the probability "
            f"that it lost more than {rope:g} is {belief.probability_other_better:.4f}"
        )
        yield Finding(
            gate="quality",
            state="regressed" if fails else "as before",
            site=pair.site,
            quantity=_quantity(pair.output),
            baseline=pair.baseline,
            run=pair.baseline + belief.mean,
            change=Estimate(belief.mean, belief.low, belief.high),
            limit=limit,
            reason=reason if fails else "",
        )


def _noise(pairs: Sequence[_Pair], rope: float) -> dict[CellKey, float]:
    """Per dataset, backend and device: the variance of one fold's harmless change, estimated from the rises.

    Luck (another random stream, another rounding) makes as many skills rise as fall, so the mean square of the rises is
    its variance. A change that only does harm has no rises, so it cannot pass for luck. Skills that did not move are
    left out.
    """
    changes: dict[CellKey, list[float]] = {}
    for pair in pairs:
        changes.setdefault(CellKey.of(pair.site), []).extend(pair.change[np.abs(pair.change) > rope / 10].tolist())
    rises = {
        key: sum(change**2 for change in values if change > 0) / max(len(values) / 2, 1)
        for key, values in changes.items()
    }
    return {key: max(LEAST_SD**2, variance) for key, variance in rises.items()}
