"""Methods that weigh the outputs' losses anew in training: what each is, and what it adds to a step.

They act on each output's mean loss times its loss weight, which by default divides it by its no-skill loss; so a method
starts from losses of one scale. What a framework computes is in ``backends/<name>/weighting``, a file each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.types import Arm, Weighting


@dataclass(frozen=True, kw_only=True)
class Method:
    """source: who published it. forwards: passes forward in a step. backward_per_output: whether the shared trunk is
    differentiated once for each output, instead of once."""

    title: str
    source: str
    forwards: int = 1
    backward_per_output: bool = False


METHODS: dict[Weighting, Method] = {
    "uw": Method(title="uncertainty weighting", source="Kendall, Gal & Cipolla, CVPR 2018"),
    "dwa": Method(title="dynamic weight average", source="Liu, Johns & Davison, CVPR 2019"),
    "famo": Method(title="FAMO", source="Liu, Feng, Stone & Liu, NeurIPS 2023", forwards=2),
    "pcgrad": Method(title="PCGrad", source="Yu et al., NeurIPS 2020", backward_per_output=True),
    "mgda": Method(title="MGDA", source="Desideri 2012; Sener & Koltun, NeurIPS 2018", backward_per_output=True),
    "upgrad": Method(title="UPGrad", source="Quinton & Rey 2024", backward_per_output=True),
}
FIXED = Method(title="fixed weights", source="")


def method(weighting: Weighting, outputs: int) -> Method:
    """The method of a network with so many outputs: with one there is nothing to weigh, and it is trained plainly."""
    return METHODS[weighting] if weighting and outputs > 1 else FIXED


def weighting_of(weighting: Weighting, group: Sequence[str]) -> Weighting:
    """The weighting of one network of an arm: none where it has one output, so that it is the plain arm's network."""
    return weighting if len(group) > 1 else ""


def weighting_notes(arms: Sequence[Arm]) -> list[str]:
    """Sentences for those who read the results of arms whose losses a method weighs."""
    notes = [_sentence(arm.name, METHODS[arm.weighting]) for arm in arms if arm.weighting]
    if notes and len(arms) > 1 and len({arm.groups for arm in arms}) == 1:
        notes.append(
            f"All arms divide the outputs alike: in their verdicts “joint” stands for {arms[0].name}, “separate” for "
            "the arm that it is compared with."
        )
    return notes


def _sentence(arm: str, known: Method) -> str:
    parts = [f"Arm {arm}: losses weighed by {known.title} ({known.source}), trained by the stock loop"]
    if known.backward_per_output:
        parts.append("a step goes back through the shared trunk once for each output")
    if known.forwards > 1:
        parts.append("a step goes forward twice")
    return "; ".join(parts) + "."
