"""An answer's tables and figures, made from its data: which file makes which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jointbench.explain.answer import Answer, AnswerData
from jointbench.explain.churn import Churn
from jointbench.explain.conflict_vs_transfer import ConflictByDataset
from jointbench.explain.equivalent_code import CodeComparison
from jointbench.explain.forum.errors import ForumErrors
from jointbench.explain.gradient_conflict import GradientConflict
from jointbench.explain.gradient_identity import Identity
from jointbench.explain.label_efficiency import LabelEfficiency
from jointbench.explain.loss_weights import WeightComparison
from jointbench.explain.parameter_sharing import NetworkSizes
from jointbench.explain.probes import ProbeComparison
from jointbench.explain.regression_losses import LossRepresentations
from jointbench.explain.representations import RepresentationComparison
from jointbench.explain.sharing_savings import SavingByShare
from jointbench.explain.transfer import TransferComparison
from jointbench.explain.version_1 import FirstVersionTables
from jointbench.explain.weighting_methods import MethodComparison
from jointbench.report.figures.churn import churn_figures
from jointbench.report.figures.conflict_vs_transfer import conflict_vs_transfer_figures
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.gradient_course import gradient_course_figures
from jointbench.report.figures.label_efficiency import label_efficiency_figures
from jointbench.report.figures.loss_weight_sweep import loss_weight_sweep_figures
from jointbench.report.figures.representation_map import representation_figures
from jointbench.report.figures.weighting_gain import weighting_gain_figures
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.explained.churn import churn_tables
from jointbench.report.tables.explained.conflict_vs_transfer import conflict_vs_transfer_tables
from jointbench.report.tables.explained.energy_forum import energy_forum_tables
from jointbench.report.tables.explained.equivalent_code import equivalent_code_tables
from jointbench.report.tables.explained.gradient_conflict import gradient_conflict_tables
from jointbench.report.tables.explained.gradient_identity import gradient_identity_tables
from jointbench.report.tables.explained.label_efficiency import label_efficiency_tables
from jointbench.report.tables.explained.loss_weights import loss_weights_tables
from jointbench.report.tables.explained.parameter_sharing import parameter_sharing_tables
from jointbench.report.tables.explained.probes import probes_tables
from jointbench.report.tables.explained.regression_losses import regression_losses_tables
from jointbench.report.tables.explained.representations import representations_tables
from jointbench.report.tables.explained.sharing_savings import sharing_savings_tables
from jointbench.report.tables.explained.transfer import transfer_tables
from jointbench.report.tables.explained.weighting_methods import weighting_methods_tables
from jointbench.report.tables.table import Table

# Each maker gets the data of its own question, and the backend; a figure maker also the slug that its ids start with.
TABLES: Mapping[type[AnswerData], Callable[[Any, str], tuple[Table, ...]]] = {
    Identity: gradient_identity_tables,
    NetworkSizes: parameter_sharing_tables,
    GradientConflict: gradient_conflict_tables,
    WeightComparison: loss_weights_tables,
    MethodComparison: weighting_methods_tables,
    CodeComparison: equivalent_code_tables,
    RepresentationComparison: representations_tables,
    ProbeComparison: probes_tables,
    LossRepresentations: regression_losses_tables,
    TransferComparison: transfer_tables,
    SavingByShare: sharing_savings_tables,
    LabelEfficiency: label_efficiency_tables,
    Churn: churn_tables,
    ConflictByDataset: conflict_vs_transfer_tables,
    ForumErrors: energy_forum_tables,
}
FIGURES: Mapping[type[AnswerData], Callable[[Any, str, str], list[Figure]]] = {
    GradientConflict: gradient_course_figures,
    WeightComparison: loss_weight_sweep_figures,
    MethodComparison: weighting_gain_figures,
    RepresentationComparison: representation_figures,
    LabelEfficiency: label_efficiency_figures,
    Churn: churn_figures,
    ConflictByDataset: conflict_vs_transfer_figures,
}
FIRST_VERSION = (
    "Its figures are not drawn: explain.json is of the first version, and its tables are not as jointbench wrote them; "
    "run explain again."
)


@dataclass(frozen=True)
class View:
    """What the page shows of an answer beside its sentence. note: what is left out and why, "" for nothing."""

    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    note: str = ""


def view_of(answer: Answer, slug: str) -> View:
    """slug: what the ids of the figures start with."""
    data, backend = answer.data, answer.backend
    if data is None:
        return View()
    if isinstance(data, FirstVersionTables):
        return _first_version(data, backend, slug)
    figures = FIGURES[type(data)](data, backend, slug) if type(data) in FIGURES else []
    return View(TABLES[type(data)](data, backend), tuple(figures))


def _first_version(data: FirstVersionTables, backend: str, slug: str) -> View:
    """The tables as they are; the figures from as much data as can be read back from them."""
    tables = tuple(answer_table(table.title, table.columns, table.rows, backend) for table in data.tables)
    if not data.has_figures:
        return View(tables)
    drawn = data.drawn_data()
    if drawn is None:
        return View(tables, note=FIRST_VERSION)
    return View(tables, tuple(FIGURES[type(drawn)](drawn, backend, slug)))
