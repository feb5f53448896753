"""Do loss weights matter?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.explain.answer import Answer, AnswerData, Unanswerable, Value, check_lengths
from jointbench.explain.context import Context
from jointbench.explain.loss_weight_sweep import Setting, Sweep, WeightEffect, train_sweep, weight_effects
from jointbench.explain.lost_fits import because
from jointbench.explain.number_text import signed
from jointbench.explain.skill import difference, known_mean, mean_over_outputs
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment

KEY = "loss-weights"
QUESTION = "Do loss weights matter?"


@dataclass(frozen=True, kw_only=True)
class SettingSkill:
    """What one setting of the loss weights reaches.

    skill: by output, mean over splits. validation_skill: mean over outputs and splits. chosen: by how many splits.
    """

    setting: Setting
    on_front: bool
    skill: tuple[float, ...]
    validation_skill: float
    chosen: int


@dataclass(frozen=True, kw_only=True)
class WeightComparison(AnswerData):
    """The sweep; separate_skill: of the separate networks, by output."""

    outputs: tuple[str, ...]
    settings: tuple[SettingSkill, ...]
    separate_skill: tuple[float, ...]
    effects: tuple[WeightEffect, ...]

    def __post_init__(self) -> None:
        check_lengths(len(self.outputs), self.separate_skill, *(setting.skill for setting in self.settings))


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises Unanswerable when too few fits ended to compare any weights."""
    return answer(train_sweep(experiment, backend, context), experiment.dataset.slug, backend)


def answer(sweep: Sweep, dataset: str, backend: str) -> Answer:
    """The sentence and its data. Raises Unanswerable when too few fits ended to compare any weights."""
    effects = weight_effects(sweep)
    if not effects:
        raise Unanswerable("too few networks could be trained to compare loss weights" + because(sweep.lost))
    largest = _largest(effects)
    gain = _validation_gain(sweep)
    numbers: dict[str, Value] = {
        "settings": len(sweep.settings),
        "largest_favour": largest.mean,
        "low": largest.low,
        "high": largest.high,
        "largest_step_from_equal": _largest_step(sweep)[2],
        "pareto_settings": int(sweep.pareto_front.sum()),
        "settings_at_least_separate": _at_least_separate(sweep),
        "settings_at_most_separate": _at_most_separate(sweep),
        "chosen_gain": None if gain is None else gain.mean,
        "chosen_gain_low": None if gain is None else gain.low,
        "chosen_gain_high": None if gain is None else gain.high,
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(sweep, effects, gain),
        numbers=numbers,
        data=WeightComparison(
            outputs=sweep.outputs,
            settings=_setting_skills(sweep),
            separate_skill=tuple(sweep.mean_separate_skill.tolist()),
            effects=tuple(effects),
        ),
    )


def _largest(effects: Sequence[WeightEffect]) -> WeightEffect:
    clear = [effect for effect in effects if effect.clear]
    return max(clear or effects, key=lambda effect: abs(effect.mean))


def _validation_gain(sweep: Sweep) -> Posterior | None:
    """Mean test skill of the weights that validation rows choose, less that of equal weights."""
    equal = mean_over_outputs(dict(zip(sweep.outputs, sweep.test[0], strict=True)))
    return difference(sweep.chosen_skill.mean(axis=0), equal, sweep.folds)


def _largest_step(sweep: Sweep) -> tuple[int, int, float]:
    """Setting and output where the mean skill is furthest from that of equal weights, and the difference."""
    steps = sweep.mean_skill - sweep.mean_skill[0]
    setting, output = np.unravel_index(np.nan_to_num(np.abs(steps)).argmax(), steps.shape)
    return int(setting), int(output), float(steps[setting, output])


def _at_least_separate(sweep: Sweep) -> int:
    """Number of settings at least as good as separate networks on every output."""
    return int((sweep.mean_skill >= sweep.mean_separate_skill).all(axis=1).sum())


def _at_most_separate(sweep: Sweep) -> int:
    """Number of settings no better than separate networks on any output."""
    return int((sweep.mean_skill <= sweep.mean_separate_skill).all(axis=1).sum())


def _sentence(sweep: Sweep, effects: Sequence[WeightEffect], gain: Posterior | None) -> str:
    if any(effect.clear for effect in effects):
        verdict = "They matter"
    elif all(effect.negligible for effect in effects):
        verdict = "They hardly matter"
    else:
        verdict = "Inconclusive"
    largest = _largest(effects)
    gain_text = ""
    if gain is not None:
        gain_text = (
            f" The weights that validation rows choose gain {signed(gain.mean)} mean test skill over equal ones "
            f"(95 % interval {signed(gain.low)} to {signed(gain.high)})."
        )
    setting, output, step = _largest_step(sweep)
    return (
        f"{verdict}: {largest.output} has {abs(largest.mean):.3f} {'more' if largest.mean > 0 else 'less'} skill where "
        f"it weighs 2 to 16 times the other{'s' if len(sweep.outputs) > 2 else ''} than where it weighs a half to a "
        f"sixteenth (difference {signed(largest.mean)}, {signed(largest.low)} to {signed(largest.high)}, an interval "
        f"for all {len(effects)} outputs weighed). The largest step from equal weights is {signed(step)}, "
        f"{sweep.outputs[output]} at {sweep.settings[setting].label}.{gain_text} Settings on the Pareto front: "
        f"{int(sweep.pareto_front.sum())} of {len(sweep.settings)}; at least as good as separate networks on every "
        f"output: {_at_least_separate(sweep)}; no better than them on any: {_at_most_separate(sweep)}."
    )


def _setting_skills(sweep: Sweep) -> tuple[SettingSkill, ...]:
    chosen, means, front = sweep.chosen, sweep.mean_skill, sweep.pareto_front
    return tuple(
        SettingSkill(
            setting=setting,
            on_front=bool(front[i]),
            skill=tuple(means[i].tolist()),
            validation_skill=float(known_mean(sweep.validation[i])),
            chosen=chosen.count(i),
        )
        for i, setting in enumerate(sweep.settings)
    )
