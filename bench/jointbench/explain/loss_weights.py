"""Do loss weights matter?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.context import Context
from jointbench.explain.loss_weight_sweep import Sweep, WeightEffect, train_sweep, weight_effects
from jointbench.explain.number_text import signed
from jointbench.explain.skill import difference, mean_over_outputs
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment

KEY = "loss-weights"
QUESTION = "Do loss weights matter?"
SWEEP = "Skill by loss weights"
SEPARATE = "separate"


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises RuntimeError when too few fits ended to compare any weights."""
    return answer(train_sweep(experiment, backend, context), experiment.dataset.slug, backend)


def answer(sweep: Sweep, dataset: str, backend: str) -> Answer:
    """The sentence and its tables. Raises RuntimeError when too few fits ended to compare any weights."""
    effects = weight_effects(sweep)
    if not effects:
        raise RuntimeError("too few networks could be trained to compare loss weights")
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
        tables=(_settings_table(sweep), _effects_table(effects)),
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


def _settings_table(sweep: Sweep) -> Table:
    """The figure is drawn from it, too."""
    rows: list[tuple[Value, ...]] = []
    chosen, means, front = sweep.chosen, sweep.mean_skill, sweep.pareto_front
    for i, setting in enumerate(sweep.settings):
        rows.append(
            (
                setting.label,
                setting.output if setting.ratio != 1 else "none",
                "yes" if front[i] else "no",
                setting.ratio,
                *(float(mean) for mean in means[i]),
                float(np.nanmean(sweep.validation[i])),
                chosen.count(i),
            )
        )
    separate = (float(mean) for mean in sweep.mean_separate_skill)
    rows.append((SEPARATE, "none", "no network is shared", None, *separate, None, None))
    columns = (
        "Weights",
        "Weighed output",
        "On the Pareto front",
        "Ratio to the others",
        *(f"Skill: {name}" for name in sweep.outputs),
        "Mean skill on validation rows",
        "Splits that choose it",
    )
    return Table(SWEEP, columns, tuple(rows))


def _effects_table(effects: Sequence[WeightEffect]) -> Table:
    return Table(
        "Skill of an output where it weighs 2 to 16 times the others, less that where it weighs a half to a sixteenth",
        ("Output", "Difference", "from", "to"),
        tuple((effect.output, effect.mean, effect.low, effect.high) for effect in effects),
    )
