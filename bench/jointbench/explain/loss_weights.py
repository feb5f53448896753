"""Do loss weights matter?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.context import Context, networks_of
from jointbench.explain.number_text import signed
from jointbench.explain.skill import Place, difference, mean_over_outputs, places_of, simultaneous, skills
from jointbench.records import Fit
from jointbench.stats.correlated_t_test import ROPE
from jointbench.stats.pareto import pareto_set
from jointbench.study.plan import Experiment
from jointbench.types import FloatArray

KEY = "loss-weights"
QUESTION = "Do loss weights matter?"
RATIOS = (16.0, 8.0, 4.0, 2.0, 0.5, 0.25, 0.125, 0.0625)  # of one output's weight to the others'; 1 is run once
MOST_WEIGHED = 3  # outputs that are weighed against the rest in turn


@dataclass(frozen=True)
class Setting:
    """Loss weights, one an output: ``output`` weighs ``ratio`` times what each other does; the smaller weight is 1."""

    output: str
    ratio: float
    weights: tuple[float, ...]

    @property
    def label(self) -> str:
        return ":".join(f"{weight:g}" for weight in self.weights)


def settings(outputs: Sequence[str]) -> tuple[Setting, ...]:
    """Equal weights first, then every ratio: of the first output to the second, or of each of the first
    MOST_WEIGHED to all the rest."""
    weighed = outputs[:1] if len(outputs) == 2 else outputs[:MOST_WEIGHED]
    equal = Setting(outputs[0], 1.0, (1.0,) * len(outputs))
    return (equal, *(Setting(name, ratio, _weights(outputs, name, ratio)) for name in weighed for ratio in RATIOS))


def _weights(outputs: Sequence[str], name: str, ratio: float) -> tuple[float, ...]:
    own, others = (ratio, 1.0) if ratio >= 1 else (1.0, 1 / ratio)
    return tuple(own if output == name else others for output in outputs)


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """Every setting's networks over the same splits, and separate networks as the points of reference.

    test: (settings, outputs, places) skill. validation: (settings, places), the outputs' mean validation skill at the
    epoch whose weights were kept. separate: (outputs, places). flops: (settings,), of all the setting's fits.
    """

    outputs: tuple[str, ...]
    settings: tuple[Setting, ...]
    folds: int
    test: FloatArray
    validation: FloatArray
    separate: FloatArray
    flops: FloatArray

    @property
    def chosen(self) -> list[int]:
        """The setting that each split's validation rows choose: a split's test rows have no part in it."""
        return [int(i) for i in np.nan_to_num(self.validation, nan=-np.inf).argmax(axis=0)]

    @property
    def chosen_skill(self) -> FloatArray:
        """(outputs, places): test skill of what was chosen."""
        return np.stack([self.test[setting, :, place] for place, setting in enumerate(self.chosen)], axis=1)


def sweep(experiment: Experiment, backend: str, context: Context) -> Sweep:
    """Trained on the engine, all settings in the same stacks."""
    outputs = tuple(output.name for output in experiment.dataset.outputs)
    tried = settings(outputs)
    networks = [networks_of(experiment, "joint", backend, context.device, setting.weights) for setting in tried]
    fits = context.fits(experiment, [network for each in networks for network in each])
    by_setting = [fits[i * len(networks[0]) : (i + 1) * len(networks[0])] for i in range(len(tried))]
    separate = context.fits(experiment, networks_of(experiment, "separate", backend, context.device))
    places = places_of(experiment)
    return Sweep(
        outputs=outputs,
        settings=tried,
        folds=experiment.splits[0].folds,
        test=np.stack([_table(skills(experiment, each, places)) for each in by_setting]),
        validation=np.stack([validation_skill(each, places) for each in by_setting]),
        separate=_table(skills(experiment, separate, places)),
        flops=np.array([float(sum(fit.train_flops for fit in each)) for each in by_setting]),
    )


def _table(by_output: Mapping[str, FloatArray]) -> FloatArray:
    return np.stack(list(by_output.values()))


def validation_skill(fits: Sequence[Fit], places: Sequence[Place]) -> FloatArray:
    """(places,): 1 - the mean over outputs of validation loss over no-skill loss, at the best epoch, seeds averaged."""
    found: dict[Place, list[float]] = {}
    for fit in fits:
        loss = float(fit.validation_loss[fit.best_epoch].mean()) if fit.failure is None else np.nan
        found.setdefault((fit.network.repeat, fit.network.fold), []).append(1 - loss)
    return np.array([np.mean(found[place]) for place in places])


@dataclass(frozen=True)
class Favour:
    """What an output gains from its weight: its test skill where it weighs more than every other output, less that where
    it weighs less, each averaged over such settings; the interval holds for all outputs at once."""

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


def favours(found: Sweep) -> list[Favour]:
    """One comparison an output, decided on before anything is seen, and Bonferroni's interval over them."""
    pairs = []
    for k, output in enumerate(found.outputs):
        others = [[w for i, w in enumerate(setting.weights) if i != k] for setting in found.settings]
        more = [i for i, s in enumerate(found.settings) if s.weights[k] > max(others[i])]
        less = [i for i, s in enumerate(found.settings) if s.weights[k] < min(others[i])]
        if more and less:
            believed = difference(found.test[more, k].mean(axis=0), found.test[less, k].mean(axis=0), found.folds)
            if believed is not None:
                pairs.append((output, believed))
    return [Favour(output, believed.mean, *simultaneous(believed, len(pairs))) for output, believed in pairs]


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    return answer(sweep(experiment, backend, context), experiment.dataset.slug, backend)


def answer(found: Sweep, dataset: str, backend: str) -> Answer:
    """The sentence and the table of settings. Raises RuntimeError when too few fits ended to compare any."""
    compared = favours(found)
    if not compared:
        raise RuntimeError("too few networks could be trained to compare loss weights")
    clear = [one for one in compared if one.clear]
    largest = max(clear or compared, key=lambda one: abs(one.mean))
    verdict = (
        "They matter" if clear else "They hardly matter" if all(one.negligible for one in compared) else "Inconclusive"
    )
    means = np.nanmean(found.test, axis=2)
    measured = np.isfinite(means).all(axis=1)
    front = np.zeros(len(means), np.bool_)
    front[measured] = pareto_set(means[measured], ["larger"] * len(found.outputs))
    steps = means - means[0]
    setting, output = np.unravel_index(np.nan_to_num(np.abs(steps)).argmax(), steps.shape)
    equal = mean_over_outputs(dict(zip(found.outputs, found.test[0], strict=True)))
    gained = difference(found.chosen_skill.mean(axis=0), equal, found.folds)
    apart = np.nanmean(found.separate, axis=1)
    beaten, beats = int((means >= apart).all(axis=1).sum()), int((means <= apart).all(axis=1).sum())
    gain = (
        ""
        if gained is None
        else (
            f" The weights that validation rows choose gain {signed(gained.mean)} mean test skill over equal ones "
            f"(95 % interval {signed(gained.low)} to {signed(gained.high)})."
        )
    )
    word = "more" if largest.mean > 0 else "less"
    sentence = (
        f"{verdict}: {largest.output} has {abs(largest.mean):.3f} {word} skill where it weighs 2 to 16 times the "
        f"other{'s' if len(found.outputs) > 2 else ''} than where it weighs a half to a sixteenth (difference "
        f"{signed(largest.mean)}, {signed(largest.low)} to {signed(largest.high)}, an interval for all {len(compared)} outputs weighed). "
        f"The largest step from equal weights is {signed(steps[setting, output])}, {found.outputs[output]} at "
        f"{found.settings[setting].label}.{gain} Settings on the Pareto front: {int(front.sum())} of {len(means)}; at least as good "
        f"as separate networks on every output: {beaten}; no better than them on any: {beats}."
    )
    numbers: dict[str, Value] = {
        "settings": len(means),
        "largest_favour": largest.mean,
        "low": largest.low,
        "high": largest.high,
        "largest_step_from_equal": float(steps[setting, output]),
        "pareto_settings": int(front.sum()),
        "settings_at_least_separate": beaten,
        "settings_at_most_separate": beats,
        "chosen_gain": None if gained is None else gained.mean,
        "chosen_gain_low": None if gained is None else gained.low,
        "chosen_gain_high": None if gained is None else gained.high,
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(_settings(found, means, front, apart), _favours(compared)),
    )


SWEEP = "Skill by loss weights"
SEPARATE = "separate"


def _settings(found: Sweep, means: FloatArray, front: npt.NDArray[np.bool_], apart: FloatArray) -> Table:
    """What the figure is drawn from, too."""
    rows: list[tuple[Value, ...]] = []
    chosen = found.chosen
    for i, setting in enumerate(found.settings):
        rows.append(
            (
                setting.label,
                setting.output if setting.ratio != 1 else "none",
                "yes" if front[i] else "no",
                setting.ratio,
                *(float(mean) for mean in means[i]),
                float(np.nanmean(found.validation[i])),
                chosen.count(i),
            )
        )
    rows.append((SEPARATE, "none", "no network is shared", None, *(float(mean) for mean in apart), None, None))
    return Table(
        SWEEP,
        (
            "Weights",
            "Weighed output",
            "On the Pareto front",
            "Ratio to the others",
            *(f"Skill: {name}" for name in found.outputs),
            "Mean skill on validation rows",
            "Splits that choose it",
        ),
        tuple(rows),
    )


def _favours(compared: Sequence[Favour]) -> Table:
    return Table(
        "Skill of an output where it weighs 2 to 16 times the others, less that where it weighs a half to a sixteenth",
        ("Output", "Difference", "from", "to"),
        tuple((one.output, one.mean, one.low, one.high) for one in compared),
    )
