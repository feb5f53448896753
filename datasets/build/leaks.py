"""Computes what the cards state about leaks: ``python datasets/build/leaks.py [SLUG]...``

A leak is a feature, or a few of them, that gives an output away: then all networks are equally good, and comparing
them is useless. jointbench must be importable.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from jointbench.data.catalog import bundled_slugs, card_of, load_bundled

Floats = npt.NDArray[np.float64]
Folds = list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]

MOST_ROWS = 20_000  # of a larger table, a random sample of so many rows is used
LEAF_SIZES = (1, 5, 25, 100)


def coded(features: pd.DataFrame) -> Floats:
    """The features as float64, (rows, features), categories as codes: what a tree can split."""
    columns = [
        column.cat.codes.to_numpy(np.float64) if column.dtype == "category" else column.to_numpy(np.float64)
        for _, column in features.items()
    ]
    return np.column_stack(columns)


def folds_of(features: pd.DataFrame, groups: npt.NDArray[np.integer] | None) -> Folds:
    """Five folds; rows of a group share one, and so do rows with the same features, as in the benchmark."""
    if groups is None:
        groups = features.groupby(list(features.columns), observed=True, dropna=False).ngroup().to_numpy()
    return list(GroupKFold(5, shuffle=True, random_state=0).split(features, groups=groups))


def tree_skill(
    column: Floats, target: Floats, classes: int, folds: Folds, leaf_sizes: tuple[int, ...] = LEAF_SIZES
) -> float:
    """Out-of-fold skill of a decision tree on one feature, the best of several leaf sizes.

    Skill is the part of the no-skill error (mean, or class frequencies) that the tree removes.
    classes: 0 for regression.
    """
    return max(_tree_skill(column[:, None], target, classes, folds, size) for size in leaf_sizes)


def _tree_skill(column: Floats, target: Floats, classes: int, folds: Folds, leaf: int) -> float:
    error = no_skill = 0.0
    for train, test in folds:
        if classes == 0:
            tree = DecisionTreeRegressor(min_samples_leaf=leaf, random_state=0).fit(column[train], target[train])
            error += float(np.sum((target[test] - tree.predict(column[test])) ** 2))
            no_skill += float(np.sum((target[test] - target[train].mean()) ** 2))
            continue
        classifier = DecisionTreeClassifier(min_samples_leaf=leaf, random_state=0).fit(column[train], target[train])
        frequencies = (np.bincount(target[train].astype(int), minlength=classes) + 0.5) / (len(train) + 0.5 * classes)
        leaves = classifier.apply(column[train])
        counts = np.zeros((classifier.tree_.node_count, classes))
        np.add.at(counts, (leaves, target[train].astype(int)), 1.0)
        # One pseudo-row per leaf, so that none gives a probability of 1.
        probabilities = (counts + frequencies) / (counts.sum(axis=1, keepdims=True) + 1)
        truth = target[test].astype(int)
        error -= float(np.sum(np.log(probabilities[classifier.apply(column[test]), truth])))
        no_skill -= float(np.sum(np.log(frequencies[truth])))
    return 1 - error / no_skill


def model_skill(features: pd.DataFrame, target: Floats, classes: int, folds: Folds, linear: bool) -> float:
    """Out-of-fold skill of all features: of a ridge or logistic regression, or of boosted trees."""
    if linear:
        categorical = list(features.columns[features.dtypes == "category"])
        numeric = [name for name in features.columns if name not in categorical]
        prepare = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), categorical),
            (StandardScaler(), numeric),
            sparse_threshold=0,
        )
        model = make_pipeline(prepare, Ridge(1e-3) if classes == 0 else LogisticRegression(C=100, max_iter=300))
        inputs: pd.DataFrame | Floats = features
    else:
        boosted = HistGradientBoostingRegressor if classes == 0 else HistGradientBoostingClassifier
        model = boosted(random_state=0)
        inputs = coded(features)
    if classes == 0:
        predicted = cross_val_predict(model, inputs, target, cv=folds)
        return 1 - float(np.mean((target - predicted) ** 2) / target.var())
    probabilities = cross_val_predict(model, inputs, target.astype(int), cv=folds, method="predict_proba")
    frequencies = np.bincount(target.astype(int), minlength=classes) / len(target)
    own = np.maximum(probabilities[np.arange(len(target)), target.astype(int)], 1e-6)
    return 1 - float(np.mean(np.log(own)) / np.sum(frequencies * np.log(frequencies)))


def look(slug: str) -> None:
    """Prints duplicates, the skill of the best single features, of all features, and of one output from another."""
    dataset = load_bundled(slug)
    outputs, targets = dataset.outputs, dataset.targets
    if not isinstance(dataset.features, pd.DataFrame):
        pixels = dataset.features.reshape(dataset.rows, -1)
        channels = ("red", "green", "blue")
        features = pd.DataFrame({f"brightest_{name}": pixels[:, at::3].max(axis=1) for at, name in enumerate(channels)})
        features["mean_pixel"] = pixels.mean(axis=1)
        print(f"{slug}: {dataset.features.shape}, {dataset.rows - len(np.unique(pixels, axis=0))} duplicate images")
    else:
        features = dataset.features
        repeated = features.duplicated()
        shared = features.duplicated(keep=False)
        print(f"{slug}: {features.shape}, {int(repeated.sum())} rows repeat an earlier row's features", end=" ")
        print(f"({int(shared.sum())} rows share theirs)")
        number = features[shared].groupby(list(features.columns), observed=True, dropna=False).ngroup()
        values = {output.name: pd.Series(targets[output.name])[shared].groupby(number).nunique() for output in outputs}
        differing = {name: int((counts > 1).sum()) for name, counts in values.items()}
        print(f"  sets of equal features with different outputs: {differing}")
        constant = [name for name in features if features[name].nunique(dropna=False) < 2]
        print(f"  constant features: {constant}; missing values: {int(features.isna().sum().sum())}")
    groups = dataset.groups
    if dataset.rows > MOST_ROWS:
        part = np.random.default_rng(0).choice(dataset.rows, MOST_ROWS, replace=False)
        features = features.iloc[part].reset_index(drop=True)
        targets = {name: target[part] for name, target in targets.items()}
        groups = None if groups is None else groups[part]
    folds = folds_of(features, groups)
    columns = coded(features)
    for output in outputs:
        target = targets[output.name]
        classes = len(output.classes)
        skills = {name: tree_skill(columns[:, at], target, classes, folds) for at, name in enumerate(features.columns)}
        best = sorted(skills, key=lambda name: -skills[name])[:4]
        others = {
            other.name: tree_skill(targets[other.name], target, classes, folds) for other in outputs if other != output
        }
        closest = sorted(others, key=lambda name: -others[name])[:3]
        print(f"  {output.name}: one feature " + ", ".join(f"{name} {skills[name]:.3f}" for name in best))
        print("    another output " + ", ".join(f"{name} {others[name]:.3f}" for name in closest), end="; ")
        print(f"all linearly {model_skill(features, target, classes, folds, True):.3f}", end=", ")
        print(f"boosted trees {model_skill(features, target, classes, folds, False):.3f}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in sys.argv[1:] or bundled_slugs():
        if card_of(name).file is not None:
            look(name)
