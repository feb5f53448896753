"""The committed schema of summary.json is the classes', and what a run writes is what it says."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib import resources
from typing import Any

import jsonschema
import numpy as np
import pytest

from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.comparison.summary.schema import FILE, as_text
from jointbench.report.embed import summary_json
from planted import two_arms

SHIPPED = resources.files("jointbench.comparison.summary").joinpath(FILE).read_text(encoding="utf-8")


def written(**changes: Any) -> Any:
    records = two_arms([0.003, -0.02], sd=[0.02, 0.01], shape=(1, 5, 2), **changes).records()
    summary = summarise(records, described(records), profile="p", engine="stacked", command="c", notes=("n",))
    return json.loads(summary_json(summary))


def check(content: Any) -> None:
    jsonschema.Draft202012Validator(json.loads(SHIPPED)).validate(content)


def test_the_committed_file_is_what_the_classes_say() -> None:
    """If a field was meant to change: python -m jointbench.comparison.summary.schema writes the file."""
    assert as_text() == SHIPPED
    jsonschema.Draft202012Validator.check_schema(json.loads(SHIPPED))


def test_what_is_written_is_valid_with_and_without_failures() -> None:
    whole = written()
    assert whole["cells"][0]["decisions"][0]["open"]["sentence"]
    check(whole)
    broken = written(failed=frozenset(("joint", *run) for run in np.ndindex(1, 5, 2)))
    assert broken["cells"][0]["decisions"][0]["mean_difference"]["value"] is None
    check(broken)


def test_a_ratio_of_costs_is_held_flat_under_the_names_it_always_had() -> None:
    (ratio,) = written()["cells"][0]["ratios"]
    assert list(ratio)[:6] == ["quantity", "other", "ratio", "floor", "blocks", "measured_difference"]
    assert (ratio["quantity"], ratio["path"], ratio["batch_size"]) == ("training FLOPs to the stop", None, None)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s.pop("rope"),
        lambda s: s.update(schema_version=1),
        lambda s: s.update(unheard_of=1),
        lambda s: s["cells"][0]["differences"][0].update(pairs="ten"),
        lambda s: s["cells"][0]["decisions"][0]["open"].update(lean="hope"),
    ],
)
def test_what_does_not_belong_is_refused(spoil: Any) -> None:
    content = deepcopy(written())
    spoil(content)
    with pytest.raises(jsonschema.ValidationError):
        check(content)
