"""Tables with the traits that people report: each is read as its author meant it, or refused with the cause."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jointbench.data.preprocess import encode
from jointbench.errors import BadInput
from jointbench.study.plan import CrossValidation, make_experiment
from jointbench.types import ColumnReading, Dataset
from tables import frame_of, loaded, refusal

CASES = Path(__file__).parent / "cases"
PRICE_AND_SOLD = ("price", "sold")
TWO_FOLDS = CrossValidation(folds=2, repeats=1, seeds=1, seed=0)
NUMBERS = ["f1", "f2", "f3", "f4"]


def case(name: str, *targets: str, **keys: str) -> Dataset:
    return loaded(CASES / name, targets or PRICE_AND_SOLD, keys.get("group"), keys.get("time"))


def reading(data: Dataset, name: str) -> ColumnReading:
    (item,) = [item for item in data.reading if item.name == name]
    return item


def cells(name: str, column: str, separator: str = ",") -> list[str]:
    """A column of the file, by the simplest reading of it."""
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    place = lines[0].split(separator).index(column)
    return [line.split(separator)[place] for line in lines[1:]]


@pytest.mark.parametrize(
    ("name", "target", "missing_mark"),
    [("class_called_none.csv", "treatment", "None"), ("class_called_na.csv", "continent", "NA")],
)
def test_a_class_called_none_or_na_is_a_class(name: str, target: str, missing_mark: str) -> None:
    data = case(name, target, "price")
    labels = cells(name, target)
    assert data.outputs[0].classes == tuple(sorted(set(labels)))
    assert not np.isnan(data.targets[target]).any()
    assert [data.outputs[0].classes[int(code)] for code in data.targets[target]] == labels
    assert any(f"'{missing_mark}'" in note and str(labels.count(missing_mark)) in note for note in data.notes)


def test_decimal_commas_between_semicolons_are_numbers() -> None:
    name = "semicolons_and_decimal_commas.csv"
    features = frame_of(case(name, "units", "sold"))
    assert list(features.columns) == [*NUMBERS, "city"]
    for column in NUMBERS:  # f3 has 1,304 among others, which alone could be 1304
        assert features[column].tolist() == [float(cell.replace(",", ".")) for cell in cells(name, column, ";")]


def test_thousands_marks_are_no_names() -> None:
    income = frame_of(case("thousands_marks.csv"))["income"]
    assert income.dtype == np.float64
    assert income[0] == 151557
    assert income.between(1e4, 1e6).all()


@pytest.mark.parametrize(
    ("name", "targets"),
    [("delimiter_ends_rows.csv", ("price", "f1")), ("delimiter_ends_rows_of_numbers.csv", ("price", "qty"))],
)
def test_a_delimiter_at_the_end_of_every_row_shifts_no_column(name: str, targets: tuple[str, ...]) -> None:
    data = case(name, *targets)
    for column in targets:
        assert data.targets[column].tolist() == [float(cell) for cell in cells(name, column)]
    header = (CASES / name).read_text(encoding="utf-8").split("\n")[0].split(",")
    assert list(frame_of(data).columns) == [column for column in header if column not in targets]
    assert any("delimiter" in note for note in data.notes)


@pytest.mark.parametrize(
    ("name", "column", "way"),
    [
        ("day_first_dots.csv", "date", "day first"),
        ("day_first_slashes.csv", "date", "day first"),
        ("offsets_change.csv", "when", "UTC"),
    ],
)
def test_times_are_read_in_one_format_and_in_order(name: str, column: str, way: str) -> None:
    """The rows of these files stand in order of time; an hour that exists twice is told apart by its offset."""
    data = case(name, time=column)
    assert data.time is not None
    assert (np.diff(data.time) > 0).all()
    assert way in reading(data, column).detail


def test_a_date_is_one_feature_however_it_is_stored() -> None:
    frames = [frame_of(case(name)) for name in ("date_text.csv", "date_timestamp.parquet", "date_day.parquet")]
    dates = pd.to_datetime(pd.Series(cells("date_text.csv", "date")))
    for frame in frames:
        assert frame["date"].tolist() == [(when - pd.Timestamp("1970-01-01")).days for when in dates]
        assert frame["date: month"].tolist() == dates.dt.month.tolist()
        assert frame["date: weekday"].tolist() == [when.isoweekday() for when in dates]
        assert frame.equals(frames[0])
    assert reading(case("date_text.csv"), "date").role == "date"


def test_leading_zeros_stay_in_the_names_of_classes() -> None:
    data = case("leading_zeros.csv", "price", "zip:multiclass")
    assert data.outputs[1].classes == ("02116", "06520", "08028", "10001")
    inferred = case("leading_zeros.csv", "price", "zip")
    assert inferred.outputs == data.outputs


def test_declared_categories_are_names_though_they_are_integers() -> None:
    data = case("declared_categories.parquet", "grade", "price")
    assert data.outputs[0].kind == "multiclass"
    assert data.outputs[0].classes == ("1", "2", "3")
    assert isinstance(frame_of(data)["code"].dtype, pd.CategoricalDtype)


def test_missing_labels_are_counted_and_classes_keep_their_names() -> None:
    names = ["NR-A0", "NR-A1", "NR-A2", "NR-A3"]
    data = case("labels_missing.csv", *names)
    for output in data.outputs:
        labels = cells("labels_missing.csv", output.name)
        assert output.classes == ("0", "1")
        said = reading(data, output.name)
        assert said.missing == labels.count("") > 0
        assert said.labels.endswith(f"0 {labels.count('0.0')}, 1 {labels.count('1.0')}")


def test_copies_of_targets_and_repeated_names_are_named() -> None:
    notes = " ".join(case("copied_targets.csv").notes)
    for feature, output in (("price_eur", "price"), ("sold_flag", "sold")):
        assert f"{feature!r} (of {output!r})" in notes
    notes = " ".join(case("repeated_name.csv").notes)
    assert "'price' more than once" in notes
    assert "'price.1' (of 'price')" in notes


def test_identifiers_are_left_out_by_name_and_can_be_kept() -> None:
    path = CASES / "identifiers.csv"
    data = loaded(path, PRICE_AND_SOLD)
    assert list(frame_of(data).columns) == [*NUMBERS, "city"]
    for name in ("Unnamed: 0", "customer_id"):
        assert reading(data, name).role == "dropped"
        assert any("--keep" in note and repr(name) in note for note in data.notes)
    kept = loaded(path, PRICE_AND_SOLD, keep=["Unnamed: 0", "customer_id"])
    assert {"Unnamed: 0", "customer_id"} < set(frame_of(kept).columns)
    assert kept.digest != data.digest


def test_long_identifiers_are_named_and_when_kept_not_rounded() -> None:
    """As float32, or standardised by their mean, numbers of 18 digits become steps or noise."""
    path = CASES / "long_identifiers.csv"
    assert "order_id" not in frame_of(loaded(path, PRICE_AND_SOLD))
    kept = frame_of(loaded(path, PRICE_AND_SOLD, keep=["order_id"]))
    steps = [int(cell) - 120330000123450000 for cell in cells(path.name, "order_id")]
    assert kept["order_id"].tolist() == steps
    assert encode(kept[["order_id"]], np.arange(len(kept))).std() == pytest.approx(1, rel=1e-5)


def test_question_marks_currency_and_percent_are_numbers() -> None:
    data = case("question_marks.csv")
    hp = cells("question_marks.csv", "hp")
    assert frame_of(data)["hp"].isna().tolist() == [cell == "?" for cell in hp]
    assert reading(data, "hp").missing == hp.count("?")
    assert "'?'" in reading(data, "hp").detail
    features = frame_of(case("dollars_and_percent.csv"))
    assert features["rate"].tolist() == [float(cell.rstrip("%")) for cell in cells("dollars_and_percent.csv", "rate")]
    assert features["cost"].tolist() == [float(cell.lstrip("$")) for cell in cells("dollars_and_percent.csv", "cost")]


def test_spellings_of_a_class_are_one_class_and_said() -> None:
    data = case("spellings.csv")
    assert data.outputs[1].classes == ("no", "yes")
    words = [cell.strip().lower() for cell in cells("spellings.csv", "sold")]
    assert [data.outputs[1].classes[int(code)] for code in data.targets["sold"]] == words
    assert "'Yes' as 'yes'" in reading(data, "sold").detail


@pytest.mark.parametrize("name", ["vertical_bars.csv", "title_above_header.csv", "blanks_in_header.csv", "table.xlsx"])
def test_the_same_table_in_other_clothes_is_read(name: str) -> None:
    data = case(name)
    plain = case("labels_missing.csv")
    assert list(frame_of(data).columns) == [*NUMBERS, "city"]
    assert frame_of(data)[NUMBERS].equals(frame_of(plain)[NUMBERS])
    assert data.targets["price"].tolist() == plain.targets["price"].tolist()
    assert data.targets["sold"].tolist() == plain.targets["sold"].tolist()


def test_arff_is_read() -> None:
    data = case("table.arff", "price", "q")
    assert data.rows == 240
    assert (data.targets["price"][0], frame_of(data)["f1"][0]) == (10.173, 0.1257)


def test_the_format_of_uci_air_quality_is_read() -> None:
    """Delimiters at the end, decimal commas, empty rows at the end, and -200 where an instrument gave nothing."""
    names = ("CO(GT)", "C6H6(GT)", "NOx(GT)")
    data = case("air_quality.csv", *names)
    assert data.rows == 240
    assert list(frame_of(data).columns)[-2:] == ["S1", "T"]
    for name in names:
        numbers = [float(cell.replace(",", ".")) for cell in cells("air_quality.csv", name, ";") if cell]
        expected = [np.nan if number == -200 else number for number in numbers]
        assert np.array_equal(data.targets[name], expected, equal_nan=True)
        assert reading(data, name).missing == numbers.count(-200)
        assert any(name in note and "-200" in note and "--keep" in note for note in data.notes)
    kept = loaded(CASES / "air_quality.csv", names, keep=["NOx(GT)"])
    assert kept.targets["NOx(GT)"].min() == -200


@pytest.mark.parametrize(
    ("name", "targets", "says"),
    [
        ("lists.parquet", PRICE_AND_SOLD, ["'emb'", "list"]),
        ("list_target.parquet", ("tags", "sold"), ["'tags'", "list"]),
        ("bytes.parquet", PRICE_AND_SOLD, ["'blob'", "binary"]),
        ("beyond_float32.csv", PRICE_AND_SOLD, ["'big'", "e+199", "data row 1"]),
        ("beyond_float32.csv", ("big", "sold"), ["'big'", "e+199", "data row 1"]),
        ("below_detection_limit.csv", ("conc", "sold"), ["'conc'", "'<0.3'", "data row 1", "empty"]),
    ],
)
def test_what_no_network_takes_is_refused_by_column(name: str, targets: tuple[str, ...], says: list[str]) -> None:
    message = refusal(CASES / name, targets)
    for part in (name, *says):
        assert part in message


@pytest.mark.parametrize(
    ("name", "output", "keys", "says"),
    [
        ("labels_late_or_early.csv", "late", {"time": "t"}, "rows of fold 1"),
        ("labels_late_or_early.csv", "early", {"time": "t"}, "test rows of fold"),
        ("labels_in_one_group.csv", "assay", {"group": "lab"}, "rows of fold"),
    ],
)
def test_labels_that_a_fold_lacks_are_refused(name: str, output: str, keys: dict[str, str], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        make_experiment(case(name, "price", output, **keys), ["joint", "separate"], TWO_FOLDS)
    for part in (f"{output!r}", "no label", says):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "output", "keys", "label"),
    [
        ("class_appears_late.csv", "phase", {"time": "t"}, "c"),
        ("class_constant_in_group.csv", "pos", {"group": "lab"}, "yes"),
    ],
)
def test_a_class_that_a_fold_does_not_train_on_is_a_note(
    name: str, output: str, keys: dict[str, str], label: str
) -> None:
    experiment = make_experiment(case(name, "price", output, **keys), ["joint", "separate"], TWO_FOLDS)
    assert any(output in note and f"trains without {label!r}" in note for note in experiment.dataset.notes)
