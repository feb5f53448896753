"""What a study file may say. Every field that is left out is left to the command's own default."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jointbench.types import Kind, Norm, Optimizer

WIDEST = 65_536  # units of a layer
Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, lt=2**31)]
Unit = Annotated[int, Field(ge=1, le=WIDEST)]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Target(_Strict):
    """A column to predict. kind: where it would be read wrongly."""

    name: Name
    kind: Kind | None = None

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        """A text alone is what --target takes: NAME or NAME:kind."""
        return {"name": value} if isinstance(value, str) else value

    @property
    def word(self) -> str:
        return f"{self.name}:{self.kind}" if self.kind else self.name


class StudyDataset(_Strict):
    """One dataset. data: a bundled dataset's name, or a table's path or source. The others are of tables, and are what
    the command's options of these names are."""

    data: Name
    targets: list[Target] = []
    group: Name | None = None
    time: Name | None = None
    keep: list[Name] = []
    drop: list[Name] = []
    categorical: list[Name] = []
    test: Name | None = None
    weight: Name | None = None


class StudyRecipe(_Strict):
    """How networks are trained, where the rule for the number of rows is not to choose it."""

    optimizer: Optimizer | None = None
    learning_rate: Above0 | None = None
    batch_size: Count | None = None
    max_epochs: Count | None = None
    patience: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    loss_weights: dict[str, Above0] = {}


class StudyShape(_Strict):
    """Widths of the joint network's layers, where the rule is not to choose them."""

    trunk: list[Unit] | None = None
    head: list[Unit] | None = None
    channels: Annotated[list[Unit], Field(min_length=1)] | None = None
    activation: Literal["relu", "tanh"] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    norm: Norm | None = None
    residual: bool | None = None


class StudyFile(_Strict):
    """The content of a study file. rope: for every output; ropes: for one."""

    datasets: list[StudyDataset] = []
    profile: Literal["smoke", "quick", "full"] | None = None
    arms: list[Name] = []
    models: list[Name] = []
    backends: list[Literal["torch", "tensorflow"]] = []
    device: Literal["cpu", "cuda", "auto"] | None = None
    engine: Literal["stacked", "stock"] | None = None
    folds: Annotated[int, Field(ge=2)] | None = None
    repeats: Annotated[int, Field(ge=1)] | None = None
    seeds: Annotated[int, Field(ge=1)] | None = None
    tune: Count | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    jobs: Annotated[int, Field(ge=1)] | None = None
    recipe: StudyRecipe = StudyRecipe()
    shape: StudyShape = StudyShape()
    metrics: dict[str, Name] = {}
    class_weight: Literal["balanced"] | None = None
    split_repeats: bool = False
    rope: Annotated[float, Field(gt=0, lt=1)] | None = None
    ropes: dict[str, Annotated[float, Field(gt=0, lt=1)]] = {}
    probability: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    worth: Annotated[float, Field(ge=0, lt=1)] | None = None
    budget: Above0 | None = None
    until_decided: bool = False
