"""A user's own trunk: a function that builds a module of a framework, and what that module is like at a width."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jointbench.errors import BadInput
from jointbench.types import Shape

TrunkFunction = Callable[..., Any]
"""Called with the shape of a row, and with a width where it takes one; returns a ``torch.nn.Module`` or Keras layer."""


@dataclass(frozen=True)
class TrunkSizes:
    """A trunk at one width. units: values of a row that the heads read. FLOPs: of a row, by the framework's counter.

    uncounted: why the counter's FLOPs are not those of the trunk; then they are 0.
    """

    units: int
    parameters: int
    forward_flops: int
    backward_flops: int
    uncounted: str = ""


@dataclass(frozen=True)
class SizedTrunk:
    """A user's trunk at one width, None where it takes none."""

    name: str
    width: int | None
    sizes: TrunkSizes
    function: TrunkFunction = field(compare=False, repr=False)

    def build(self, input_shape: tuple[int, ...]) -> Any:
        """The framework's module, with weights of its own choosing."""
        return call_trunk(self.function, input_shape, self.width)


@dataclass(frozen=True)
class OwnTrunk:
    """A user's trunk. width: the base width, None of a function that takes none. measured: its sizes by width."""

    name: str
    function: TrunkFunction
    width: int | None
    measured: Mapping[int | None, TrunkSizes]

    def shape(self, base: Shape) -> Shape:
        """The base shape with this trunk."""
        return replace(
            base, trunk=() if self.width is None else (self.width,), channels=(), own_trunk=self.name, residual=False
        )

    def at(self, widths: tuple[int, ...]) -> SizedTrunk:
        """The trunk of this width, or of none where there is no width in ``widths``."""
        width = widths[0] if widths else None
        return SizedTrunk(self.name, width, self.measured[width], self.function)


def call_trunk(function: TrunkFunction, input_shape: tuple[int, ...], width: int | None) -> Any:
    """The function's module."""
    return function(input_shape) if width is None else function(input_shape, width)


def takes_width(function: TrunkFunction) -> bool:
    """Whether the function has a second parameter. Raises BadInput where it cannot be called with a shape alone or with
    a shape and a width."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"trunk is a {type(function).__name__}; give a function of the shape of a row and a width"
        ) from error
    for arguments in (((1,), 1), ((1,),)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise BadInput(
        f"trunk: {trunk_name(function)}{signature} cannot be called with the shape of a row and a width; "
        "give a function of these two, or of the shape alone"
    )


def trunk_name(function: TrunkFunction) -> str:
    """What the function is called."""
    return str(getattr(function, "__name__", type(function).__name__)).strip("<>")


def trunk_id(function: TrunkFunction) -> str:
    """Its name and a hash of its code, so that networks of two functions of one name are not taken for each other."""
    try:
        code = inspect.getsource(function).encode()
    except (OSError, TypeError):  # typed at a prompt, or an object that can be called
        code = getattr(getattr(function, "__code__", None), "co_code", repr(type(function)).encode())
    return f"{trunk_name(function)}-{hashlib.sha256(code).hexdigest()[:8]}"
