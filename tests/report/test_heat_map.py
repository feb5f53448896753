"""The break-even study on a page: the map shows the numbers, says what is missing and needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jointbench.errors import BadInput
from jointbench.records import Scenario
from jointbench.report.page import render
from jointbench.report.scaling_page import render_study
from jointbench.report.scaling_section import ScalingSection, scaling_section
from jointbench.scaling.points import SAME_PARAMETERS, SCALING_SCHEMA_VERSION, Point, Study, SweepLine, predicted
from jointbench.scaling.regimes import regimes
from jointbench.scaling.run import SCALING, read_study, to_json
from svg_reader import INK, labels, lines, texts, tree

WIDTHS, OUTPUTS = (32, 256, 1024), (1, 2, 8)
HOSTILE = "</style><script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def study() -> Study:
    """Fixed costs up to width 256, FLOPs at 1024; torch's training at width 256 and one side line not measured."""
    points: list[Point] = []
    scenarios: tuple[tuple[Scenario, int], ...] = (("training", 32), ("request", 1))
    sweep = [SweepLine(scenario, width, 2, batch) for scenario, batch in scenarios for width in WIDTHS]
    for backend in ("torch", "tensorflow"):
        for line in (*sweep, SweepLine("training", 32, 1, 32)):
            for outputs in OUTPUTS:
                for bare in predicted(line, outputs):
                    if line.depth == 1 or (backend, line.scenario, line.width) == ("torch", "training", 256):
                        points.append(replace(bare, backend=backend, device="cpu", reason=f"not measured: {HOSTILE}"))
                        continue
                    value = bare.flops_ratio if line.width == 1024 else bare.calls_ratio
                    points.append(
                        replace(
                            bare,
                            backend=backend,
                            device="cpu",
                            block_ratios=(value * 0.99, value * 1.01) * 5,
                            joint_seconds=1e-3 * value,
                            other_seconds=1e-3,
                        )
                    )
    return Study(
        schema_version=SCALING_SCHEMA_VERSION,
        widths=WIDTHS,
        outputs=OUTPUTS,
        depths=(2, 1),
        batches=(32,),
        request_batches=(1,),
        threads=2,
        budget_seconds=150.0,
        seconds=149.0,
        machine={"CPU": HOSTILE, HOSTILE: "x"},
        points=tuple(points),
    )


@pytest.fixture(scope="module")
def section(study: Study) -> ScalingSection:
    return scaling_section(study)


def test_a_map_for_each_backend_and_kind_of_work(section: ScalingSection) -> None:
    assert [figure.title.partition(": ")[2] for figure in section.figures] == [
        "torch on cpu, a training step",
        "torch on cpu, a request",
        "tensorflow on cpu, a training step",
        "tensorflow on cpu, a request",
    ]


def test_every_measured_ratio_is_in_its_map(section: ScalingSection, study: Study) -> None:
    for figure in section.figures:
        figure_texts = texts(figure.svg)
        points = [point for point in study.points if _in_map(point, study, figure.title.partition(": ")[2])]
        assert points
        for point in points:
            assert point.measured is None or f"{point.measured.value:.2f}" in figure_texts
        assert figure_texts.count("–") == sum(point.measured is None for point in points)
    assert texts(section.figures[0].svg).count("–") == 4  # two numbers of outputs, two sizing rules


def test_cells_that_follow_the_flops_are_framed(section: ScalingSection, study: Study) -> None:
    """At width 1024 and equal parameters; at equal widths the predictions cannot be told apart."""
    for figure in section.figures:
        location = figure.title.partition(": ")[2]
        followed = [
            f"{point.measured.value:.2f}"
            for point in study.points
            if _in_map(point, study, location)
            and (point.line.width, point.other) == (1024, SAME_PARAMETERS)
            and point.measured is not None
        ]
        frames = [shape for shape in lines(figure.svg, INK) if shape.fill == "none" and len(shape.strokes[0]) > 2]
        framed = [label.text for frame in frames for label in labels(figure.svg) if frame.holds(label)]
        assert len(followed) == 2
        assert framed == followed, figure.title


def _in_map(point: Point, study: Study, location: str) -> bool:
    """Whether the map of this backend and work has a cell for the point."""
    work = "training" if "step" in location else "request"
    return (
        study.in_grid(point)
        and point.outputs > 1
        and location.startswith(point.backend)
        and (point.line.scenario == work)
    )


def test_the_drawing_brings_nothing_along_and_stays_inside(section: ScalingSection) -> None:
    for figure in section.figures:
        root = tree(figure.svg)
        assert {node.tag for node in root.iter()} <= {"svg", "g", "defs", "path", "use", "text"}
        assert not re.search("http|font-family|url|clip|image", figure.svg)
        width = float(root.get("viewBox", "").split()[2])
        for node in (*root.iter("use"), *root.iter("text")):
            if "transform" not in node.attrib:
                assert 0 <= float(node.get("x", 0)) <= width
                assert 0 <= float(node.get("y", 0)) <= figure.height
        assert "0.42x" in figure.alternative


@pytest.fixture(scope="module")
def html(study: Study) -> str:
    return render_study(study)


@pytest.mark.slow
def test_the_same_study_gives_the_same_page(study: Study) -> None:
    assert render_study(study) == render_study(study)


def test_the_page_says_the_sentence_and_what_is_missing(study: Study, html: str, parse: Callable[[str], Any]) -> None:
    text = parse(html).text
    planted = [
        regime
        for regime in regimes(study)
        if (regime.backend, regime.other, regime.depth) == ("tensorflow", SAME_PARAMETERS, study.depths[0])
    ]
    assert len(planted) == 2
    for regime in planted:
        assert (regime.fixed_to, regime.flops_from) == (256, 1024)
        assert "width 256" in regime.sentence
        assert "width 1024" in regime.sentence
        assert regime.sentence in text
    assert "not measured: </style><script>alert(1)</script>" in text
    assert "2.5 min" in text, "how long it took, of 149 seconds, and its budget"
    assert "2 threads" in text


def test_what_the_machine_says_of_itself_is_text(html: str, parse: Callable[[str], Any]) -> None:
    root = parse(html)
    assert len(root.all("script")) == 1
    assert len(root.all("style")) == 1
    assert "\x1b" not in html


def test_a_run_s_report_shows_the_study_only_where_there_is_one(
    maker: Callable[..., Any], study: Study, parse: Callable[[str], Any]
) -> None:
    summary = maker(datasets=(("d", ("a", "b")),), backends=("torch",)).summary()
    without, having = (parse(render(summary, {}, scaling=scaling)) for scaling in (None, study))
    assert not [node for node in without.walk() if node.attributes.get("id") == "scaling"]
    assert len(having.with_id("scaling").all("svg")) == 4


def test_a_study_survives_its_file(study: Study, tmp_path: Path) -> None:
    path = tmp_path / SCALING
    path.write_text(to_json(study), encoding="utf-8")
    assert read_study(path) == study


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema_version": 1}', "\x00"])
def test_a_file_that_is_no_study_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / SCALING
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=SCALING):
        read_study(path)


def test_another_schema_is_refused(study: Study, tmp_path: Path) -> None:
    path = tmp_path / SCALING
    path.write_text(json.dumps(json.loads(to_json(study)) | {"schema_version": 99}), encoding="utf-8")
    with pytest.raises(BadInput, match="schema version 99"):
        read_study(path)
