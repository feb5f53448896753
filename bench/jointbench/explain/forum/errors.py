"""The forum's errors over seeds: what its answer's tables are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jointbench.explain.answer import AnswerData, check_lengths
from jointbench.explain.forum.network import OUTPUTS, SETTINGS
from jointbench.explain.forum.ranking import Agreement
from jointbench.explain.forum.runs import REPORTED, ForumResult, Identity, Reach, SplitKind
from jointbench.types import FloatArray

NO_SKILL = 0.9  # of the no-skill RMSE: a run above it has learnt next to nothing


@dataclass(frozen=True)
class RunStatistics:
    """Of the runs that did not break off; None where there are too few."""

    mean: float | None
    sd: float | None
    median: float | None
    least: float | None
    most: float | None


def run_statistics(values: FloatArray) -> RunStatistics:
    """values: (runs,), NaN for a run that broke off."""
    finished = values[~np.isnan(values)]
    if not len(finished):
        return RunStatistics(None, None, None, None, None)
    return RunStatistics(
        mean=float(finished.mean()),
        sd=float(finished.std(ddof=1)) if len(finished) > 1 else None,
        median=float(np.median(finished)),
        least=float(finished.min()),
        most=float(finished.max()),
    )


@dataclass(frozen=True, kw_only=True)
class SettingErrors:
    """Test RMSE of one output over the seeds of one setting, beside the reported one. split: a key of SPLITS.

    failed: runs that broke off. without_skill: runs hardly better than predicting the training mean.
    """

    setting: str
    split: SplitKind
    output: str
    errors: RunStatistics
    reported: float | None
    failed: int
    without_skill: int


@dataclass(frozen=True, kw_only=True)
class SettingRanking:
    """How often one run of each setting ranks the settings as their means do. settings: least mean RMSE first."""

    output: str
    split: SplitKind
    settings: tuple[str, ...]
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class SettingRuns:
    """The raw samples: every seed's test RMSE after the last epoch, by output; failures: why a run broke off."""

    setting: str
    split: SplitKind
    rmse: tuple[tuple[float, ...], ...]
    failures: tuple[str | None, ...]

    def __post_init__(self) -> None:
        check_lengths(len(self.rmse), self.failures)
        check_lengths(len(OUTPUTS), *self.rmse)


@dataclass(frozen=True, kw_only=True)
class ForumErrors(AnswerData):
    """seeds: a setting. epochs: of each run. reach_setting, reached: the setting and errors that ``reach`` is about."""

    seeds: int
    epochs: int
    settings: tuple[SettingErrors, ...]
    rankings: tuple[SettingRanking, ...]
    reach_setting: str
    reached: tuple[float, float]
    reach: tuple[Reach, ...]
    identities: tuple[Identity, ...]
    runs: tuple[SettingRuns, ...]


def forum_errors(result: ForumResult, ranks: Mapping[tuple[str, SplitKind], Agreement]) -> ForumErrors:
    """ranks: by output and split."""
    return ForumErrors(
        seeds=result.effort.seeds,
        epochs=result.effort.epochs,
        settings=tuple(
            _setting_errors(result, setting, split, k) for setting, split in result.runs for k in range(len(OUTPUTS))
        ),
        rankings=tuple(
            SettingRanking(
                output=output,
                split=split,
                settings=tuple(SETTINGS[i].name for i in agreement.truth),
                agreement=agreement,
            )
            for (output, split), agreement in ranks.items()
        ),
        reach_setting=SETTINGS[0].name,
        reached=REPORTED[SETTINGS[0].name],
        reach=result.reach,
        identities=result.identities,
        runs=tuple(
            SettingRuns(
                setting=setting,
                split=split,
                rmse=tuple(tuple(curve[-1].tolist()) for curve in runs.rmse),
                failures=runs.failures,
            )
            for (setting, split), runs in result.runs.items()
        ),
    )


def _setting_errors(result: ForumResult, setting: str, split: SplitKind, output: int) -> SettingErrors:
    runs, reported = result.runs[setting, split], REPORTED.get(setting)
    final = runs.rmse[:, -1, output]
    return SettingErrors(
        setting=setting,
        split=split,
        output=OUTPUTS[output],
        errors=run_statistics(final),
        reported=reported[output] if reported else None,
        failed=sum(failure is not None for failure in runs.failures),
        without_skill=int((final > NO_SKILL * result.no_skill[output]).sum()),
    )
