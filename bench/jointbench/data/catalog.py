"""The datasets that come with jointbench."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from jointbench.data.card import Card, read_card
from jointbench.data.fetch import cached_file, is_fetched
from jointbench.data.reading import with_labels
from jointbench.data.table import dataset_of_card
from jointbench.errors import BadInput
from jointbench.types import Dataset, FloatArray, Provenance


def datasets_folder() -> Path:
    """The folder of cards and files: inside an installed package, or beside bench/ in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parents[1] / "datasets"


def bundled_slugs() -> list[str]:
    """Slugs of the datasets that come with their data file, alphabetical."""
    return sorted(slug for slug, card in cards().items() if card.file is not None)


def available_slugs() -> list[str]:
    """Slugs of the datasets that can be loaded now: the bundled ones and those that were fetched, alphabetical."""
    return sorted(slug for slug, card in cards().items() if card.file is not None or is_fetched(slug))


def cards() -> dict[str, Card]:
    """All cards by slug, those of datasets that must be fetched included."""
    return {path.parent.name: read_card(path.parent) for path in sorted(datasets_folder().glob("*/card.toml"))}


def card_of(slug: str) -> Card:
    """The card of this dataset. Raises BadInput for an unknown slug."""
    folder = datasets_folder() / slug
    if not (folder / "card.toml").is_file():
        raise BadInput(f"there is no dataset {slug!r}; the bundled ones are {', '.join(bundled_slugs())}")
    return read_card(folder)


def verified_bytes(slug: str, card: Card) -> Path:
    """The path of the dataset's file, after checking that its bytes have the card's sha256."""
    if card.file is None:
        return cached_file(slug, card)
    path = datasets_folder() / slug / card.file
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); reinstall jointbench") from error
    if digest != card.sha256:
        raise BadInput(
            f"{path} is not the file its card describes: sha256 {digest[:12]}... instead of "
            f"{card.sha256[:12]}...; reinstall jointbench, or restore the file"
        )
    return path


def load_bundled(slug: str) -> Dataset:
    """The bundled or fetched dataset of this slug, checked against its card.

    Raises BadInput for an unknown slug or a changed file.
    """
    card = card_of(slug)
    return load_with_card(slug, card, verified_bytes(slug, card))


def load_with_card(slug: str, card: Card, path: Path) -> Dataset:
    """The dataset in a data file, read as its card describes. Raises BadInput for another number of rows."""
    provenance = Provenance(card.source, card.licence, card.citation, hashlib.sha256(path.read_bytes()).hexdigest())
    if path.suffix == ".npz":
        dataset = _images(slug, card, path, provenance)
    else:
        dataset = dataset_of_card(slug, card, path, provenance)
    if dataset.rows != card.rows:
        raise BadInput(f"{path} has {dataset.rows} rows, but its card says {card.rows}")
    return replace(
        dataset,
        shape=card.shape.shape() if card.shape else None,
        recipe=card.recipe.recipe() if card.recipe else None,
        notes=card.notes,
    )


def _images(slug: str, card: Card, path: Path, provenance: Provenance) -> Dataset:
    outputs = tuple(item.output() for item in card.outputs)
    with np.load(path, allow_pickle=False) as arrays:
        targets: dict[str, FloatArray] = {o.name: arrays[o.name].astype(np.float64) for o in outputs}
        images = arrays["images"]
    return with_labels(
        Dataset(slug=slug, title=card.title, features=images, targets=targets, outputs=outputs, provenance=provenance)
    )
