"""Is there one set of parameters, or one for each loss?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jointbench.backends.base import Job
from jointbench.backends.protocols import TrainingBackend
from jointbench.explain.answer import Answer, AnswerData
from jointbench.explain.context import Context, networks_of
from jointbench.networks.architecture import Architecture
from jointbench.networks.flops import backward_flops, forward_flops
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split

KEY = "one-set-of-parameters"
QUESTION = "Is there one set of parameters, or one for each loss?"
TRUNK = "trunk"
MEASURES = ("parameters", "train_flops", "inference_flops")


@dataclass(frozen=True)
class LayerSize:
    """A layer of one network: its owner, its parameters as the framework holds them, FLOPs of one row through it."""

    layer: str
    owner: str
    parameters: int
    train_flops: int
    inference_flops: int


@dataclass(frozen=True)
class NetworkSizes(AnswerData):
    """The joint network's layers, and those of each separate network. ``measure`` is one of MEASURES."""

    joint: tuple[LayerSize, ...]
    separate: tuple[tuple[LayerSize, ...], ...]

    def __post_init__(self) -> None:
        if not all((self.joint, *self.separate)):
            raise ValueError("a network without layers")

    def joint_total(self, measure: str) -> int:
        return total_size(self.joint, measure)

    def trunk_total(self, measure: str) -> int:
        return total_size((layer for layer in self.joint if layer.owner == TRUNK), measure)

    def separate_total(self, measure: str) -> int:
        return sum(total_size(network, measure) for network in self.separate)

    def trunk_share(self, measure: str) -> float:
        """The trunk's part of the joint network's parameters or FLOPs."""
        return self.trunk_total(measure) / self.joint_total(measure)

    def separate_ratio(self, measure: str) -> float:
        """The separate networks' total over the joint network's."""
        return self.separate_total(measure) / self.joint_total(measure)


def total_size(layers: Iterable[LayerSize], measure: str) -> int:
    """The layers' sum of one of MEASURES."""
    return sum(getattr(layer, measure) for layer in layers)


def parameter_counts(backend: TrainingBackend, tasks: Sequence[Job]) -> list[dict[str, int]]:
    """Parameters of each network by layer, counted in the framework's own model before training."""
    return [_by_layer({name: array.size for name, array in backend.steps(task, 0).items()}) for task in tasks]


def _by_layer(sizes: Mapping[str, int]) -> dict[str, int]:
    by_layer: dict[str, int] = {}
    for name, size in sizes.items():
        layer = name.partition("/")[0]
        by_layer[layer] = by_layer.get(layer, 0) + size
    return by_layer


def layer_sizes(network: Architecture, parameters: Mapping[str, int], outputs: Sequence[str]) -> tuple[LayerSize, ...]:
    """parameters: by layer; outputs: the names of the outputs that the network's heads serve."""
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
    tasks = [job(experiment, network, prepared_split(experiment, network.repeat, network.fold)) for network in networks]
    counts = context.workers.submit(parameter_counts, tasks).result()
    sizes = [
        layer_sizes(experiment.architecture(network), parameters, network.group)
        for network, parameters in zip(networks, counts, strict=True)
    ]
    return answer(NetworkSizes(sizes[0], tuple(sizes[1:])), experiment.dataset.slug, backend)


def answer(sizes: NetworkSizes, dataset: str, backend: str) -> Answer:
    """The sentence and its data."""
    numbers = {
        "joint_parameters": sizes.joint_total("parameters"),
        "shared_parameters": sizes.trunk_total("parameters"),
        "separate_parameters": sizes.separate_total("parameters"),
        "parameter_ratio": sizes.separate_ratio("parameters"),
        "shared_parameter_share": sizes.trunk_share("parameters"),
        "shared_train_flop_share": sizes.trunk_share("train_flops"),
        "shared_inference_flop_share": sizes.trunk_share("inference_flops"),
        "train_flop_ratio": sizes.separate_ratio("train_flops"),
        "inference_flop_ratio": sizes.separate_ratio("inference_flops"),
    }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(sizes),
        numbers=numbers,
        data=sizes,
    )


def _sentence(sizes: NetworkSizes) -> str:
    total, shared = sizes.joint_total("parameters"), sizes.trunk_total("parameters")
    share, training, inference = (sizes.trunk_share(measure) for measure in MEASURES)
    verdict = "One set" if shared > total - shared else "Mostly one for each loss" if shared else "One for each loss"
    return (
        f"{verdict}: {shared:,} of the joint network's {total:,} parameters ({share:.1%}) are in the trunk, which "
        f"every loss trains; its heads have the other {total - shared:,}. {len(sizes.separate)} separate networks have "
        f"{sizes.separate_total('parameters'):,} ({sizes.separate_ratio('parameters'):.2f} times as many). The trunk "
        f"does {training:.1%} of the joint network's training FLOPs and {inference:.1%} of its inference FLOPs."
    )
