"""A user's own trunk as a framework reads it, and its weights beside those of the heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jointbench.errors import BadInput
from jointbench.networks.own_trunk import TrunkSizes
from jointbench.types import Shape, Weights

PREFIX = "own_trunk/"  # of the names of its weights
FRAMEWORKS = {"torch": "torch", "keras": "tensorflow"}  # the backend that trains a package's modules
ROWS = 4  # of the zeros that a trunk is tried on


@dataclass(frozen=True)
class TrunkReading:
    """A user's trunk at one width. plain: the same trunk as a shape, where it has nothing but dense layers, each with
    its activation; layers: the names of its layers' types, each once."""

    sizes: TrunkSizes
    plain: Shape | None
    layers: tuple[str, ...]


def own_weights(weights: Weights) -> dict[str, npt.NDArray[np.floating]]:
    """Those of the user's trunk, by the names that the framework gives them."""
    return {name.removeprefix(PREFIX): array for name, array in weights.items() if name.startswith(PREFIX)}


def named_own_weights(arrays: Mapping[str, Any]) -> dict[str, npt.NDArray[np.floating]]:
    """The trunk's weights as they stand among a network's."""
    return {f"{PREFIX}{name}": array for name, array in arrays.items()}


def plain_shape(units: list[int], activations: list[str]) -> Shape | None:
    """The shape of dense layers with these activations; None where they are not all of one that a shape has."""
    kinds = set(activations)
    if not units or len(kinds) != 1 or len(activations) != len(units):
        return None
    activation: Literal["relu", "tanh"]
    for activation in ("relu", "tanh"):
        if kinds == {activation}:
            return Shape(tuple(units), activation=activation)
    return None


class OtherFramework(BadInput):
    """A trunk is of another framework. backend: the one that can train it."""

    def __init__(self, message: str, backend: str) -> None:
        super().__init__(message, backend)
        self.message, self.backend = message, backend

    def __str__(self) -> str:
        return self.message


def check_module(name: str, module: object, wanted: type, wanted_name: str) -> None:
    """Raises BadInput where the function did not return what its framework can train, OtherFramework where another
    one can."""
    if isinstance(module, wanted):
        return
    for kind in type(module).__mro__:
        if (backend := FRAMEWORKS.get(kind.__module__.partition(".")[0])) is not None:
            raise OtherFramework(
                f"trunk: {name} returned a {type(module).__name__} of {backend}; compare with backends={backend!r}, "
                "or give one function for each backend: trunk={'torch': ..., 'tensorflow': ...}",
                backend,
            )
    raise BadInput(f"trunk: {name} returned a {type(module).__name__}; it must return a {wanted_name}")


def check_answer(name: str, input_shape: tuple[int, ...], shape: tuple[int, ...], *, floating: bool) -> int:
    """The units of a trunk's answer to ROWS rows. Raises BadInput where heads cannot read it."""
    if len(shape) != 2 or shape[0] != ROWS or not shape[1]:
        raise BadInput(
            f"trunk: {name} gives {shape} for rows of shape {(ROWS, *input_shape)}; heads read (rows, units), "
            "so flatten or pool what is more"
        )
    if not floating:
        raise BadInput(f"trunk: {name} gives whole numbers; heads read floating-point values")
    return shape[1]
