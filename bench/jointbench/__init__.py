"""jointbench: one shared-trunk network with N outputs, or N separate networks? Measured.

``compare`` does in Python what ``jointbench run`` does with a file, ``judge`` gives verdicts on predictions that other
tools made, ``compare_arms`` on the records of a run.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, cast

from jointbench.errors import BadInput

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from jointbench.api.result import Result
    from jointbench.comparison.api import Comparisons
    from jointbench.records import Record
    from jointbench.types import Kind, Norm

try:
    __version__ = version("jointbench")
except PackageNotFoundError:  # run from a checkout without installation
    __version__ = "0+unknown"


__all__ = ["BadInput", "compare", "compare_arms", "judge"]


def compare(  # the command's options as keywords
    X: Any,  # noqa: N803  # scikit-learn's names
    Y: Any,  # noqa: N803
    *,
    joint: Any = None,
    separate: Any = None,
    models: Sequence[str] | str | None = None,
    trunk: Any = None,
    arms: Sequence[str] = ("joint", "separate", "separate-matched"),
    backends: Sequence[str] | str | None = None,
    device: str = "auto",
    profile: str = "quick",
    groups: Any = None,
    time: Any = None,
    sample_weight: Any = None,
    class_weight: str | None = None,
    kinds: Mapping[str, Kind] | None = None,
    metrics: Mapping[str, str] | str | None = None,
    loss_weights: Mapping[str, float] | None = None,
    dropout: float | None = None,
    norm: str | None = None,
    rope: Mapping[str, float] | float | None = None,
    probability: float | None = None,
    worth: float | None = None,
    folds: int | None = None,
    repeats: int | None = None,
    seeds: int | None = None,
    rows: int | None = None,
    random_state: int = 0,
    budget: float | None = None,
    until_decided: bool = False,
    tune: int | None = None,
    n_jobs: int | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    test: tuple[Any, Any] | None = None,
    name: str = "frame",
    progress: bool = True,
) -> Result:
    """One network for all columns of Y, or one for each? Trains both on the table and compares them.

    X, Y: (rows, features) and (rows, outputs), at least two outputs: data frames (pandas, polars and what narwhals
    reads), dicts of columns, or 2-D arrays. NaN, None and masked cells are missing; rows without an output's label
    count for the others. kinds: by output, "regression", "binary" or "multiclass", where it is read wrongly.
    joint, separate: scikit-learn estimators; one ``joint`` is trained on all outputs, a clone of ``separate`` (default:
    of ``joint``) for each. models: "mlp" for networks (the default where no estimator is given), or "resnet" for residual ones, "forest",
    "extra-trees", "neighbours", "ridge", "xgboost", "catboost": several are compared beside each other.
    trunk: of the networks, in place of dense layers: a function of the shape of a row, (features,), and of a width, or
    of the shape alone, that returns a ``torch.nn.Module`` or a Keras layer from (rows, features) to (rows, units); for
    both frameworks {"torch": ..., "tensorflow": ...}. Heads are put on it for each arm. The stock loop trains it, or
    the engine where it has dense layers alone; its FLOPs are those that its framework counts.
    arms: of networks, by name (joint, separate, separate-matched, joint-wide, joint-checkpointed), or partitions such as "a,c|b"; with a suffix
    such as "@uw", losses are weighed by a method in training ("joint@uw"; also dwa, famo, pcgrad, mgda, upgrad).
    "best-grouping" is the partition that validation rows choose in each run.
    backends: "torch" (the default), "tensorflow" or both. device: "cpu", "cuda" or "auto". profile: "smoke", "quick" or "full".
    groups: (rows,), rows with equal values share a fold. time: (rows,), splits go forward in it. sample_weight: (rows,),
    from 0 up, what rows weigh in loss and skill. class_weight: "balanced" or None.
    metrics: of the error that skill is made of, for all or by output: squared, absolute, pinball:Q; brier, log,
    zero-one. loss_weights: by output, default 1. dropout: the share of hidden units that networks do without in each
    training step. norm: "layer" for layer normalisation of hidden layers. rope: the difference in skill that does not matter, default 0.01, for
    all or by output. probability: what a verdict needs, default 0.95. worth: the skill that half the cost is worth.
    rows: that are used, at the most; default: the profile's. folds, repeats, seeds: a fixed design. budget: seconds for training and timing. until_decided: train on until every
    comparison is decided or cannot be. tune: configurations to try for each network of each arm, in a fixed design; each is
    served in the one that did best on its validation rows. n_jobs: worker processes, default the physical cores.
    random_state: the seed of everything drawn; the same seed gives the same records but for clock samples.
    keep: columns of X to use as they stand, though they look like identifiers. drop: columns of X to leave
    out. categorical: columns whose numbers are names; a pattern such as "id*" too. test: (X, Y) of the rows to test on, in
    place of folds; ``repeats`` (at least 3) says by how many fits. name: of the table on the page.

    Raises BadInput, one sentence, for whatever cannot be compared.

    >>> import jointbench
    >>> result = jointbench.compare(X, Y)  # doctest: +SKIP
    >>> print(result.verdict, result.reason)  # doctest: +SKIP
    """
    from jointbench.api.compare import Frames, compare_frames, words  # so that importing jointbench stays light
    from jointbench.estimators.family import estimator_families
    from jointbench.networks.network_options import NetworkOptions
    from jointbench.runs.options import RunOptions

    if models is None:
        models = "mlp" if joint is None or trunk is not None else ()
    chosen = (models,) if isinstance(models, str) else models
    asked = (backends,) if isinstance(backends, str) else backends
    families = estimator_families(chosen, joint, separate)
    options = RunOptions(
        profile=profile,
        models=tuple(chosen),
        arms=tuple(arms),
        backends=tuple(asked or ("torch",)),
        device=device,
        folds=folds,
        repeats=repeats,
        seeds=seeds,
        rows=rows,
        seed=random_state,
        jobs=n_jobs,
        keep=words(keep),
        drop=words(drop),
        categorical=words(categorical),
        class_weight=class_weight,
        metrics=words(metrics),
        loss_weights=words(loss_weights),
        ropes=words(rope),
        probability=probability,
        worth=worth,
        budget=budget,
        until_decided=until_decided,
        tune=tune,
        network=NetworkOptions(dropout=dropout, norm=cast("Norm | None", norm)),
    )
    frames = Frames(
        X=X, Y=Y, name=name, kinds=kinds or {}, groups=groups, time=time, sample_weight=sample_weight, test=test
    )
    return compare_frames(frames, options, families, trunk=trunk, backends=asked, progress=progress)


def judge(
    predictions: pd.DataFrame,
    *,
    joint: str = "joint",
    kinds: Mapping[str, Kind] | None = None,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    rope: Mapping[str, float] | float | None = None,
    probability: float | None = None,
    worth: float | None = None,
    name: str = "predictions",
) -> Result:
    """Verdicts on out-of-fold predictions that any tool made.

    predictions: a long table with columns row, fold, output, arm, y_true and y_pred (a number, a class, or the
    probability of the second of two classes), or in place of y_pred one column of probabilities for each class, named
    as the class is or ``p_`` and its name; and, where there are several, repeat and seed. Every arm is tested on the
    same rows and folds, every row once in each repeat.
    joint: the arm whose one model predicts all outputs. kinds: by output, where its kind is read wrongly. costs:
    {"training": {"joint": 12.5, "separate": 31}}, in any unit, and "request" alike. rope, probability, worth: see
    ``compare``.

    Raises BadInput, one sentence, for whatever cannot be compared.

    >>> import jointbench
    >>> print(jointbench.judge(frame))  # doctest: +SKIP
    """
    from jointbench.api.judge import judge_frame

    return judge_frame(
        predictions,
        joint=joint,
        kinds=kinds or {},
        costs=costs or {},
        criteria=(rope, probability, worth),
        name=name,
    )


def compare_arms(
    records: str | os.PathLike[str] | Iterable[Record], *, rope: float = 0.01, probability: float = 0.95
) -> Comparisons:
    """Compares joint with every other arm: the verdicts of ``jointbench report``, as frozen dataclasses.

    records: a run's folder, its records.jsonl, or the records themselves (``jointbench.records.store.read_records``).
    rope: half the region of practical equivalence, a difference in skill. probability: what a verdict needs.
    Raises BadInput for a file that holds no records, ValueError for a region or probability that decides nothing.

    >>> import jointbench
    >>> result = jointbench.compare_arms("results/runs/mine")  # doctest: +SKIP
    >>> for pair in result.comparisons:  # doctest: +SKIP
    ...     print(pair.dataset, pair.other, pair.decision.verdict, pair.decision.reason)
    """
    from jointbench.comparison.api import compare_arms as compare  # so that importing jointbench stays light
    from jointbench.comparison.criteria import VerdictCriteria

    return compare(records, VerdictCriteria(rope, probability))
