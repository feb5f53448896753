"""Families of estimators: one that takes several outputs natively, and the one that is cloned for each output."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jointbench.errors import BadInput
from jointbench.networks.network_options import NETWORK_MODELS

Estimator = Any  # what scikit-learn calls one: fit, predict, get_params; the protocol has no type of its own


@dataclass(frozen=True)
class Family:
    """name: what stands where a study names its framework. joint, separate: estimators, never fitted themselves."""

    name: str
    joint: Estimator
    separate: Estimator


def check_family(family: Family) -> None:
    """Raises BadInput for what is no estimator."""
    for role, estimator in (("joint", family.joint), ("separate", family.separate)):
        for method in ("fit", "predict", "get_params"):
            if isinstance(estimator, type) or not hasattr(estimator, method):
                what = f"the class {estimator.__name__}" if isinstance(estimator, type) else type(estimator).__name__
                way_out = "give an instance" if isinstance(estimator, type) else f"it has no {method}"
                raise BadInput(f"{role} is {what}, no scikit-learn estimator: {way_out}")


def estimator_families(
    models: Sequence[str], joint: Estimator = None, separate: Estimator = None
) -> tuple[Family, ...]:
    """The families that are asked for by name, and the one of a user's own estimators. Networks are none of them.

    Raises BadInput for an unknown name, and for ``separate`` alone.
    """
    if joint is None and separate is not None:
        raise BadInput("separate is given without joint; give the estimator that is trained on all outputs too")
    own = () if joint is None else (Family(type(joint).__name__, joint, joint if separate is None else separate),)
    return (*own, *(named_family(name) for name in dict.fromkeys(models) if name not in NETWORK_MODELS))


def named_family(name: str) -> Family:
    """The family of this name, in its usual settings. Raises BadInput for an unknown one, or without its library."""
    if name not in FAMILIES:
        raise BadInput(f"--model {name}: the models are {', '.join(NETWORK_MODELS)}, {', '.join(FAMILIES)}")
    estimator = FAMILIES[name]()
    return Family(name, estimator, estimator)


def _forest(kind: str) -> Estimator:
    from sklearn import ensemble

    return getattr(ensemble, kind)(n_estimators=100, min_samples_leaf=3, n_jobs=1, random_state=0)


def _neighbours() -> Estimator:
    from sklearn.neighbors import KNeighborsRegressor

    return KNeighborsRegressor(n_neighbors=10, weights="distance")


def _ridge() -> Estimator:
    from sklearn.linear_model import Ridge

    return Ridge()


def _xgboost() -> Estimator:
    module = _library("xgboost", "xgboost")
    return module.XGBRegressor(
        n_estimators=200, max_depth=6, learning_rate=0.1, n_jobs=1, multi_strategy="multi_output_tree", random_state=0
    )


def _catboost() -> Estimator:
    module = _library("catboost", "catboost")
    return module.CatBoostRegressor(
        loss_function="MultiRMSE",
        iterations=200,
        depth=6,
        learning_rate=0.1,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
        random_seed=0,
    )


def _library(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BadInput(f"--model {extra}: {module} is not installed; pip install 'jointbench[{extra}]'") from error


FAMILIES: dict[str, Callable[[], Estimator]] = {
    "forest": lambda: _forest("RandomForestRegressor"),
    "extra-trees": lambda: _forest("ExtraTreesRegressor"),
    "neighbours": _neighbours,
    "ridge": _ridge,
    "xgboost": _xgboost,
    "catboost": _catboost,
}
