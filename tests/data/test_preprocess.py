"""Preprocessing: what is estimated from training rows only, and comes out the same width in every fold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.data.preprocess import MAX_CATEGORIES, encode, in_units, prepare
from jointbench.data.splits import splits
from jointbench.types import Dataset, Output, Provenance, Split

Floats = npt.NDArray[np.float64]
NOWHERE = Provenance("made up", "none", "none", "0" * 64)
A, B, C = Output("a", "regression"), Output("b", "binary", ("n", "y")), Output("c", "multiclass", ("p", "q", "r"))


def names(cells: list[str] | npt.NDArray[np.str_], categories: list[str] | None = None) -> pd.Series:
    return pd.Series(pd.Categorical(list(cells), categories))


def mixed(rows: int, seed: int = 0) -> pd.DataFrame:
    """Numbers, numbers with gaps, and names; each with what a table from a file would hold."""
    rng = np.random.default_rng(seed)
    gaps = rng.normal(100, 30, rows)
    gaps[::4] = np.nan
    return pd.DataFrame(
        {"x": rng.lognormal(3, 1, rows), "g": gaps, "n": names(rng.choice(["u", "v", "w"], rows), ["u", "v", "w"])}
    )


def dataset(features: pd.DataFrame | npt.NDArray[np.uint8], outputs: tuple[Output, ...], **targets: Floats) -> Dataset:
    return Dataset(slug="table", title="Table", features=features, targets=targets, outputs=outputs, provenance=NOWHERE)


def codes(rng: np.random.Generator, classes: int, rows: int) -> Floats:
    return rng.integers(0, classes, rows).astype(np.float64)


def split_of(train: list[int], validation: list[int], test: list[int]) -> Split:
    return Split(
        repeat=0, fold=0, folds=2, train=np.array(train), validation=np.array(validation), test=np.array(test), seed=0
    )


def test_numbers_are_imputed_and_standardised_by_hand() -> None:
    """Median of the training rows into the gaps, then (value - mean) / standard deviation of those rows."""
    frame = mixed(40)
    train = np.arange(0, 40, 2)
    for place, name in enumerate(("x", "g")):
        values = frame[name].fillna(frame[name].iloc[train].median()).to_numpy()
        expected = (values - values[train].mean()) / values[train].std()
        assert encode(frame, train)[:, place] == pytest.approx(expected, abs=1e-4)


def test_a_gap_is_told_from_the_value_that_fills_it() -> None:
    frame = mixed(40)
    encoded = encode(frame, np.arange(30))
    assert encoded.shape == (40, 2 + 1 + 3)
    assert np.array_equal(encoded[:, 2], frame["g"].isna())


def test_names_are_one_hot() -> None:
    frame = mixed(40)
    hot = encode(frame, np.arange(30))[:, 3:]
    assert np.array_equal(hot, pd.get_dummies(frame["n"]).to_numpy(np.float32))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.floats(-1e6, 1e6), st.sampled_from(["u", "v", "w"]), st.booleans())
def test_nothing_of_validation_or_test_rows_leaks_into_the_training_rows(
    seed: int, wild: float, name: str, empty: bool
) -> None:
    """Wild values in all other rows leave the training rows' features, targets, scales and no-skill losses alone."""
    rows = 60
    rng = np.random.default_rng(seed)
    frame = mixed(rows, seed)
    targets = {"a": rng.normal(7, 3, rows), "b": codes(rng, 2, rows), "c": codes(rng, 3, rows)}
    order = rng.permutation(rows)
    split = Split(repeat=0, fold=0, folds=2, train=order[:30], validation=order[30:40], test=order[40:], seed=0)
    before = prepare(dataset(frame, (A, B, C), **targets), split)

    others = order[30:]
    changed = frame.copy()
    changed.loc[others, "x"] = wild
    changed.loc[others, "g"] = np.nan if empty else wild
    changed.loc[others, "n"] = name
    wild_targets = {name: values.copy() for name, values in targets.items()}
    wild_targets["a"][others] = np.nan if empty else wild
    wild_targets["b"][others] = 1.0
    wild_targets["c"][others] = 2.0
    after = prepare(dataset(changed, (A, B, C), **wild_targets), split)

    train = split.train
    assert np.array_equal(before.features[train], after.features[train])
    assert np.array_equal(before.targets[train], after.targets[train])
    assert np.array_equal(before.weights[train], after.weights[train])
    assert (before.mean, before.scale, before.no_skill) == (after.mean, after.scale, after.no_skill)
    assert not np.array_equal(before.features[others], after.features[others])


def test_rare_names_are_chosen_by_the_training_rows_too() -> None:
    """Which of 80 names share a column is an estimate: the other rows must not take part in it."""
    rng = np.random.default_rng(0)
    labels = [f"c{i:02}" for i in range(80)]
    cells = rng.choice(labels, 800)
    changed = cells.copy()
    changed[400:] = "c79"
    encoded, other = (encode(pd.DataFrame({"n": names(c, labels)}), np.arange(400))[:400] for c in (cells, changed))
    assert np.array_equal(encoded, other)


def test_every_fold_has_the_same_width() -> None:
    """Folds with another width are other networks: not comparable, not stackable, differently many parameters."""
    rng = np.random.default_rng(0)
    rows = 200
    sparse = np.full(rows, np.nan)
    sparse[:3] = [1.0, 2.0, 3.0]
    almost = rng.normal(size=rows)
    almost[7] = np.nan
    frame = pd.DataFrame(
        {
            "sparse": sparse,
            "almost": almost,
            "few": names(["rare" if i == 5 else "usual" for i in range(rows)]),
            "many": names([f"c{i % 70}" for i in rng.permutation(rows)]),
            "x": np.arange(float(rows)),
        }
    )
    data = dataset(frame, (A,), a=rng.normal(size=rows))
    widths = {prepare(data, split).features.shape[1] for split in splits(data, 5, 3, 0)}
    assert widths == {3 + 2 + 2 + MAX_CATEGORIES + 1}, "names of many levels are coded by the labels too"


@pytest.mark.parametrize("categories", [["u", "v", "unseen"], [f"c{i:02}" for i in range(60)] + ["u", "v", "unseen"]])
def test_a_name_that_training_never_saw_is_all_zero(categories: list[str]) -> None:
    """A kernel row that was never trained must add nothing, whether or not rare names share a column."""
    frame = pd.DataFrame({"n": names(["u", "v", "u", "v", "unseen", "u"], categories)})
    encoded = encode(frame, np.arange(4))
    assert not encoded[4].any()
    assert encoded[5].sum() == 1
    assert np.array_equal(encoded[5], encoded[0])
    assert not np.array_equal(encoded[0], encoded[1])


def test_a_rare_name_is_still_something() -> None:
    """Beyond 50 names the rare ones share a column instead of vanishing."""
    cells = np.array([f"c{i % 60}" for i in range(600)] + ["c59"])
    frame = pd.DataFrame({"n": names(cells[1:])})
    encoded = encode(frame, np.arange(500))
    assert encoded.shape[1] == MAX_CATEGORIES
    assert np.array_equal(encoded.sum(axis=1), np.ones(600))


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, 1 / 3, -7.3e5])
@pytest.mark.parametrize("rows", [10, 50, 1000])
def test_a_number_that_never_varies_in_training_is_zero_everywhere(value: float, rows: int) -> None:
    """Its weights were never trained, so a test row that has another value must not pass through them unscaled."""
    frame = pd.DataFrame({"x": [*[value] * rows, value + 5, value - 1e6]})
    assert not encode(frame, np.arange(rows)).any()


def test_a_column_that_is_empty_in_training_is_quiet() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0), "e": [*[np.nan] * 15, 1, 2, 3, 4, 1e9]})
    encoded = encode(frame, np.arange(15))
    assert np.isfinite(encoded).all()
    assert not encoded[:, 1].any()


@pytest.mark.parametrize("frame", [pd.DataFrame({"x": np.arange(9.0)}), pd.DataFrame({"n": names(list("uvwuvwuvw"))})])
def test_a_table_of_one_sort_of_column_is_encoded(frame: pd.DataFrame) -> None:
    encoded = encode(frame, np.arange(9))
    assert encoded.dtype == np.float32
    assert encoded.shape == (9, 1 if "x" in frame else 3)


def test_images_are_scaled_to_one_and_need_no_training_rows() -> None:
    images: npt.NDArray[np.uint8] = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    data = dataset(images, (A,), a=np.arange(4.0))
    encoded = prepare(data, split_of([0, 1], [2], [3])).features
    assert encoded.dtype == np.float32
    assert (encoded.min(), encoded.max()) == (0.0, 1.0)
    assert np.array_equal(np.rint(encoded * 255).astype(np.uint8), images)


def test_targets_are_standardised_on_training_rows_and_mapped_back() -> None:
    """An error in the unit of the target is only right if the way back is the inverse of the way there."""
    rng = np.random.default_rng(0)
    values = rng.normal(1e4, 250, 50)
    prepared = prepare(dataset(mixed(50), (A,), a=values), split_of([*range(30)], [*range(30, 40)], [*range(40, 50)]))
    assert prepared.targets[:30].mean() == pytest.approx(0, abs=1e-5)
    assert prepared.targets[:30].std() == pytest.approx(1, rel=1e-5)
    assert prepared.targets[30:].std() != pytest.approx(1, rel=1e-5)
    (back,) = in_units(prepared.targets, [A], [0], prepared)
    assert back == pytest.approx(values, rel=1e-6)
    assert back.dtype == np.float64


def test_raw_outputs_are_taken_apart_in_order() -> None:
    """A logit mistaken for a number, or one output's scale put on another, spoils two outputs at once."""
    rng = np.random.default_rng(0)
    targets = {"a": rng.normal(50, 9, 40), "b": codes(rng, 2, 40), "c": codes(rng, 3, 40)}
    second = Output("d", "regression")
    data = dataset(mixed(40), (A, B, C, second), **targets, d=rng.normal(-3, 0.1, 40))
    prepared = prepare(data, split_of([*range(20)], [*range(20, 30)], [*range(30, 40)]))
    raw = rng.normal(size=(7, 1 + 3 + 1)).astype(np.float32)
    d, c, b = in_units(raw, [second, C, B], [3, 2, 1], prepared)
    train = data.targets["d"][:20]
    assert d == pytest.approx(raw[:, 0] * train.std() + train.mean(), rel=1e-6)
    assert np.array_equal(c, raw[:, 1:4])
    assert np.array_equal(b, raw[:, 4:])


def test_missing_labels_weigh_nothing_and_take_no_part_in_any_estimate() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(5, 2, 40), codes(rng, 2, 40)
    a[::3] = np.nan
    b[1::4] = np.nan
    split = split_of([*range(24)], [*range(24, 32)], [*range(32, 40)])
    prepared = prepare(dataset(mixed(40), (A, B), a=a, b=b), split)
    assert np.array_equal(prepared.weights, np.stack([~np.isnan(a), ~np.isnan(b)], axis=1))
    assert np.isfinite(prepared.targets).all()
    known = a[:24][~np.isnan(a[:24])]
    assert (prepared.mean[0], prepared.scale[0]) == pytest.approx((known.mean(), known.std()))
    assert (prepared.mean[1], prepared.scale[1]) == (0.0, 1.0)


def test_the_no_skill_loss_is_that_of_the_standardised_training_rows() -> None:
    """1 for a number; the entropy of the classes for classes: what each output's loss is divided by."""
    rng = np.random.default_rng(0)
    rows = 4000
    b, c = (rng.random(rows) < 0.2).astype(np.float64), codes(rng, 3, rows)
    data = dataset(pd.DataFrame({"x": np.arange(rows * 1.0)}), (A, B, C), a=rng.normal(5, 80, rows), b=b, c=c)
    prepared = prepare(data, split_of([*range(3000)], [*range(3000, 3500)], [*range(3500, rows)]))
    p = b[:3000].mean()
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    assert prepared.no_skill == pytest.approx((1.0, entropy, np.log(3)), rel=1e-3)


def test_a_target_that_is_constant_in_training_stays_finite() -> None:
    a = np.array([4.0] * 24 + [*range(16)])
    prepared = prepare(dataset(mixed(40), (A,), a=a), split_of([*range(24)], [*range(24, 32)], [*range(32, 40)]))
    assert np.isfinite(prepared.targets).all()
    assert prepared.no_skill[0] > 0
    assert in_units(prepared.targets, [A], [0], prepared)[0] == pytest.approx(a, rel=1e-6)
