"""Every bundled dataset against what its source says of it, and against leaks."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from jointbench.data.catalog import bundled_slugs, card_of, cards, datasets_folder, load_bundled
from jointbench.errors import BadInput
from jointbench.types import Dataset

LEAK = 0.99  # a tree on one feature with this skill gives the output away
MOST_ROWS = 1_000  # of each dataset, in the search for leaks: a feature that determines an output does so on a part
MOST_BYTES = 15_000_000


@dataclass(frozen=True)
class Expected:
    """Hard-coded from the sources. ranges: smallest and largest value of a regression output.

    counts: rows of each class, in code order.
    """

    shape: tuple[int, ...]
    duplicates: int
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)
    categorical: int = 0
    groups: int = 0


GENES_IN_CLASS = (762, 1038, 983, 862, 722, 597, 428, 480, 178, 253, 289, 1816, 1799, 34)

EXPECTED = {
    "abalone": Expected((4177, 7), 0, {"rings": (1, 29)}, {"sex": [1307, 1342, 1528]}),
    "auto_mpg": Expected((392, 6), 0, {"mpg": (9, 46.6)}, {"origin": [245, 68, 79]}),
    "bike_sharing": Expected((8645, 11), 4, {"casual": (0, 272), "registered": (0, 567)}, categorical=5, groups=365),
    "census_income": Expected(
        (299285, 36),
        89316,
        counts={"income": [280717, 18568], "never_married": [169657, 129628]},
        categorical=28,
    ),
    "coloured_digits": Expected(
        (5000, 28, 28, 3), 0, counts={"digit": [500] * 10, "colour": [854, 801, 874, 811, 844, 816]}
    ),
    "concrete_slump": Expected((103, 7), 0, {"slump": (0, 29), "flow": (20, 78), "strength": (17.19, 58.53)}),
    "grid_stability": Expected((10000, 12), 0, {"stab": (-0.0808, 0.1094)}, {"stabf": [3620, 6380]}),
    "hr_attrition": Expected(
        (1470, 28),
        0,
        {"monthly_income": (1009, 19999)},
        {"attrition": [1233, 237], "job_satisfaction": [289, 280, 442, 459]},
        categorical=13,
    ),
    "meat_spectra": Expected((215, 100), 22, {"water": (39.3, 76.6), "fat": (0.9, 49.1), "protein": (11.0, 21.8)}),
    "residential_building": Expected(
        (372, 107), 0, {"sale_price": (50, 6800), "construction_cost": (20, 1000)}, categorical=1
    ),
    "solar_flare": Expected(
        (1066, 10),
        822,
        {"c_class_flares": (0, 8), "m_class_flares": (0, 5), "x_class_flares": (0, 2)},
        categorical=3,
    ),
    "stock_portfolio": Expected(
        (63, 6),
        0,
        {
            "annual_return": (0.070, 0.195),
            "excess_return": (-0.005, 0.026),
            "systematic_risk": (0.82, 1.39),
            "total_risk": (0.086, 0.149),
            "absolute_win_rate": (0.563, 0.750),
            "relative_win_rate": (0.450, 0.663),
        },
    ),
    "wine_quality": Expected((6497, 11), 1179, {"quality": (3, 9)}, {"type": [1599, 4898]}),
    "yeast": Expected(
        (2417, 103),
        0,
        counts={f"class{number}": [2417 - genes, genes] for number, genes in enumerate(GENES_IN_CLASS, 1)},
    ),
}

bundled = pytest.mark.parametrize("slug", bundled_slugs())


@cache
def loaded(slug: str) -> Dataset:
    """Loaded once for all tests; loading compares the file with its card's sha256."""
    return load_bundled(slug)


@cache
def leaks() -> ModuleType:
    """The script that the cards' numbers come from; the tests use its way of looking."""
    path = datasets_folder() / "build" / "leaks.py"
    spec = importlib.util.spec_from_file_location("leaks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(slug: str) -> pd.DataFrame:
    """The features as a table; of images, what each channel and the digit's ink say at a glance."""
    features = loaded(slug).features
    if isinstance(features, pd.DataFrame):
        return features
    return pd.DataFrame(
        {f"brightest_{channel}": features[..., channel].max(axis=(1, 2)) for channel in range(features.shape[3])}
        | {"mean_pixel": features.mean(axis=(1, 2, 3))}
    )


def strongest(slug: str, features: pd.DataFrame, output: str) -> tuple[float, str]:
    """The best skill of a tree on one feature, on a part of the rows, and that feature."""
    dataset = loaded(slug)
    rows = np.random.default_rng(0).permutation(dataset.rows)[:MOST_ROWS]
    part = features.iloc[rows].reset_index(drop=True)
    target = dataset.targets[output][rows]
    classes = next(len(entry.classes) for entry in dataset.outputs if entry.name == output)
    folds = leaks().folds_of(part, None)[:3]
    columns = leaks().coded(part)
    return max(
        (leaks().tree_skill(columns[:, at], target, classes, folds, leaf_sizes=(1,)), name)
        for at, name in enumerate(part.columns)
    )


def test_all_fourteen_are_here() -> None:
    assert bundled_slugs() == sorted(EXPECTED)


@bundled
def test_shape_kinds_and_groups(slug: str) -> None:
    dataset, expected = loaded(slug), EXPECTED[slug]
    assert dataset.features.shape == expected.shape
    kinds = {output.name: output.kind for output in dataset.outputs}
    assert {name for name, kind in kinds.items() if kind == "regression"} == set(expected.ranges)
    assert {name: kind for name, kind in kinds.items() if kind != "regression"} == {
        name: "binary" if len(counts) == 2 else "multiclass" for name, counts in expected.counts.items()
    }
    assert (0 if dataset.groups is None else len(np.unique(dataset.groups))) == expected.groups


@bundled
def test_targets_are_as_in_the_source(slug: str) -> None:
    dataset, expected = loaded(slug), EXPECTED[slug]
    for name, ends in expected.ranges.items():
        target = dataset.targets[name]
        assert (target.min(), target.max()) == pytest.approx(ends, rel=1e-3), name
    for name, counts in expected.counts.items():
        assert np.bincount(dataset.targets[name].astype(int)).tolist() == counts, name


@bundled
def test_nothing_is_missing(slug: str) -> None:
    dataset = loaded(slug)
    for name, target in dataset.targets.items():
        assert len(target) == dataset.rows
        assert not np.isnan(target).any(), name
    if isinstance(dataset.features, pd.DataFrame):
        assert not dataset.features.isna().any(axis=None)


@bundled
def test_features_have_clean_names_and_types(slug: str) -> None:
    features = loaded(slug).features
    if isinstance(features, np.ndarray):
        assert features.dtype == np.uint8
        return
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in features.columns)
    named = [name for name in features.columns if isinstance(features[name].dtype, pd.CategoricalDtype)]
    assert set(named) == set(card_of(slug).categorical)
    assert len(named) == EXPECTED[slug].categorical


@bundled
def test_duplicates_are_as_many_as_the_card_says(slug: str) -> None:
    dataset, duplicates = loaded(slug), EXPECTED[slug].duplicates
    if isinstance(dataset.features, np.ndarray):
        repeats = dataset.rows - len({image.tobytes() for image in dataset.features})
    else:
        repeats = int(dataset.features.duplicated().sum())
    assert repeats == duplicates
    statement = card_of(slug).leaks[0]
    assert (
        (f"{duplicates:,} rows repeat" in statement)
        if duplicates
        else statement.startswith(("No two rows", "No two images"))
    )


@bundled
def test_no_feature_gives_an_output_away(slug: str) -> None:
    features = table(slug)
    listed = card_of(slug).determining
    for output in loaded(slug).outputs:
        skill, name = strongest(slug, features, output.name)
        assert skill < LEAK or f"{name} -> {output.name}" in listed, f"{name} gives {output.name}: {skill:.3f}"


@pytest.mark.parametrize(
    ("slug", "output"),
    [("wine_quality", "type"), ("abalone", "sex"), ("grid_stability", "stab"), ("concrete_slump", "flow")],
)
def test_the_search_finds_a_leak_that_is_put_there(slug: str, output: str) -> None:
    target = loaded(slug).targets[output]
    skill, name = strongest(slug, table(slug).assign(leak=np.exp(target / np.abs(target).max())), output)
    assert name == "leak"
    assert skill > 0.98  # of 103 different values a tree hits no left-out one exactly


def test_outputs_that_determine_each_other_are_in_the_notes() -> None:
    targets = loaded("grid_stability").targets
    np.testing.assert_array_equal(targets["stabf"], targets["stab"] > 0)
    assert any("stabf is stab > 0" in note for note in card_of("grid_stability").notes)
    genes = loaded("yeast").targets
    assert (genes["class12"] >= genes["class13"]).all()
    assert (genes["class12"] != genes["class13"]).sum() == 17
    assert any("class13" in note for note in card_of("yeast").notes)


def test_the_digits_colour_is_the_channels_that_are_lit() -> None:
    dataset = loaded("coloured_digits")
    assert isinstance(dataset.features, np.ndarray)
    lit = (dataset.features.max(axis=(1, 2)) > 0).astype(int)
    colours = ["red", "green", "blue", "yellow", "cyan", "magenta"]
    channels = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1)]
    assert next(output.classes for output in dataset.outputs if output.name == "colour") == tuple(colours)
    np.testing.assert_array_equal(lit, np.array(channels)[dataset.targets["colour"].astype(int)])


def test_every_card_says_where_its_data_are_from() -> None:
    for slug, card in cards().items():
        assert card.licence, slug
        assert card.citation, slug
        assert card.leaks, slug
        if card.file is not None:
            script = datasets_folder() / "build" / f"{slug}.py"
            assert script.is_file(), slug
            package, version = card.made_from.replace(":", "").split()[:2]
            assert f'"{package}"' in script.read_text(encoding="utf-8"), slug
            assert f'"{version}"' in script.read_text(encoding="utf-8"), slug


def test_energy_efficiency_has_a_card_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINTBENCH_CACHE", str(tmp_path))
    card = card_of("energy_efficiency")
    assert (card.file, card.uci_id, card.rows) == (None, 242, 768)
    with pytest.raises(BadInput, match="datasets fetch energy_efficiency"):
        load_bundled("energy_efficiency")


def test_the_readme_lists_every_dataset() -> None:
    lines = (datasets_folder() / "README.md").read_text(encoding="utf-8").splitlines()
    listed = {line.split("|")[1].split()[0]: line for line in lines if line.startswith("| ")}
    for slug, card in cards().items():
        assert f" {card.rows:,} " in listed[slug], slug
        if slug in EXPECTED:
            assert f"| {EXPECTED[slug].duplicates:,} |" in listed[slug], slug


def test_the_files_stay_small() -> None:
    folder: Path = datasets_folder()
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < MOST_BYTES
