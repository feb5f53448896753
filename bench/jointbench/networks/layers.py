"""The layers of a chain: each with what follows it, so that one walk runs it in any framework.

A plain hidden layer is dense, then the activation; with ``norm`` dense, normalisation, activation; ``dropout`` comes
last. A residual trunk (Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data") is a dense layer
to a stream, blocks that add to it (normalisation, dense, activation, dropout, dense, dropout), then normalisation and
activation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from jointbench.errors import BadInput
from jointbench.types import Shape

KERNEL = 3  # convolutions are 3x3, SAME padding, stride 1, so that both frameworks' FLOP counters agree
NORM_EPSILON = 1e-5  # added to the variance
T = TypeVar("T")
Follower = Literal["activate", "drop", "add"]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One dense or convolution layer, or a normalisation.

    positions: how many places the kernel is applied at (height x width for a convolution, 1 for dense).
    head: index of the output that the layer serves, None in the shared trunk.
    reads_input: the layer's input is the data, so that training needs no gradient with respect to it.
    opens: what the layer reads is kept for the next "add". then: what is done to its answer, in this order.
    """

    name: str
    kind: Literal["dense", "conv", "norm"]
    inputs: int
    units: int
    positions: int
    head: int | None
    reads_input: bool
    opens: bool = False
    then: tuple[Follower, ...] = ()

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """Shape of the kernel, inputs before units: (in, out), (3, 3, in, out), or (units,) of a normalisation, whose
        kernel is its scale and whose bias is its shift."""
        if self.kind == "norm":
            return (self.units,)
        window = (KERNEL, KERNEL) if self.kind == "conv" else ()
        return (*window, self.inputs, self.units)

    @property
    def parameters(self) -> int:
        return math.prod(self.kernel_shape) + self.units

    @property
    def drops(self) -> bool:
        return "drop" in self.then


def run_layers(
    layers: Sequence[Layer],
    hidden: T,
    apply: Callable[[Layer, T], T],
    activate: Callable[[T], T],
    drop: Callable[[Layer, T], T] | None = None,
    add: Callable[[Layer, Any, Any], Any] = lambda _, kept, hidden: kept + hidden,
) -> T:
    """The answer of layers one after the other. drop: None where nothing is dropped, as in serving."""
    kept = hidden
    for layer in layers:
        if layer.opens:
            kept = hidden
        hidden = apply(layer, hidden)
        for follower in layer.then:
            if follower == "activate":
                hidden = activate(hidden)
            elif follower == "add":
                hidden = add(layer, kept, hidden)
            elif drop is not None:
                hidden = drop(layer, hidden)
    return hidden


def check_residual(shape: Shape) -> None:
    """Raises BadInput for a residual trunk without a block or without normalisation."""
    if shape.residual and (len(shape.trunk) < 2 or not shape.norm):
        raise BadInput(
            'shape.residual: a residual trunk needs norm = "layer" and at least two widths in shape.trunk: that of its stream, then one '
            "for each block"
        )


def trunk_layers(shape: Shape, inputs: int, *, reads_input: bool) -> tuple[Layer, ...]:
    """The trunk's layers after convolutions. reads_input: of the first one. Raises BadInput as ``check_residual`` does."""
    if not shape.residual:
        return hidden_layers("trunk", shape.trunk, inputs, shape, reads_input=reads_input)
    check_residual(shape)
    stream, *blocks = shape.trunk
    layers = [_dense("trunk_0", inputs, stream, reads_input=reads_input)]
    drop: tuple[Follower, ...] = ("drop",) if shape.dropout else ()
    for number, width in enumerate(blocks, start=1):
        layers += [
            replace(_norm(f"trunk_{number}_norm", stream), opens=True),
            replace(_dense(f"trunk_{number}_in", stream, width), then=("activate", *drop)),
            replace(_dense(f"trunk_{number}_out", width, stream), then=(*drop, "add")),
        ]
    return (*layers, replace(_norm("trunk_norm", stream), then=("activate",)))


def hidden_layers(
    prefix: str, widths: Sequence[int], inputs: int, shape: Shape, *, reads_input: bool, head: int | None = None
) -> tuple[Layer, ...]:
    """Hidden dense layers one after the other, each with what the shape puts after it."""
    after: tuple[Follower, ...] = ("activate", "drop") if shape.dropout else ("activate",)
    layers = []
    for number, units in enumerate(widths):
        name = f"{prefix}_{number}"
        dense = replace(_dense(name, inputs, units, reads_input=reads_input and number == 0), head=head)
        if shape.norm:
            layers += [dense, replace(_norm(f"{name}_norm", units), head=head, then=after)]
        else:
            layers.append(replace(dense, then=after))
        inputs = units
    return tuple(layers)


def head_layers(number: int, shape: Shape, units: int, inputs: int, *, reads_input: bool) -> tuple[Layer, ...]:
    """A head: its hidden layers, and the dense layer of an output's raw answers."""
    hidden = hidden_layers(f"head_{number}", shape.head, inputs, shape, reads_input=reads_input, head=number)
    last = _dense(
        f"head_{number}_{len(shape.head)}",
        hidden[-1].units if hidden else inputs,
        units,
        reads_input=reads_input and not hidden,
    )
    return (*hidden, replace(last, head=number))


def _dense(name: str, inputs: int, units: int, *, reads_input: bool = False) -> Layer:
    return Layer(name=name, kind="dense", inputs=inputs, units=units, positions=1, head=None, reads_input=reads_input)


def _norm(name: str, units: int) -> Layer:
    return Layer(name=name, kind="norm", inputs=units, units=units, positions=1, head=None, reads_input=False)
