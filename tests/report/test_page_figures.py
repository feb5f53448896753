"""Which figures a page has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jointbench.report.page import render


def test_one_dataset_has_no_figure_over_all_datasets(maker: Callable[..., Any], parse: Callable[[str], Any]) -> None:
    one, two = (
        [figure.attributes["id"] for figure in parse(render(maker(datasets=datasets).summary(), {})).all("figure")]
        for datasets in ((("d", ("a", "b")),), (("d", ("a", "b")), ("e", ("a", "b"))))
    )
    assert not [name for name in one if name.startswith("all-")]
    assert [name for name in two if name.startswith("all-")] == ["all-trade-off", "all-explained", "all-noise"]


def test_backends_that_agree_on_flops_share_their_figure(
    maker: Callable[..., Any], parse: Callable[[str], Any]
) -> None:
    summary = maker(datasets=(("d", ("a", "b")),)).summary()
    first, second = summary.cells
    for flops, drawn in ((first.flops, ["d1b1-flops"]), (second.flops, ["d1b1-flops", "d1b2-flops"])):
        root = parse(render(replace(summary, cells=(first, replace(second, flops=flops))), {}))
        ids = [figure.attributes["id"] for figure in root.all("figure")]
        assert [name for name in ids if name.endswith("flops")] == drawn
        captions = [caption.text for caption in root.all("caption") if caption.text.startswith("FLOPs of the arms")]
        assert len(captions) == 2, "the numbers of each backend, in a figure or without"
