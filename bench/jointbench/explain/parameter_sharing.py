"""Is there one set of parameters, or one for each loss?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jointbench.backends.base import Backend, Job
from jointbench.explain.answer import Answer, Table
from jointbench.explain.context import Context, networks_of
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import backward_flops, forward_flops
from jointbench.study.plan import Experiment, job, prepared_split

KEY = "one-set-of-parameters"
QUESTION = "Is there one set of parameters, or one for each loss?"
TRUNK = "trunk"


@dataclass(frozen=True)
class LayerSize:
    """A layer of one network: whose it is, its parameters as the framework holds them, FLOPs of one row through it."""

    layer: str
    owner: str
    parameters: int
    train_flops: int
    inference_flops: int


@dataclass(frozen=True)
class Sizes:
    """The joint network's layers, and those of each separate network."""

    joint: tuple[LayerSize, ...]
    separate: tuple[tuple[LayerSize, ...], ...]

    def joint_total(self, of: str, shared_only: bool = False) -> int:
        return sum(getattr(one, of) for one in self.joint if not shared_only or one.owner == TRUNK)

    def separate_total(self, of: str) -> int:
        return sum(getattr(one, of) for network in self.separate for one in network)

    def share(self, of: str) -> float:
        """The trunk's part of the joint network's parameters or FLOPs."""
        return self.joint_total(of, shared_only=True) / self.joint_total(of)


def counted(backend: Backend, tasks: Sequence[Job]) -> list[dict[str, int]]:
    """Parameters of each network by layer, counted in the framework's own model before it is trained."""
    return [_by_layer({name: array.size for name, array in backend.steps(task, 0).items()}) for task in tasks]


def _by_layer(sizes: Mapping[str, int]) -> dict[str, int]:
    made: dict[str, int] = {}
    for name, size in sizes.items():
        layer = name.partition("/")[0]
        made[layer] = made.get(layer, 0) + size
    return made


def sizes_of(network: Architecture, parameters: Mapping[str, int], outputs: Sequence[str]) -> tuple[LayerSize, ...]:
    return tuple(
        LayerSize(
            layer.name,
            TRUNK if layer.head is None else f"head of {outputs[layer.head]}",
            parameters[layer.name],
            forward_flops(layer) + backward_flops(layer),
            forward_flops(layer),
        )
        for layer in network.layers
    )


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Counted in the networks of the first split."""
    joint = networks_of(experiment, "joint", backend, context.device)[:1]
    separate = networks_of(experiment, "separate", backend, context.device)[: len(experiment.dataset.outputs)]
    networks = [*joint, *separate]
    tasks = [job(experiment, one, prepared_split(experiment, one.repeat, one.fold)) for one in networks]
    found = context.workers.submit(counted, tasks).result()
    sized = [
        sizes_of(experiment.architecture(network), parameters, network.group)
        for network, parameters in zip(networks, found, strict=True)
    ]
    return answer(Sizes(sized[0], tuple(sized[1:])), experiment.dataset.slug, backend)


def answer(sizes: Sizes, dataset: str, backend: str) -> Answer:
    """The sentence and its table."""
    total, shared = sizes.joint_total("parameters"), sizes.joint_total("parameters", shared_only=True)
    apart = sizes.separate_total("parameters")
    share, training, inference = (sizes.share(of) for of in ("parameters", "train_flops", "inference_flops"))
    verdict = "One set" if shared > total - shared else "Mostly one for each loss" if shared else "One for each loss"
    ratio = apart / total
    sentence = (
        f"{verdict}: {shared:,} of the joint network's {total:,} parameters ({share:.1%}) are in the trunk, which every "
        f"loss trains; its heads have the other {total - shared:,}. {len(sizes.separate)} separate networks have {apart:,} "
        f"({ratio:.2f} times as many). The trunk does {training:.1%} of the joint network's training FLOPs and "
        f"{inference:.1%} of its inference FLOPs."
    )
    layers = Table(
        "The joint network's layers",
        ("Layer", "Owner", "Parameters", "Training FLOPs a row", "Inference FLOPs a row"),
        tuple((one.layer, one.owner, one.parameters, one.train_flops, one.inference_flops) for one in sizes.joint),
    )
    owners = list(dict.fromkeys(one.owner for one in sizes.joint))
    rows = [
        ("joint", owner, *(sum(getattr(one, of) for one in sizes.joint if one.owner == owner) for of in MEASURES))
        for owner in owners
    ]
    rows.append(("joint", "all of it", *(sizes.joint_total(of) for of in MEASURES)))
    rows.extend(
        (
            f"separate {number}",
            f"alone for {network[-1].owner.removeprefix('head of ')}",
            *(sum(getattr(one, of) for one in network) for of in MEASURES),
        )
        for number, network in enumerate(sizes.separate, 1)
    )
    rows.append(("separate", "all of them", *(sizes.separate_total(of) for of in MEASURES)))
    side = Table(
        "Joint beside separate",
        ("Network", "Owner", "Parameters", "Training FLOPs a row", "Inference FLOPs a row"),
        tuple(rows),
    )
    numbers = {
        "joint_parameters": total,
        "shared_parameters": shared,
        "separate_parameters": apart,
        "parameter_ratio": ratio,
        "shared_parameter_share": share,
        "shared_train_flop_share": training,
        "shared_inference_flop_share": inference,
        "train_flop_ratio": sizes.separate_total("train_flops") / sizes.joint_total("train_flops"),
        "inference_flop_ratio": sizes.separate_total("inference_flops") / sizes.joint_total("inference_flops"),
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(side, layers),
    )


MEASURES = ("parameters", "train_flops", "inference_flops")
