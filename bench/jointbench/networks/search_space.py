"""The configurations of networks that tuning tries: the first is the rules' own, the others fill the space evenly.

Every arm tries the same ones, and so does each network of an arm, which then chooses its own. None depends on how an
earlier one did: so no fold learns anything from another fold's rows, and all of them train together.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jointbench.errors import BadInput
from jointbench.types import Recipe, Shape

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

LEARNING_RATE = (3e-4, 3e-2)
WEIGHT_DECAY = (1e-3, 1.0)
DOUBLINGS = (-1, 1)  # of width and batch size
DEPTH = (1, 3)
DROPOUTS = (0.0, 0.1, 0.25)
LOSS_WEIGHT = (0.25, 4.0)
RATE, DECAY, WIDTH, LAYERS, BATCH, DROP, WEIGHT = (
    "learning rate",
    "weight decay",
    "width",
    "depth",
    "batch size",
    "dropout",
    "loss weight of ",
)


@dataclass(frozen=True)
class Configuration:
    """What one trial trains with: base shape and recipe."""

    shape: Shape
    recipe: Recipe


def configurations(
    shape: Shape, recipe: Recipe, outputs: Sequence[str], count: int, seed: int
) -> tuple[Configuration, ...]:
    """``count`` of them, the given one first. More of them only add to the end.

    Points of a scrambled Sobol sequence (Bergstra & Bengio, "Random search for hyper-parameter optimization",
    JMLR 2012, section 6), asked
    of Optuna: learning rate 3e-4 to 3e-2 and weight decay 1e-3 to 1 on a logarithmic scale, half to twice the batch;
    of dense trunks half to twice the width and 1 to 3 layers, or blocks of a residual one; dropout 0, 0.1 or 0.25; of
    several outputs loss weights from 1/4 to 4.
    Raises BadInput where Optuna is not installed.
    """
    space = _space(shape, recipe, outputs)
    return (Configuration(shape, recipe), *(_configured(shape, recipe, p) for p in _points(space, count - 1, seed)))


def for_group(recipe: Recipe, group: Sequence[str]) -> Recipe:
    """The recipe with the loss weights of these outputs alone; a single one's would only scale its loss."""
    weights = tuple((name, weight) for name, weight in recipe.loss_weights if name in group)
    return replace(recipe, loss_weights=weights if len(group) > 1 else ())


def _space(shape: Shape, recipe: Recipe, outputs: Sequence[str]) -> dict[str, BaseDistribution]:
    try:
        from optuna.distributions import FloatDistribution, IntDistribution
    except ImportError as error:
        raise BadInput("--tune needs Optuna; install it with pip install 'jointbench[tune]'") from error

    space: dict[str, BaseDistribution] = {
        RATE: FloatDistribution(*LEARNING_RATE, log=True),
        BATCH: IntDistribution(*DOUBLINGS),
    }
    if recipe.optimizer == "adamw":
        space[DECAY] = FloatDistribution(*WEIGHT_DECAY, log=True)
    if shape.trunk and not shape.channels and not shape.own_trunk:
        space |= {WIDTH: IntDistribution(*DOUBLINGS), LAYERS: IntDistribution(*DEPTH)}
    if not shape.own_trunk:
        space[DROP] = IntDistribution(0, len(DROPOUTS) - 1)
    if len(outputs) > 1:
        space |= {WEIGHT + name: FloatDistribution(*LOSS_WEIGHT, log=True) for name in outputs}
    return space


def _points(space: dict[str, BaseDistribution], count: int, seed: int) -> list[Mapping[str, float]]:
    from optuna import create_study, logging
    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import QMCSampler

    logging.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of the sampler's interface, which is this one call
        study = create_study(sampler=QMCSampler(qmc_type="sobol", scramble=True, seed=seed))
    study.tell(study.ask(space), 0.0)  # the sampler draws its first point at random, to learn the space
    return [study.ask(space).params for _ in range(count)]


def _configured(shape: Shape, recipe: Recipe, point: Mapping[str, float]) -> Configuration:
    weights = tuple(
        (name.removeprefix(WEIGHT), _digits(value)) for name, value in point.items() if name.startswith(WEIGHT)
    )
    recipe = replace(
        recipe,
        learning_rate=_digits(point[RATE]),
        batch_size=max(1, int(recipe.batch_size * 2.0 ** point[BATCH])),
        weight_decay=_digits(point.get(DECAY, recipe.weight_decay)),
        loss_weights=weights or recipe.loss_weights,
    )
    if WIDTH in point:
        width, *blocks = (max(1, int(units * 2.0 ** point[WIDTH])) for units in shape.trunk)
        layers = int(point[LAYERS])
        shape = replace(shape, trunk=(width, *blocks[:1] * layers) if shape.residual else (width,) * layers)
    if DROP in point:
        shape = replace(shape, dropout=DROPOUTS[int(point[DROP])])
    return Configuration(shape, recipe)


def _digits(value: float) -> float:
    """As much of it as a reader needs to train the same network."""
    return float(f"{value:.3g}")
