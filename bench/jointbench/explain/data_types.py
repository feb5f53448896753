"""Which data an answer carries, by its question's short name."""

from __future__ import annotations

from collections.abc import Mapping

from jointbench.explain import (
    churn,
    conflict_vs_transfer,
    equivalent_code,
    gradient_conflict,
    gradient_identity,
    label_efficiency,
    loss_weights,
    parameter_sharing,
    probes,
    regression_losses,
    representations,
    sharing_savings,
    transfer,
    weighting_methods,
)
from jointbench.explain.answer import AnswerData
from jointbench.explain.forum import answer as forum_answer
from jointbench.explain.forum.errors import ForumErrors

DATA: Mapping[str, type[AnswerData]] = {
    gradient_identity.KEY: gradient_identity.Identity,
    parameter_sharing.KEY: parameter_sharing.NetworkSizes,
    gradient_conflict.KEY: gradient_conflict.GradientConflict,
    loss_weights.KEY: loss_weights.WeightComparison,
    weighting_methods.KEY: weighting_methods.MethodComparison,
    equivalent_code.KEY: equivalent_code.CodeComparison,
    representations.KEY: representations.RepresentationComparison,
    probes.KEY: probes.ProbeComparison,
    regression_losses.KEY: regression_losses.LossRepresentations,
    transfer.KEY: transfer.TransferComparison,
    sharing_savings.KEY: sharing_savings.SavingByShare,
    label_efficiency.KEY: label_efficiency.LabelEfficiency,
    churn.KEY: churn.Churn,
    conflict_vs_transfer.KEY: conflict_vs_transfer.ConflictByDataset,
    forum_answer.KEY: ForumErrors,
}
