"""A dataset's card: `datasets/<slug>/card.toml`, what the data is, where it is from and how to read it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jointbench.errors import BadInput
from jointbench.types import Kind, Optimizer, Output, Recipe, Shape


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CardOutput(_Strict):
    """An output's column. ``classes`` are the file's own labels, in code order."""

    name: str
    kind: Kind
    classes: tuple[str, ...] = ()
    about: str = ""

    def output(self) -> Output:
        return Output(self.name, self.kind, self.classes)


class CardShape(_Strict):
    """The base shape, where the card replaces the size rule's."""

    trunk: tuple[int, ...]
    head: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()

    def shape(self) -> Shape:
        return Shape(self.trunk, self.head, self.channels)


class CardRecipe(_Strict):
    """The recipe, where the card replaces the size rule's."""

    optimizer: Optimizer = "adam"
    learning_rate: float = 1e-3
    batch_size: int
    max_epochs: int
    patience: int

    def recipe(self) -> Recipe:
        return Recipe(
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
        )


class Card(_Strict):
    """The content of `card.toml`.

    file: the data file beside the card, CSV (also .gz, .xz), Parquet, or .npz with an array ``images``
    and one array per output; absent for a dataset that must be fetched. categorical: feature columns that
    hold categories, not numbers. group: the column whose equal values must share a fold (not a feature).
    made_from: package, version and path that the build script reads. dropped, leaks: sentences on the columns
    left out and on the leaks looked for. notes: sentences that the report repeats beside the results.
    determining: features that give an output away and are kept all the same, each as "feature -> output".
    """

    title: str
    file: str | None = None
    sha256: str = ""
    rows: int
    source: str
    doi: str = ""
    licence: str
    citation: str
    made_from: str
    about: str = ""
    outputs: tuple[CardOutput, ...] = Field(min_length=1)
    categorical: tuple[str, ...] = ()
    group: str | None = None
    dropped: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    determining: tuple[str, ...] = ()
    uci_id: int | None = None
    shape: CardShape | None = None
    recipe: CardRecipe | None = None


def read_card(folder: Path) -> Card:
    """The card in this folder. Raises BadInput when it is not a valid card."""
    path = folder / "card.toml"
    try:
        return Card.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadInput(f"{path} is not a valid dataset card: {str(error).splitlines()[0]}") from error
