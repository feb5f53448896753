"""The map of representations: darker is more alike, names are escaped, and nothing is drawn from nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointbench.explain.representations import RepresentationComparison, TrunkSimilarity, answer
from jointbench.explain.similarity import Similarity
from jointbench.report.explained_views import view_of
from jointbench.report.palette import COLOURS
from svg_reader import areas, labels, texts


def planted(name: str = "a") -> TrunkSimilarity:
    between = np.array([[0.9, 0.25], [0.9, 0.3], [0.9, 0.35]])
    return TrunkSimilarity(("trunk 0", "trunk 1"), 3, (Similarity(name, between, np.full((3, 2), 0.8)),))


def test_numbers_and_shades_are_those_of_the_answer() -> None:
    (figure,) = view_of(answer(planted(), "d", "torch"), "f").figures
    assert {"joint and a", "two seeds, a", "trunk 0", "trunk 1"} <= set(texts(figure.svg))
    shades = {
        label.text: cell.opacity
        for label in labels(figure.svg)
        for cell in areas(figure.svg, COLOURS[0])
        if cell.holds(label)
    }
    assert sorted(shades, key=shades.__getitem__) == ["0.30", "0.80", "0.90"], "darker is more alike"
    assert shades["0.90"] > 2 * shades["0.30"]
    assert [cell.text for cell in figure.table.rows[0]] == ["joint and a", "0.90", "0.30"]
    assert "joint and a 0.30 in the last layer" in figure.alternative


def test_a_hostile_name_is_text() -> None:
    (figure,) = view_of(answer(planted("<script>x</script>"), "d", "torch"), "f").figures
    assert "<script" not in figure.svg


def test_no_layers_no_figure() -> None:
    whole = answer(planted(), "d", "torch")
    assert isinstance(whole.data, RepresentationComparison)
    unmeasured = tuple(replace(output, between=(), within=(), difference=None) for output in whole.data.outputs)
    assert view_of(replace(whole, data=replace(whole.data, outputs=unmeasured)), "f").figures == ()
