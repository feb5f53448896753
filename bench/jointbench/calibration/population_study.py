"""The calibration on real populations, draw by draw: a draw that is in the file already is not made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs

from jointbench.calibration.populations import MIN_OTHERS, Draw, study_draw
from jointbench.data.catalog import load_bundled
from jointbench.errors import BadInput
from jointbench.runtime.workers import Workers
from jointbench.study.config import Progress
from jointbench.study.plan import CrossValidation

POPULATIONS = ("wine_quality", "grid_stability", "abalone", "census_income", "bike_sharing", "yeast")
OTHERS = 3_000  # rows beyond a draw that its networks are scored on, at the most
DESIGN = CrossValidation(folds=5, repeats=1, seeds=1, seed=0)
DRAWS = "draws.jsonl"


@dataclass(frozen=True)
class DrawPlan:
    """How many draws of how many rows. populations: slugs of bundled tables."""

    populations: tuple[str, ...] = POPULATIONS
    rows: tuple[int, ...] = (300, 600)
    draws: int = 100
    backend: str = "torch"


def study_populations(plan: DrawPlan, folder: Path, progress: Progress) -> tuple[Draw, ...]:
    """All draws of the plan, those in the folder's file included; each is written as soon as it is made.

    Populations with too few rows for a number of rows have no draws of that size. Raises BadInput for a file that holds
    no draws.
    """
    path = folder / DRAWS
    before = {(draw.population, draw.rows, draw.seed): draw for draw in read_draws(path)}
    draws = []
    with Workers(plan.backend, "cpu", 1, 1) as workers, path.open("a", encoding="utf-8") as file:
        for done, (population, rows, seed) in enumerate(todo := list(_planned(plan)), start=1):
            draw = before.get((population, rows, seed))
            if draw is None:
                draw = study_draw(load_bundled(population), rows, OTHERS, seed, DESIGN, workers, plan.backend)
                file.write(json.dumps(asdict(draw)) + "\n")
                file.flush()
            draws.append(draw)
            progress("populations", f"{population}, {rows} rows", done, len(todo))
    return tuple(draws)


def _planned(plan: DrawPlan) -> Iterator[tuple[str, int, int]]:
    for population in plan.populations:
        available = load_bundled(population).rows
        for rows in plan.rows:
            if rows + MIN_OTHERS <= available:
                yield from ((population, rows, seed) for seed in range(plan.draws))


def read_draws(path: Path) -> Sequence[Draw]:
    """The draws in the file, none where there is no file."""
    if not path.is_file():
        return ()
    draws = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            draws.append(cattrs.structure(json.loads(line), Draw))
        except (ValueError, KeyError, TypeError, cattrs.BaseValidationError) as error:
            raise BadInput(f"{path}, line {number}, is not a draw of jointbench calibrate --populations") from error
    return draws
