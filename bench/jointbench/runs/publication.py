"""A run as it is published: everything that a reader needs, small enough for a repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from jointbench.compare.build import summarise
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.summary.brief import brief
from jointbench.explain.answer_store import EXPLAIN, read_answers
from jointbench.records.store import read_records
from jointbench.runs.folder import ENGINE, ENVIRONMENT, REPORT, SUMMARY, about_run, engine_speed
from jointbench.scaling.run import SCALING, read_study


def publish_brief(run: Path, out: Path) -> list[Path]:
    """Writes a run without its records to another folder and returns what was written.

    The summary holds one thread count, requests of 1 and 64 rows and no single folds; the page is drawn from it, without
    learning curves. environment.json, explain.json, engine.json and scaling.json are copied where the run has them.
    Raises BadInput when the folder holds no run.
    """
    from jointbench.report.embed import summary_json
    from jointbench.report.page import render  # drawing libraries take a second to import

    about = about_run(run)
    summary = brief(
        summarise(
            list(read_records(run)),
            about.datasets,
            profile=about.profile,
            engine=about.engine,
            command=about.command,
            notes=about.notes,
            criteria=VerdictCriteria(about.rope, about.probability),
        )
    )
    page = render(
        summary,
        about.machine,
        us_per_step=engine_speed(run),
        scaling=read_study(run / SCALING) if (run / SCALING).is_file() else None,
        explained=read_answers(run),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / SUMMARY).write_text(summary_json(summary) + "\n", encoding="utf-8")
    (out / REPORT).write_text(page, encoding="utf-8")
    copied = [name for name in (ENVIRONMENT, EXPLAIN, ENGINE, SCALING) if (run / name).is_file()]
    for name in copied:
        shutil.copyfile(run / name, out / name)
    return [out / name for name in (SUMMARY, REPORT, *copied)]
