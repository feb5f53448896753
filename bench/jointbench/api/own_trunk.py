"""A user's own trunk in a planned run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jointbench.backends.own_trunk import OtherFramework
from jointbench.backends.registry import check_names
from jointbench.errors import BadInput
from jointbench.networks.own_trunk import TrunkFunction
from jointbench.runs.planned_run import PlannedRun
from jointbench.study.own_trunks import with_own_trunk
from jointbench.study.plan import Experiment

Trunks = TrunkFunction | Mapping[str, TrunkFunction]


def run_with_trunk(run: PlannedRun, trunk: Trunks, backends: Sequence[str] | None) -> PlannedRun:
    """The run with networks on this trunk. trunk: one function, or one for each backend.

    backends: those that were asked for; None: those of the functions, and of a single one the framework that it
    returns a module of. Raises BadInput for what is no trunk.
    """
    shapes = [experiment.shape for experiment in run.experiments]
    if any(shape.dropout or shape.norm or shape.residual for shape in shapes):
        raise BadInput("trunk: it is your own, so model resnet, dropout and norm cannot change it; leave them out")
    functions = _by_backend(trunk, backends)
    try:
        experiments, notes = _with_trunk(run, functions)
    except OtherFramework as error:
        if backends is not None or isinstance(trunk, Mapping):
            raise
        functions = {error.backend: trunk}
        experiments, notes = _with_trunk(run, functions)
    own = any(experiment.own_trunks for experiment in experiments)
    config = replace(run.config, backends=tuple(functions), engine="stock" if own else run.config.engine)
    description = replace(run.description, notes=(*run.description.notes, *notes))
    return PlannedRun(experiments, config, description)


def _with_trunk(run: PlannedRun, functions: Mapping[str, TrunkFunction]) -> tuple[tuple[Experiment, ...], list[str]]:
    pairs = [with_own_trunk(experiment, functions) for experiment in run.experiments]
    larger = [tuple(with_own_trunk(at, functions)[0] for at in experiment.larger) for experiment, _ in pairs]
    experiments = (replace(pair[0], larger=sizes) for pair, sizes in zip(pairs, larger, strict=True))
    return tuple(experiments), [note for _, notes in pairs for note in notes]


def _by_backend(trunk: Trunks, backends: Sequence[str] | None) -> dict[str, TrunkFunction]:
    if not isinstance(trunk, Mapping):
        return dict.fromkeys(backends or ("torch",), trunk)
    if not trunk:
        raise BadInput("trunk: it is empty; give a function, or one for each backend")
    check_names(list(trunk))
    if missing := [name for name in backends or () if name not in trunk]:
        raise BadInput(f"trunk: it has no function for {missing[0]}; it has {', '.join(trunk)}")
    return {name: trunk[name] for name in backends or trunk}
