"""The calibration on real populations, draw by draw: a draw that is in the file already is not made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue

import cattrs

from jointbench.calibration.draw_study import Draw, study_draw
from jointbench.calibration.populations import MIN_OTHERS, POPULATIONS, Population, load_population
from jointbench.errors import BadInput
from jointbench.runtime.environment import cores
from jointbench.runtime.workers import Workers
from jointbench.study.config import Progress
from jointbench.study.plan import CrossValidation

OTHERS = 3_000  # rows beyond a draw that its networks are scored on, at the most
FOLDS = 5
REPEATS = 2
LONG_DRAWS, LONG_REPEATS, LONG_ROWS = 16, 8, (300, 600)  # the first draws are studied for more rounds
FEWEST_ROWS = 100
UNITS_PER_FOLD = 2  # fewer days of bike_sharing in a draw make no folds
DRAWS = "draws.jsonl"


@dataclass(frozen=True)
class DrawPlan:
    """Which draws. sizes: pairs (rows of a draw, how many draws)."""

    populations: tuple[str, ...] = POPULATIONS
    sizes: tuple[tuple[int, int], ...] = ((100, 30), (300, 100), (600, 100), (1_500, 50))
    backend: str = "torch"
    jobs: int = 1


def draw_plan(
    populations: Sequence[str], rows: Sequence[int], draws: int | None, backend: str, jobs: int | None
) -> DrawPlan:
    """The usual plan, but for what is given. Raises BadInput for numbers of which no draws can be made."""
    sizes = dict(DrawPlan().sizes)
    if draws is not None and draws < 1:
        raise BadInput(f"--draws {draws}: at least 1 is needed")
    if few := [count for count in rows if count < FEWEST_ROWS]:
        raise BadInput(f"--rows {few[0]}: a draw has at least {FEWEST_ROWS} rows")
    chosen = {count: sizes.get(count, sizes[FEWEST_ROWS]) for count in rows} if rows else sizes
    return DrawPlan(
        populations=tuple(dict.fromkeys(populations)) or POPULATIONS,
        sizes=tuple((count, number if draws is None else draws) for count, number in chosen.items()),
        backend=backend,
        jobs=jobs or cores(),
    )


def study_populations(plan: DrawPlan, folder: Path, progress: Progress) -> tuple[Draw, ...]:
    """All draws of the plan, those in the folder's file included; each is written as soon as it is made.

    Populations with too few rows for a number of rows have no draws of that size. Raises BadInput for an unknown
    population or a file that holds no draws.
    """
    path = folder / DRAWS
    draws = {(draw.population, draw.rows, draw.seed): draw for draw in read_draws(path)}
    populations = {name: load_population(name) for name in plan.populations}
    planned = list(_planned(plan, populations))
    missing = [key for key in planned if key not in draws]

    def study(key: tuple[str, int, int], workers: Workers) -> Draw:
        name, rows, seed = key
        repeats = LONG_REPEATS if seed < LONG_DRAWS and rows in LONG_ROWS else REPEATS
        design = CrossValidation(folds=FOLDS, repeats=repeats, seeds=1, seed=0)
        return study_draw(populations[name], rows, OTHERS, seed, design, workers, plan.backend)

    with ExitStack() as stack, path.open("a", encoding="utf-8") as file:
        idle: Queue[Workers] = Queue()
        for _ in range(plan.jobs):
            idle.put(stack.enter_context(Workers(plan.backend, "cpu", 1, 1)))

        def on_idle_worker(key: tuple[str, int, int]) -> Draw:
            workers = idle.get()
            try:
                return study(key, workers)
            finally:
                idle.put(workers)

        pool = stack.enter_context(ThreadPoolExecutor(plan.jobs))
        futures = {pool.submit(on_idle_worker, key): key for key in missing}
        for done, future in enumerate(as_completed(futures), start=len(planned) - len(missing) + 1):
            key = futures[future]
            draws[key] = future.result()
            file.write(json.dumps(asdict(draws[key])) + "\n")
            file.flush()
            progress("populations", f"{key[0]}, {key[1]} rows", done, len(planned))
    return tuple(draws[key] for key in planned)


def _planned(plan: DrawPlan, populations: Mapping[str, Population]) -> Iterator[tuple[str, int, int]]:
    """(population, rows, seed), the first draws of all first: a study that is broken off has some of each."""
    for seed in range(max(count for _, count in plan.sizes)):
        for name, population in populations.items():
            for rows, count in plan.sizes:
                units = rows / (population.table.rows / (population.units.max() + 1))
                enough = units >= UNITS_PER_FOLD * FOLDS and rows + MIN_OTHERS <= population.table.rows
                if seed < count and enough:
                    yield name, rows, seed


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
