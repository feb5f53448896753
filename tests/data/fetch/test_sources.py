"""Tables of public repositories: each client's own answer, the cache, and what is said without one."""

from __future__ import annotations

import gzip
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest
import sklearn.datasets
from greenhouse import UCI_ID, Uci, canonical

from commands import ended
from jointbench.data.fetch import CACHE_VARIABLE
from jointbench.data.sources.cached import MODULES, cached_table, is_source, load_source, source_slug, source_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.runs.options import is_path
from jointbench.types import Dataset

IRIS = "openml:61"
RECORDED = Path(sklearn.datasets.__file__).parent / "tests" / "data" / "openml"  # what www.openml.org answered
PLACES = {
    "api-v1-jd-{id}": "api/v1/json/data/{id}",
    "api-v1-jdf-{id}": "api/v1/json/data/features/{id}",
    "api-v1-jdq-{id}": "api/v1/json/data/qualities/{id}",
}


@pytest.fixture
def openml_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """scikit-learn's data folder as it is when data set 61 has been fetched."""
    home = tmp_path / "scikit_learn_data"
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(home))
    answers = {
        place.format(id=61): RECORDED / "id_61" / f"{name.format(id=61)}.json.gz" for name, place in PLACES.items()
    }
    if not all(path.is_file() for path in answers.values()):
        pytest.skip("scikit-learn is installed without its tests' data")
    with gzip.open(answers["api/v1/json/data/61"], "rt") as file:
        url = json.load(file)["data_set_description"]["url"]
    answers[url.split("/", 3)[3]] = RECORDED / "id_61" / "data-v1-dl-61.arff.gz"
    for place, path in answers.items():
        target = home / "openml" / "openml.org" / f"{place}.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return home


def asked(word: str, *targets: str) -> Dataset:
    return load_source(word, TableOptions(targets=targets))


def test_openml_through_scikit_learn(openml_answers: Path, cache: Path) -> None:
    first = asked(IRIS, "class", "petallength")
    assert first.slug == "openml-61"
    assert first.outputs[0].classes == ("Iris-setosa", "Iris-versicolor", "Iris-virginica")
    assert first.provenance.source == "openml:61 (iris)"
    assert first.provenance.licence == "Public"
    shutil.rmtree(openml_answers)
    again = asked(IRIS, "class", "petallength")  # from the cache
    assert again.digest == first.digest
    assert [path.name for path in sorted((cache / "sources" / "openml" / "61").iterdir())] == [
        "openml-61.json",
        "openml-61.parquet",
    ]


def test_uci_through_ucimlrepo(uci: Uci) -> None:
    data = asked(f"uci:{UCI_ID}", "Y1", "Y2")
    assert (data.slug, data.rows) == (f"uci-{UCI_ID}", 24)
    requests = len(uci.asked)
    asked(f"uci:{UCI_ID}", "Y1", "Y2")
    assert len(uci.asked) == requests, "the second time it is read from the cache"


@pytest.mark.usefixtures("offline")
def test_without_a_network_it_says_what_was_tried_and_where_a_file_may_be_put(cache: Path) -> None:
    code, _, err = ended("run", f"uci:{UCI_ID}", "--target", "Y1", "--target", "Y2")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert f"uci:{UCI_ID} is not here and could not be fetched: ucimlrepo asked http://127.0.0.1" in err
    place = cache / "sources" / "uci" / str(UCI_ID) / f"uci-{UCI_ID}.csv"
    assert str(place) in err
    place.parent.mkdir(parents=True)
    place.write_bytes(canonical())
    assert asked(f"uci:{UCI_ID}", "Y1", "Y2").rows == 24


def test_openml_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "empty"))
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)
    with pytest.raises(BadInput, match=r"openml:61 .*scikit-learn asked www.openml.org for data set 61 .*no route"):
        source_table(IRIS)


def refuse(*_: object, **__: object) -> None:
    raise ConnectionError("no route to host")


def test_kaggle_through_kagglehub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layout of kagglehub's own cache, where it keeps a version of a dataset."""
    pytest.importorskip("kagglehub")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "datasets" / "who" / "plants" / "versions" / "3"
    marker = tmp_path / "hub" / "datasets" / "who" / "plants" / ".complete" / "3" / "in" / "leaf.csv.complete"
    for path in (folder / "in", marker.parent):
        path.mkdir(parents=True)
    (folder / "in" / "leaf.csv").write_bytes(canonical())
    marker.touch()
    data = asked("kaggle:who/plants/versions/3/in/leaf.csv", "Y1", "Y2")
    assert (data.slug, data.rows) == ("kaggle-plants-leaf", 24)


def test_hugging_face_through_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets.arrow_dataset")  # a folder called datasets is no package
    datasets = importlib.import_module("datasets")
    features = datasets.Features(
        {"f": datasets.Value("float64"), "y": datasets.Value("float64"), "kind": datasets.ClassLabel(names=["a", "b"])}
    )
    table = datasets.Dataset.from_dict({"f": [1.0, 2, 3], "y": [0.1, 0.2, 0.4], "kind": [0, 1, -1]}, features=features)
    (tmp_path / "who" / "plants").mkdir(parents=True)
    for split in ("test", "train"):
        table.to_parquet(tmp_path / "who" / "plants" / f"{split}.parquet")
    monkeypatch.chdir(tmp_path)  # load_dataset takes a folder of the name before it asks the Hub
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub")
    check_hub(asked("hf:who/plants", "y", "kind"))


def check_hub(data: Dataset) -> None:
    assert data.slug == "hf-who-plants"
    assert data.outputs[1].classes == ("a", "b")
    assert data.targets["kind"][:2].tolist() == [0, 1]
    assert pd.isna(data.targets["kind"][2])
    assert "Split train of who/plants; not used: test." in data.notes


def fake(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Callable[..., object]) -> None:
    module = ModuleType(name)
    vars(module).update(functions, __file__=f"{name}.py")
    monkeypatch.setitem(sys.modules, name, module)


def test_what_kagglehub_downloads_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[tuple[str, str]] = []

    def download(handle: str, path: str) -> str:
        wanted.append((handle, path))
        (tmp_path / "leaf.csv").write_bytes(canonical())
        return str(tmp_path / "leaf.csv")

    fake(monkeypatch, "kagglehub", dataset_download=download)
    for _ in range(2):
        assert asked("kaggle:who/plants/leaf.csv", "Y1", "Y2").provenance.citation.endswith("kaggle.com/who/plants")
    assert wanted == [("who/plants", "leaf.csv")]


def test_what_the_hub_gives_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"f": [1.0, 2, 3], "y": [0.1, 0.2, 0.4], "kind": [0, 1, -1]})
    features: Mapping[str, object] = {
        "f": SimpleNamespace(),
        "y": SimpleNamespace(),
        "kind": SimpleNamespace(names=["a", "b"]),
    }
    split = SimpleNamespace(to_pandas=frame.copy, features=features, info=SimpleNamespace(license="mit", citation=""))
    fake(monkeypatch, "datasets", load_dataset=lambda *_: {"test": split, "train": split})
    check_hub(asked("hf:who/plants", "y", "kind"))
    fake(monkeypatch, "datasets", load_dataset=refuse)
    check_hub(asked("hf:who/plants", "y", "kind"))


@pytest.mark.parametrize(("word", "extra"), [("kaggle:a/b/c.csv", "kaggle"), ("hf:a/b", "hf"), ("uci:1", "uci")])
def test_without_the_client_it_names_the_extra(word: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("kagglehub", "datasets", "ucimlrepo", "ucimlrepo.fetch"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        BadInput, match=rf"which is not installed: pip install 'jointbench\[{extra}\]'; or put its table"
    ):
        source_table(word)


def test_a_folder_of_the_clients_name_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", ModuleType("datasets"))  # as Python imports a folder
    with pytest.raises(BadInput, match="it takes datasets, which is not installed"):
        source_table("hf:a/b")


@pytest.mark.parametrize("module", ["kagglehub", "datasets"])
def test_a_client_that_fails_is_one_sentence(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, module, dataset_download=refuse, load_dataset=refuse)
    with pytest.raises(BadInput, match=rf"{module} asked .* and failed \(no route to host\); or put its table at"):
        source_table("kaggle:a/b/c.csv" if module == "kagglehub" else "hf:a/b")


@pytest.mark.parametrize(
    "word",
    [
        "uci:",
        "uci:wine",
        "openml:../../etc",
        "kaggle:a/b",
        "kaggle:a/b/../../../c.csv",
        "kaggle:a/b/..",
        "kaggle:/etc/passwd",
        "hf:..",
        "hf:a/..",
        "hf:a/b/c",
        "hf:a:b:c",
        f"openml:{'9' * 400}",
    ],
)
def test_a_name_of_another_form_is_refused(word: str, cache: Path) -> None:
    with pytest.raises(BadInput, match=r": write (uci|openml|kaggle|hf):"):
        source_table(word)
    assert not cache.exists()


def test_a_file_that_is_no_table_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"x")
    fake(monkeypatch, "kagglehub", dataset_download=lambda *_, **__: str(tmp_path / "model.pkl"))
    with pytest.raises(BadInput, match=r"is no table: its name ends in \.pkl"):
        source_table("kaggle:a/b/model.pkl")


def test_a_changed_copy_is_not_used(uci: Uci) -> None:
    table = source_table(f"uci:{UCI_ID}")
    table.path.write_bytes(b"Y1,Y2,x\n1,2,3\n")
    with pytest.raises(BadInput, match="is not the table that was fetched"):
        cached_table(f"uci:{UCI_ID}")
    code, out, _ = ended("datasets", "verify")
    assert code == 2
    assert "is not the table that was fetched" in out


def test_a_cache_that_cannot_be_written(uci: Uci, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(BadInput, match=CACHE_VARIABLE):
        source_table(f"uci:{UCI_ID}")


def test_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert all(is_source(f"{scheme}:1") and is_path(f"{scheme}:1") for scheme in MODULES)
    assert not any(is_source(word) for word in ("uci", "wine_quality", "./uci:1", "https://x.org/a.csv", "C:\\t.csv"))
    assert source_slug("hf:who/plants:small") == "hf-who-plants-small"
    assert source_slug("kaggle:nonsense")


@pytest.mark.usefixtures("uci")
def test_the_commands_know_them(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    word = f"uci:{UCI_ID}"
    assert ended("datasets", "show", word)[1] == f"{word} is not here; get it with: jointbench datasets fetch {word}\n"
    assert ended("datasets", "fetch", word)[1].startswith(f"{word} is kept in {cache}")
    shown = ended("datasets", "show", word)[1]
    assert "X1, X2, X3, Y1, Y2" in shown
    assert "sha256:" in shown
    assert word in ended("datasets", "list")[1]
    assert f"{word}: as it was fetched" in ended("datasets", "verify")[1]
    assert ended("init", word, "--target", "Y1", "--target", "Y2")[0] == 0
    assert f'data = "{word}"' in (tmp_path / "study.toml").read_text()
    code, out, err = ended(
        "run", "study.toml", f"uci-{UCI_ID}", "--dry-run", "--profile", "smoke", "--backend", "torch"
    )
    assert (code, err) == (0, "")
    assert f"uci-{UCI_ID}: 24 rows" in out


def test_a_copy_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(canonical())
    assert ended("datasets", "fetch", "openml:5", "--from", tmp_path / "mine.csv")[0] == 0
    assert asked("openml:5", "Y1", "Y2").rows == 24
    code, _, err = ended("datasets", "fetch", "openml:5", "--from", tmp_path / "mine.doc")
    assert code == 2
    assert "no table" in err
