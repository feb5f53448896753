"""What other commands left in a run's folder, for its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jointbench.explain.answer_store import Explained, read_answers
from jointbench.records.whole_file import is_there
from jointbench.runs.engine_file import read_engine
from jointbench.scaling.points import Study
from jointbench.scaling.run import SCALING, read_study


@dataclass(frozen=True, eq=False)
class Companions:
    """Each None where it was not run. us_per_step: the engine's benchmark, microseconds by contender."""

    us_per_step: Mapping[str, float] | None
    scaling: Study | None
    explained: Explained | None


def read_companions(folder: Path) -> Companions:
    """Raises BadInput for a file of such a name that is none of ours."""
    engine = read_engine(folder)
    return Companions(
        us_per_step=engine.us_per_step if engine else None,
        scaling=read_study(folder / SCALING) if is_there(folder / SCALING) else None,
        explained=read_answers(folder),
    )
