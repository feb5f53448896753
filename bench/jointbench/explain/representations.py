"""Does the joint trunk learn what the separate trunks learn? Linear CKA, against what a change of seed alone does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jointbench.comparison.decision import MIN_PAIRS
from jointbench.explain.answer import Answer, AnswerData, Value, check_lengths, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.lost_fits import because, lost_fits
from jointbench.explain.similarity import (
    MARGIN,
    Similarity,
    SimilarityByLayer,
    by_layer,
    grams_by_fold,
    posteriors,
    reading,
    similarity_of,
)
from jointbench.explain.trained_networks import compared_outputs, first_folds, study_networks
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment

KEY = "representations"
QUESTION = "Does the joint trunk learn the same representation as the separate ones?"


@dataclass(frozen=True, eq=False)
class TrunkSimilarity:
    """layers: the trunk's; similarities: one for each separate network's output; lost: fits, as ``lost_fits`` says."""

    layers: tuple[str, ...]
    folds: int
    similarities: tuple[Similarity, ...]
    lost: str = ""


@dataclass(frozen=True, kw_only=True)
class RepresentationComparison(AnswerData):
    """The joint trunk's layers against those of each output's separate network."""

    layers: tuple[str, ...]
    outputs: tuple[SimilarityByLayer, ...]

    def __post_init__(self) -> None:
        for output in self.outputs:
            check_lengths(len(self.layers) if output.between else 0, output.between, output.within)


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return answer(measure(experiment, backend, context.workers), experiment.dataset.slug, backend)


def measure(experiment: Experiment, backend: str, workers: Workers) -> TrunkSimilarity:
    """The joint network beside the network of each compared output."""
    study = study_networks(experiment, backend, workers)
    networks = study.networks
    grams = grams_by_fold(experiment, networks, workers)
    joint = tuple(output.name for output in experiment.dataset.outputs)
    similarities = tuple(similarity_of(name, (joint, (name,)), grams) for name in compared_outputs(experiment))
    layers: tuple[str, ...] = ()
    if networks:
        network = networks[0].job.architecture
        layers = tuple(layer.name.replace("_", " ") for layer in (*network.convs, *network.trunk))
    return TrunkSimilarity(layers, len(first_folds(experiment)), similarities, lost_fits(study.failures))


def answer(trunks: TrunkSimilarity, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where fewer than MIN_PAIRS folds can be compared."""
    by_output = posteriors(trunks.similarities, trunks.folds)
    if not by_output:
        reason = f"fewer than {MIN_PAIRS} folds have two seeds of both networks to compare"
        reason += because(trunks.lost, "ask for more with --folds")
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    numbers: dict[str, Value] = {"folds": trunks.folds, "margin_cka": MARGIN}
    for similarity in trunks.similarities:
        if (posterior := by_output.get(similarity.name)) is not None:
            numbers |= {
                f"{similarity.name}_cka_joint_separate": similarity.last_between,
                f"{similarity.name}_cka_two_seeds": similarity.last_within,
                f"{similarity.name}_difference": posterior.mean,
                f"{similarity.name}_low": posterior.low,
                f"{similarity.name}_high": posterior.high,
            }
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(trunks, by_output),
        numbers=numbers,
        data=RepresentationComparison(
            layers=trunks.layers,
            outputs=tuple(by_layer(similarity, by_output.get(similarity.name)) for similarity in trunks.similarities),
        ),
    )


def _sentence(trunks: TrunkSimilarity, by_output: Mapping[str, Posterior]) -> str:
    texts = {
        "as close": "as close to the separate one as two seeds are to each other",
        "further apart": "further from the separate one than two seeds are from each other",
        "closer": "closer to the separate one than two seeds are to each other",
        "not clear": "at a distance from the separate one that the folds cannot tell from that of two seeds",
    }
    claims = [
        f"{text} for {', '.join(names)}"
        for key, text in texts.items()
        if (names := [name for name, posterior in by_output.items() if reading(posterior) == key])
    ]
    lowest = min(by_output, key=lambda name: by_output[name].mean)
    posterior = by_output[lowest]
    similarity = next(similarity for similarity in trunks.similarities if similarity.name == lowest)
    return (
        f"The joint trunk's last layer is {'; '.join(claims)}. Least alike for {lowest}: CKA "
        f"{similarity.last_between:.2f} against {similarity.last_within:.2f} between two seeds, difference "
        f"{posterior.mean:+.2f} (95 % interval {posterior.low:+.2f} to {posterior.high:+.2f}; within {MARGIN} counts "
        f"as close)."
    )
