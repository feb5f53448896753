"""A user's own trunk in an experiment: built and measured once by each framework, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jointbench.backends.own_trunk import TrunkReading
from jointbench.backends.protocols import TrunkReader
from jointbench.backends.registry import unavailable_reason
from jointbench.errors import BadInput
from jointbench.networks.arms import sized
from jointbench.networks.own_trunk import OwnTrunk, TrunkFunction, TrunkSizes, takes_width, trunk_id, trunk_name
from jointbench.runtime.workers import Workers, failure_reason
from jointbench.study.plan import Experiment
from jointbench.types import Arm, Output, Shape

USUAL_WIDTH = 64  # of a user's trunk where the base shape has no dense layer


@dataclass(frozen=True)
class TrunkRequest:
    """What a framework reads a trunk for: the rows' shape, and the arms whose sizing rules ask for other widths."""

    function: TrunkFunction
    input_shape: tuple[int, ...]
    width: int | None
    arms: tuple[Arm, ...]
    base: Shape
    outputs: tuple[Output, ...]


class _Measured(dict[int | None, TrunkSizes]):
    """A trunk's sizes by width, read when they are asked for."""

    def __init__(self, backend: TrunkReader, request: TrunkRequest) -> None:
        self.backend, self.request = backend, request

    def __missing__(self, width: int | None) -> TrunkSizes:
        sizes = self[width] = _read(self.backend, self.request, width).sizes
        return sizes


@dataclass(frozen=True)
class MeasuredTrunk:
    """A trunk at its base width, and its sizes at every width that an arm has."""

    reading: TrunkReading
    sizes: Mapping[int | None, TrunkSizes]


def measure_trunk(backend: TrunkReader, request: TrunkRequest) -> MeasuredTrunk:
    """Runs inside a worker. Raises BadInput where the function gives no trunk at one of the widths."""
    reading = _read(backend, request, request.width)
    measured = _Measured(backend, request)
    measured[request.width] = reading.sizes
    if reading.plain is None:
        own = OwnTrunk(trunk_id(request.function), request.function, request.width, measured)
        for arm in request.arms:
            sized(arm, own.shape(request.base), request.input_shape, request.outputs, own)
    return MeasuredTrunk(reading, dict(measured))


def _read(backend: TrunkReader, request: TrunkRequest, width: int | None) -> TrunkReading:
    try:
        return backend.read_trunk(request.function, request.input_shape, width)
    except BadInput:
        raise
    except Exception as error:  # whatever a user's code raises
        called = f"{request.input_shape}" if width is None else f"{request.input_shape}, {width}"
        raise BadInput(f"trunk: {trunk_name(request.function)}({called}) failed: {failure_reason(error)}") from error


def with_own_trunk(experiment: Experiment, functions: Mapping[str, TrunkFunction]) -> tuple[Experiment, list[str]]:
    """The experiment with these trunks, by backend, and sentences on how they are trained and counted.

    A trunk of dense layers alone becomes the base shape: it is then trained as any other, by the engine and from the
    same initial weights. Raises BadInput for what is no trunk.
    """
    arms, notes = _sizable(experiment, functions)
    experiment = replace(experiment, arms=arms)
    measured = {backend: _measured(experiment, backend, function) for backend, function in functions.items()}
    shapes = {trunk.reading.plain for trunk in measured.values()}
    if len(shapes) == 1 and (plain := shapes.pop()) is not None:
        names = ", ".join(sorted({trunk_name(function) for function in functions.values()}))
        widths = "-".join(map(str, plain.trunk))
        note = (
            f"Trunk {names}: dense layers {widths} with {plain.activation}, so it is trained by the engine, from "
            "jointbench's own initial weights."
        )
        return replace(experiment, shape=replace(plain, head=experiment.shape.head)), [*notes, note]
    own = {
        backend: OwnTrunk(trunk_id(function), function, _width(experiment, function), measured[backend].sizes)
        for backend, function in functions.items()
    }
    for backend, trunk in measured.items():
        notes.append(_note(backend, own[backend], trunk.reading))
    shape = next(iter(own.values())).shape(experiment.shape)
    return replace(experiment, shape=shape, own_trunks=own), notes


def _note(backend: str, own: OwnTrunk, reading: TrunkReading) -> str:
    width = "" if own.width is None else f" at width {own.width}"
    counted = (
        f"FLOPs: not measured: {reading.sizes.uncounted}"
        if reading.sizes.uncounted
        else ("its FLOPs are by the framework's own counter")
    )
    return (
        f"Trunk {trunk_name(own.function)}{width} in {backend} ({', '.join(reading.layers)}): trained by the stock "
        f"loop, which the engine cannot stack; {counted}."
    )


def _sizable(experiment: Experiment, functions: Mapping[str, TrunkFunction]) -> tuple[tuple[Arm, ...], list[str]]:
    """The arms that the trunks can be sized for, and a sentence on those that are left out."""
    fixed = [trunk_name(function) for function in functions.values() if not takes_width(function)]
    left = [arm for arm in experiment.arms if arm.sizing != "same-width"] if fixed else []
    if not left:
        return experiment.arms, []
    names = ", ".join(arm.name for arm in left)
    note = f"Trunk {fixed[0]} takes no width, so no arm can be sized by it: {names} left out."
    return tuple(arm for arm in experiment.arms if arm not in left), [note]


def _width(experiment: Experiment, function: TrunkFunction) -> int | None:
    widths: Sequence[int] = experiment.shape.trunk or (USUAL_WIDTH,)
    return widths[0] if takes_width(function) else None


def _measured(experiment: Experiment, backend: str, function: TrunkFunction) -> MeasuredTrunk:
    if (reason := unavailable_reason(backend)) is not None:
        raise BadInput(f"trunk: {backend} is {reason}")
    request = TrunkRequest(
        function,
        experiment.input_shape,
        _width(experiment, function),
        experiment.arms,
        experiment.shape,
        experiment.dataset.outputs,
    )
    with Workers(backend, "cpu", 1, 1) as workers:
        try:
            return workers.submit(measure_trunk, request).result()
        except BadInput:
            raise
        except Exception as error:
            raise BadInput(f"trunk: {trunk_name(function)} cannot be tried: {failure_reason(error)}") from error
