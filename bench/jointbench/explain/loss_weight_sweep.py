"""Joint networks trained with a range of loss weights, and separate networks for reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.explain.context import Context, networks_of
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.skill import SplitKey, difference, known_mean, simultaneous, skills, split_keys
from jointbench.records import Fit
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.pareto import pareto_set
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

RATIOS = (16.0, 8.0, 4.0, 2.0, 0.5, 0.25, 0.125, 0.0625)  # of one output's weight to the others'; 1 is run once
MAX_WEIGHED = 3  # outputs whose weight is varied against the rest


@dataclass(frozen=True)
class Setting:
    """Loss weights, one an output: ``output`` weighs ``ratio`` times what each other does; the smaller weight is 1."""

    output: str
    ratio: float
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.ratio > 0:
            raise ValueError(f"loss weights in a ratio of {self.ratio}")

    @property
    def label(self) -> str:
        return ":".join(f"{weight:g}" for weight in self.weights)


def settings(outputs: Sequence[str]) -> tuple[Setting, ...]:
    """Equal weights first, then every ratio.

    Of two outputs, the first is weighed against the second; of more, each of the first MAX_WEIGHED against the rest.
    """
    weighed = outputs[:1] if len(outputs) == 2 else outputs[:MAX_WEIGHED]
    equal = Setting(outputs[0], 1.0, (1.0,) * len(outputs))
    return (equal, *(Setting(name, ratio, _weights(outputs, name, ratio)) for name in weighed for ratio in RATIOS))


def _weights(outputs: Sequence[str], name: str, ratio: float) -> tuple[float, ...]:
    own, others = (ratio, 1.0) if ratio >= 1 else (1.0, 1 / ratio)
    return tuple(own if output == name else others for output in outputs)


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """Every setting's networks over the same splits, and separate networks as the points of reference.

    test: (settings, outputs, splits) skill. validation: (settings, splits), the outputs' mean validation skill at the
    epoch whose weights were kept. separate: (outputs, splits). flops: (settings,), of all the setting's fits.
    lost: fits that failed, in words.
    """

    outputs: tuple[str, ...]
    settings: tuple[Setting, ...]
    folds: int
    test: FloatArray
    validation: FloatArray
    separate: FloatArray
    flops: FloatArray
    lost: str = ""

    @property
    def chosen(self) -> list[int]:
        """The setting that each split's validation rows choose, without the split's test rows."""
        return [int(i) for i in np.nan_to_num(self.validation, nan=-np.inf).argmax(axis=0)]

    @property
    def chosen_skill(self) -> FloatArray:
        """(outputs, splits): test skill of the chosen setting."""
        return np.stack([self.test[setting, :, split] for split, setting in enumerate(self.chosen)], axis=1)

    @property
    def mean_skill(self) -> FloatArray:
        """(settings, outputs): test skill, mean over splits."""
        return known_mean(self.test, axis=2)

    @property
    def mean_separate_skill(self) -> FloatArray:
        """(outputs,): test skill of the separate networks, mean over splits."""
        return known_mean(self.separate, axis=1)

    @property
    def pareto_front(self) -> npt.NDArray[np.bool_]:
        """(settings,): whether no other setting is at least as good on every output and better on one."""
        means = self.mean_skill
        measured = np.isfinite(means).all(axis=1)
        front = np.zeros(len(means), np.bool_)
        front[measured] = pareto_set(means[measured], ["larger"] * len(self.outputs))
        return front


def train_sweep(experiment: Experiment, backend: str, context: Context) -> Sweep:
    """Trained on the engine, all settings in the same stacks."""
    outputs = tuple(output.name for output in experiment.dataset.outputs)
    tried = settings(outputs)
    networks = [networks_of(experiment, "joint", backend, context.device, setting.weights) for setting in tried]
    fits = context.fits(experiment, [network for group in networks for network in group])
    by_setting = [fits[i * len(networks[0]) : (i + 1) * len(networks[0])] for i in range(len(tried))]
    separate = context.fits(experiment, networks_of(experiment, "separate", backend, context.device))
    keys = split_keys(experiment)
    return Sweep(
        outputs=outputs,
        settings=tried,
        folds=experiment.splits[0].folds,
        test=np.stack([_stacked(skills(experiment, setting_fits, keys)) for setting_fits in by_setting]),
        validation=np.stack([validation_skill(setting_fits, keys) for setting_fits in by_setting]),
        separate=_stacked(skills(experiment, separate, keys)),
        lost=lost_fits(fit.failure for fit in [*fits, *separate]),
        flops=np.array([float(sum(fit.train_flops for fit in setting_fits)) for setting_fits in by_setting]),
    )


def _stacked(by_output: Mapping[str, FloatArray]) -> FloatArray:
    """(outputs, splits)."""
    return np.stack(list(by_output.values()))


def validation_skill(fits: Sequence[Fit], keys: Sequence[SplitKey]) -> FloatArray:
    """(splits,): 1 - the mean over outputs of validation loss over no-skill loss, at the best epoch, seeds averaged."""
    by_split: dict[SplitKey, list[float]] = {}
    for fit in fits:
        loss = float(fit.validation_loss[fit.best_epoch].mean()) if fit.failure is None else np.nan
        by_split.setdefault((fit.network.repeat, fit.network.fold), []).append(1 - loss)
    return np.array([np.mean(by_split[key]) for key in keys])


@dataclass(frozen=True)
class WeightEffect:
    """What an output gains from a larger weight.

    Its test skill where it weighs more than every other output, less that where it weighs less, each averaged over
    such settings. The interval holds for all outputs at once.
    """

    output: str
    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        return abs(self.mean) > ROPE and (self.low > 0 or self.high < 0)

    @property
    def negligible(self) -> bool:
        return self.low > -ROPE and self.high < ROPE


def weight_effects(sweep: Sweep) -> list[WeightEffect]:
    """One comparison an output, fixed before the results are known, with Bonferroni's interval over them."""
    posteriors = []
    for k, output in enumerate(sweep.outputs):
        others = [[w for i, w in enumerate(setting.weights) if i != k] for setting in sweep.settings]
        more = [i for i, setting in enumerate(sweep.settings) if setting.weights[k] > max(others[i])]
        less = [i for i, setting in enumerate(sweep.settings) if setting.weights[k] < min(others[i])]
        if more and less:
            posterior = difference(sweep.test[more, k].mean(axis=0), sweep.test[less, k].mean(axis=0), sweep.folds)
            if posterior is not None:
                posteriors.append((output, posterior))
    return [
        WeightEffect(output, posterior.mean, *simultaneous(posterior, len(posteriors)))
        for output, posterior in posteriors
    ]
