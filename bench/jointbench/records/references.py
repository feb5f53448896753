"""What one record says of another: a fit has its fold and its planned arm, and stands behind both in the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from jointbench.records.costs import AA_CONTROL, ColdStart, Energy, Memory, Projection, Stack, StatedCost, Timing
from jointbench.records.schema import Fit, FoldRecord, PlannedArm, Record, Reference, Score, SearchedArm, TunedArm
from jointbench.types import CellKey


class References:
    """The records so far, as far as later ones refer to them."""

    def __init__(self) -> None:
        self._outputs: dict[str, tuple[str, ...]] = {}
        self._test_rows: dict[tuple[str, int, int], int] = {}
        self._folds: dict[str, int] = {}
        self._runs: dict[CellKey, int] = {}
        self._networks: dict[CellKey, dict[str, set[str]]] = defaultdict(dict)
        self._planned: dict[CellKey, set[str]] = defaultdict(set)
        self._fitted: set[str] = set()
        self._metrics: dict[tuple[str, str], frozenset[str]] = {}

    def add(self, record: Record) -> None:
        """Raises ValueError where the record does not agree with those before it."""
        match record:
            case FoldRecord():
                self._add_fold(record)
            case Reference():
                self._need_fold(record.dataset, record.repeat, record.fold)
                self._need_outputs(record.dataset, [record.output])
                self._need_metrics(record.dataset, [record.score] if record.score is not None else [])
            case PlannedArm():
                self._add_arm(record)
            case TunedArm():
                self._add_tuned(record)
            case SearchedArm():
                self._add_searched(record)
            case Fit():
                self._add_fit(record)
            case Timing() | Energy():
                self._need_arms(record, sorted({variant.arm for variant in record.variants} - {AA_CONTROL}))
            case ColdStart() | Memory() | Projection() | StatedCost():
                self._need_arms(record, {record.arm})
            case Stack():
                self._need_networks(CellKey.of(record), record.network_ids)

    def _add_fold(self, fold: FoldRecord) -> None:
        key = (fold.dataset, fold.repeat, fold.fold)
        if key in self._test_rows:
            raise ValueError(f"{_place(*key)} has a Fold record already")
        if self._outputs.setdefault(fold.dataset, fold.outputs) != fold.outputs:
            raise ValueError(f"outputs must be those of the other folds of {fold.dataset}")
        if self._folds.setdefault(fold.dataset, fold.folds) != fold.folds:
            raise ValueError(f"folds must be the {self._folds[fold.dataset]} of the other folds of {fold.dataset}")
        self._test_rows[key] = len(fold.test)

    def _add_arm(self, planned: PlannedArm) -> None:
        cell, arm = CellKey.of(planned), planned.arm
        self._need_outputs(planned.dataset, [output for group in (*arm.groups, *arm.reference) for output in group])
        if {output for group in arm.groups for output in group} != set(self._outputs[planned.dataset]):
            raise ValueError(f"arm.groups must divide all outputs of {planned.dataset}")
        networks = set(planned.network_ids)
        runs = len(networks) // len(arm.groups)
        before = self._networks[cell].get(arm.name)
        if before is None and self._runs.setdefault(cell, runs) != runs:
            raise ValueError(f"network_ids must be of the {self._runs[cell]} runs that the other arms have")
        if before is not None and not before < networks:
            raise ValueError(
                f"arm {arm.name!r} has an Assembly record already on {_named(cell)}, and this one adds no networks"
            )
        self._networks[cell][arm.name] = networks
        self._planned[cell].update(planned.network_ids)

    def _add_tuned(self, tuned: TunedArm) -> None:
        self._need_arms(tuned, [tuned.arm])
        cell = CellKey.of(tuned)
        for planned in (of_group for trial in tuned.trials for of_group in trial):
            self._need_outputs(planned.dataset, planned.arm.groups[0])
            if CellKey.of(planned) != cell or len(planned.network_ids) != self._runs[cell]:
                raise ValueError(f"trials must be of {_named(cell)} and have a network for each of its runs")
            self._planned[cell].update(planned.network_ids)

    def _add_searched(self, searched: SearchedArm) -> None:
        self._need_arms(searched, [searched.arm])
        cell = CellKey.of(searched)
        if len(self._outputs[searched.dataset]) not in {len(candidate.group) for candidate in searched.candidates}:
            raise ValueError(f"candidates must hold all outputs of {searched.dataset} together")
        for candidate in searched.candidates:
            self._need_outputs(searched.dataset, candidate.group)
            if len(candidate.network_ids) != self._runs[cell]:
                raise ValueError(f"network_ids must be of the {self._runs[cell]} runs that the arms have")
            self._planned[cell].update(filter(None, candidate.network_ids))

    def _add_fit(self, fit: Fit) -> None:
        network = fit.network
        self._need_fold(network.dataset, network.repeat, network.fold)
        self._need_outputs(network.dataset, network.group)
        self._need_networks(CellKey.of(network), [network.id])
        self._need_metrics(network.dataset, fit.scores)
        if network.id in self._fitted:
            raise ValueError(f"network {network.id} has a Fit record already")
        self._fitted.add(network.id)
        if len(fit.predictions) not in (0, self._test_rows[network.dataset, network.repeat, network.fold]):
            raise ValueError("predictions must have a row for each test row of the fold")

    def _need_fold(self, dataset: str, repeat: int, fold: int) -> None:
        if (dataset, repeat, fold) not in self._test_rows:
            raise ValueError(f"no Fold record of {_place(dataset, repeat, fold)} stands before it")

    def _need_outputs(self, dataset: str, outputs: Iterable[str]) -> None:
        if dataset not in self._outputs:
            raise ValueError(f"no Fold record of {dataset} stands before it")
        for output in outputs:
            if output not in self._outputs[dataset]:
                raise ValueError(f"{dataset} has no output {output!r}")

    def _need_arms(
        self,
        record: Timing | Energy | ColdStart | Memory | Projection | StatedCost | TunedArm | SearchedArm,
        names: Iterable[str],
    ) -> None:
        cell = CellKey.of(record)
        for name in names:
            if name not in self._networks[cell]:
                raise ValueError(f"no Assembly record of arm {name!r} on {_named(cell)} stands before it")

    def _need_networks(self, cell: CellKey, network_ids: Iterable[str]) -> None:
        for network_id in network_ids:
            if network_id not in self._planned[cell]:
                raise ValueError(f"no Assembly record on {_named(cell)} before it names the network {network_id}")

    def _need_metrics(self, dataset: str, scores: Iterable[Score]) -> None:
        for score in scores:
            names = frozenset(score.metrics)
            if self._metrics.setdefault((dataset, score.output), names) != names:
                raise ValueError(f"metrics of {score.output!r} must have the names that its other scores have")


def _place(dataset: str, repeat: int, fold: int) -> str:
    return f"{dataset}, repeat {repeat}, fold {fold},"


def _named(cell: CellKey) -> str:
    return f"{cell.dataset}, {cell.backend} on {cell.device}"
