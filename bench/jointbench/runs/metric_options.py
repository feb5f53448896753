"""The options by which errors outputs are judged, and what their classes weigh: --metric and --class-weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from jointbench.errors import BadInput
from jointbench.metrics.metric_names import CLASS_METRICS, REGRESSION_METRICS, check_metric
from jointbench.types import Dataset, Output

REGRESSION, CLASSES = "regression", "classes"
BALANCED: Final = "balanced"


def with_metrics(datasets: Sequence[Dataset], metrics: Sequence[str]) -> list[Dataset]:
    """The datasets, their outputs judged by these metrics; an output that none is for keeps the usual one of its kind.

    metrics: each "NAME" for all outputs of the kind that it is of, "KIND=NAME" or "OUTPUT=NAME". An output's own goes
    before its kind's, which goes before one for all; a later one before an earlier. Raises BadInput for an output that
    there is not, and for a metric that is none or does not fit.
    """
    outputs = [output for dataset in datasets for output in dataset.outputs]
    chosen: dict[str, str] = {}
    of_kind: dict[str, str] = {}
    of_all: dict[str, str] = {}
    for text in metrics:
        name, equals, metric = text.rpartition("=")
        if not metric:
            raise BadInput(f"--metric {text}: write a metric such as absolute or log, or OUTPUT=METRIC")
        if equals and name in {output.name for output in outputs}:
            chosen[name] = metric
        elif equals and name in (REGRESSION, CLASSES):
            _check_kind(text, name, metric, outputs)
            of_kind[name] = metric
        elif equals:
            known = ", ".join(dict.fromkeys(output.name for output in outputs))
            raise BadInput(
                f"--metric {text}: there is no output {name!r}; the outputs are {known}, and {REGRESSION} or {CLASSES} "
                f"means all of a kind"
            )
        else:
            of_all.update(_by_kind(metric, outputs))
    return [
        replace(dataset, outputs=tuple(_judged_by(output, chosen, {**of_all, **of_kind}) for output in dataset.outputs))
        for dataset in datasets
    ]


def _kind(output: Output) -> str:
    return REGRESSION if output.kind == "regression" else CLASSES


def _judged_by(output: Output, chosen: Mapping[str, str], of_kind: Mapping[str, str]) -> Output:
    result = replace(output, metric=chosen.get(output.name, of_kind.get(_kind(output), output.metric)))
    check_metric(result)
    return result


def _check_kind(text: str, kind: str, metric: str, outputs: Sequence[Output]) -> None:
    """Raises BadInput where no output is of the kind, or the metric is not one for it."""
    first = next((output for output in outputs if _kind(output) == kind), None)
    if first is None:
        raise BadInput(f"--metric {text}: no output is of kind {kind!r}")
    check_metric(replace(first, metric=metric))


def _by_kind(metric: str, outputs: Sequence[Output]) -> dict[str, str]:
    """The kind that a metric without an output is for. Raises BadInput where it is for none of the outputs' kinds."""
    for output in outputs:
        try:
            check_metric(replace(output, metric=metric))
        except BadInput:
            continue
        return {_kind(output): metric}
    kinds = {_kind(output) for output in outputs}
    names = [*(REGRESSION_METRICS if REGRESSION in kinds else ()), *(CLASS_METRICS if CLASSES in kinds else ())]
    raise BadInput(f"--metric {metric}: it is no metric of these outputs; theirs are {', '.join(names)}")


def balanced_datasets(datasets: Sequence[Dataset], class_weight: str | None) -> list[Dataset]:
    """The datasets, the classes of their outputs weighed as asked. Raises BadInput for a word other than "balanced",
    and where no output has classes."""
    if class_weight is None:
        return list(datasets)
    if class_weight != BALANCED:
        raise BadInput(f"--class-weight {class_weight}: the only one is {BALANCED}")
    if all(output.kind == "regression" for dataset in datasets for output in dataset.outputs):
        raise BadInput(f"--class-weight {class_weight}: none of the outputs has classes")
    return [replace(dataset, class_weight=BALANCED) if _has_classes(dataset) else dataset for dataset in datasets]


def _has_classes(dataset: Dataset) -> bool:
    return any(output.kind != "regression" for output in dataset.outputs)
