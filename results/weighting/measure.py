"""Tuned fixed loss weights against tuned methods that weigh losses: `PYTHONPATH=bench python results/weighting/measure.py OUT.json`.

Kurin et al., "In Defense of the Unitary Scalarization for Deep Multi-Task Learning", NeurIPS 2022: with equal tuning, a
plain sum of losses is on a par with the methods. Every arm is the joint network in the same CONFIGURATIONS (learning rate,
weight decay, batch, width, depth, dropout, loss weights), each chosen on validation rows, judged on the same test folds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import CellSummary
from jointbench.networks.loss_weighting import METHODS
from jointbench.runs.about import RunDescription, about_study
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.runtime.environment import commit, cores, cpu_model
from jointbench.study.profiles import profile_named
from jointbench.study.run import run

TABLES = ("concrete_slump", "auto_mpg", "solar_flare", "abalone", "wine_quality")
CONFIGURATIONS, FOLDS, ROWS = 8, 5, 1_000
ARMS = ("joint", *(f"joint@{method}" for method in METHODS))


def options_of(table: str, configurations: int, folds: int) -> RunOptions:
    return RunOptions(
        profile="quick",
        datasets=(table,),
        arms=ARMS,
        backends=("torch",),
        device="cpu",
        rows=ROWS,
        folds=folds,
        repeats=1,
        seeds=1,
        tune=configurations,
    )


def compared(table: str, configurations: int, folds: int) -> CellSummary:
    """Tuned joint against every tuned method, by skill and by FLOPs; no clocks, no reference models."""
    options = options_of(table, configurations, folds)
    config = replace(study_config(options), timing_seconds=0.0, references=False)
    planned = experiments(options, load_datasets(options, profile_named(options.profile)))
    about = about_study(planned, config, RunDescription(profile="quick", command="", notes=()))
    records = list(run(planned, config, lambda *_: None))
    summary = summarise(records, about.datasets, profile="quick", engine=config.engine, command="", notes=())
    return summary.cells[0]


def rows(cell: CellSummary) -> Iterator[dict[str, Any]]:
    """A row for each method: fixed weights - method in mean skill over the outputs, with its 95 % interval."""
    flops = {cost.arm: cost.train_flops for cost in cell.costs}
    for decision in cell.decisions:
        difference = decision.mean_difference
        yield {
            "table": cell.dataset,
            "method": decision.other.partition("@")[2],
            "fixed_minus_method": [difference.value, difference.low, difference.high],
            "verdict": decision.mean_verdict,
            "worst_output": decision.worst_output,
            "worst_difference": decision.worst_difference,
            "train_flops_over_fixed": flops[decision.other] / flops[cell.joint],
        }


def main(out: Path, tables: tuple[str, ...] = TABLES, configurations: int = CONFIGURATIONS, folds: int = FOLDS) -> None:
    found: list[dict[str, Any]] = []
    began = time.perf_counter()
    for table in tables:
        found += rows(compared(table, configurations, folds))
        content = {
            "configurations": configurations,
            "folds": folds,
            "rows_at_most": ROWS,
            "seconds": round(time.perf_counter() - began, 1),
            "machine": f"{cpu_model()}, {cores()} cores",
            "commit": commit(),
            "comparisons": found,
        }
        out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for row in found[-len(METHODS) :]:
            value, low, high = row["fixed_minus_method"]
            line = f"{row['table']:20} {row['method']:8} {value:+.3f} ({low:+.3f} to {high:+.3f}) {row['verdict']}\n"
            sys.stderr.write(line)


if __name__ == "__main__":
    arguments = sys.argv[2:]
    main(Path(sys.argv[1]), *((tuple(arguments[2:]), int(arguments[0]), int(arguments[1])) if arguments else ()))
