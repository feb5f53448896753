"""Tables of public repositories, kept in the cache of jointbench: fetched once, checked by sha256, then read offline.

In sources/<repository>/<name>/ the cache holds the table, and in a JSON file of its name where it is from and its sha256.
A table without the JSON was put there by hand, and is used as it is.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, cast

from jointbench.data.fetch import CACHE_VARIABLE, cache_folder
from jointbench.data.file_kind import TABLE_SUFFIXES
from jointbench.data.sources.asking import Download, NotDownloaded
from jointbench.data.table import load_table
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.records.strict_json import well_formed
from jointbench.records.whole_file import is_regular, reason, write_together
from jointbench.types import Dataset, Provenance

MODULES = {"uci": "uci", "openml": "openml", "kaggle": "kaggle", "hf": "hugging_face"}  # by the word before the colon
LONGEST = 200  # letters of a name


class Repository(Protocol):
    """What each repository's module has. FORM, PATTERN: of the name behind the colon, for people and as an expression."""

    FORM: str
    PATTERN: str

    def download(self, name: str) -> Download: ...


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A table in the cache."""

    path: Path
    sha256: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    note: str = ""


def is_source(word: str) -> bool:
    """Whether a word names a repository's table; a file of such a name is ``./openml:61``."""
    scheme, colon, _ = word.partition(":")
    return bool(colon) and scheme in MODULES


def load_source(word: str, options: TableOptions) -> Dataset:
    """The dataset in a repository's table, fetched where it is not in the cache. Raises BadInput as ``load_table`` does."""
    table = source_table(word)
    dataset = load_table(table.path, options)
    source = word if not table.title else f"{word} ({table.title})"
    provenance = Provenance(
        well_formed(source), table.licence or "not stated", table.citation or "not stated", table.sha256
    )
    notes = (*dataset.notes, *((table.note,) if table.note else ()))
    return replace(dataset, title=well_formed(source), provenance=provenance, notes=notes)


def source_table(word: str) -> SourceTable:
    """The table in the cache, fetched first where it is not there. Raises BadInput where it cannot be had."""
    if (table := cached_table(word)) is not None:
        return table
    repository, name = _repository(word)
    try:
        return _kept(word, repository.download(name))
    except NotDownloaded as error:
        raise BadInput(
            f"{word} is not here and could not be fetched: {error}; or put its table at {_stem(word)}.csv (or .parquet, "
            ".arff, .xlsx), or name a file of your own"
        ) from error


def cached_table(word: str) -> SourceTable | None:
    """The table where the cache has it. Raises BadInput for a word of another form, and for a file that was changed."""
    _repository(word)
    stem = _stem(word)
    path = next((path for suffix in TABLE_SUFFIXES if is_regular(path := stem.parent / f"{stem.name}{suffix}")), None)
    if path is None:
        return None
    record = stem.parent / f"{stem.name}.json"
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        about = json.loads(record.read_text(encoding="utf-8")) if is_regular(record) else {"sha256": digest}
        texts = {key: str(about.get(key, "")) for key in ("title", "licence", "citation", "note")}
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(f"the copy of {word} in {stem.parent} cannot be read ({reason(error)}); remove it") from error
    if digest != about.get("sha256"):
        raise BadInput(
            f"{path} is not the table that was fetched as {word}; remove {record} to use it as it is, or both"
        )
    return SourceTable(path=path, sha256=digest, **texts)


def fetched_words() -> list[str]:
    """The words of the tables in the cache, in the order of their names; records that cannot be read are left out."""
    words = []
    for record in sorted((cache_folder() / "sources").glob("**/*.json")):
        try:
            word = json.loads(record.read_text(encoding="utf-8"))["word"]
            if is_source(word) and _stem(word) == record.with_suffix(""):
                words.append(word)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
    return words


def copied_table(word: str, copy: Path) -> SourceTable:
    """A user's own copy, put into the cache. Raises BadInput for a file of a kind that is not read."""
    _repository(word)
    if copy.suffix.lower() not in TABLE_SUFFIXES:
        raise BadInput(f"--from {copy}: no table; its name ends in one of {', '.join(TABLE_SUFFIXES)}")
    try:
        content = copy.read_bytes()
    except OSError as error:
        raise BadInput(f"--from {copy} cannot be read ({reason(error)})") from error
    return _kept(word, Download(content=content, suffix=copy.suffix.lower(), note=f"A copy of {copy.name}."))


def source_slug(word: str) -> str:
    """What a dataset of this word is called: letters, digits and dashes."""
    scheme, _, name = word.partition(":")
    if scheme == "kaggle":
        parts = name.split("/")
        name = "-".join((*parts[1:2], Path(parts[-1]).stem))
    return re.sub(r"[^\w-]+", "-", f"{scheme}-{name}").strip("-")


def _kept(word: str, download: Download) -> SourceTable:
    stem = _stem(word)
    if download.suffix not in TABLE_SUFFIXES:
        raise BadInput(f"{word} is no table: its name ends in {download.suffix or 'nothing'}")
    path = stem.parent / f"{stem.name}{download.suffix}"
    digest = hashlib.sha256(download.content).hexdigest()
    texts = {key: getattr(download, key) for key in ("title", "licence", "citation", "note")}
    entry = json.dumps({"word": word, "sha256": digest, **texts}, indent=2) + "\n"
    way_out = f"set {CACHE_VARIABLE} to a folder that can"
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_together({stem.parent / f"{stem.name}.json": entry.encode(), path: download.content})
    except OSError as error:
        raise BadInput(f"{stem.parent} cannot be written ({reason(error)}); {way_out}") from error
    except BadInput as error:
        raise BadInput(f"{error}; {way_out}") from error
    return SourceTable(path=path, sha256=digest, **texts)


def _repository(word: str) -> tuple[Repository, str]:
    """The repository's module and the name in it. Raises BadInput for a name of another form."""
    scheme, _, name = word.partition(":")
    repository = cast(Repository, importlib.import_module(f"jointbench.data.sources.{MODULES[scheme]}"))
    dots = any(set(part) <= {"."} for part in re.split("[/:]", name))  # "..", and an empty one
    if dots or len(name) > LONGEST or not re.fullmatch(repository.PATTERN, name):
        raise BadInput(f"{word}: write {repository.FORM}")
    return repository, name


def _stem(word: str) -> Path:
    """The path of the cached table, without its suffix."""
    scheme, _, name = word.partition(":")
    return cache_folder() / "sources" / scheme / Path(*re.split("[/:]", name)) / source_slug(word)
