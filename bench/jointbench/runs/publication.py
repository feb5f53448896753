"""A run as it is published: everything that a reader needs, small enough for a repository."""

from __future__ import annotations

from pathlib import Path

from jointbench.comparison.summary.brief import brief
from jointbench.errors import BadInput
from jointbench.explain.answer_store import EXPLAIN
from jointbench.records.strict_json import well_formed
from jointbench.records.whole_file import is_regular, open_regular, write_together
from jointbench.runs.about import ENVIRONMENT, about_run
from jointbench.runs.companions import read_companions
from jointbench.runs.engine_file import ENGINE
from jointbench.runs.opened_run import REPORT, SUMMARY
from jointbench.runs.output_folder import new_folder
from jointbench.runs.stored_run import read_run, summary_of
from jointbench.scaling.run import SCALING

COPIED = (ENVIRONMENT, EXPLAIN, ENGINE, SCALING)


def publish_brief(run: Path, out: Path) -> list[Path]:
    """Writes a run without its records to another folder and returns what was written.

    The summary holds one thread count, requests of 1 and 64 rows and no single folds; the page is drawn from it,
    without learning curves. environment.json, explain.json, engine.json and scaling.json are copied where the run has
    them. Raises BadInput when the folder holds no run, or ``out`` holds such files and is no publication.
    """
    from jointbench.report.embed import summary_json
    from jointbench.report.page import render  # drawing libraries take a second to import

    stored, companions = read_run(run), read_companions(run)
    about = stored.about
    summary = brief(summary_of(about, stored.records, stored.cut_off))
    page = render(
        summary,
        about.machine,
        us_per_step=companions.us_per_step,
        scaling=companions.scaling,
        explained=companions.explained,
    )
    contents = {SUMMARY: (summary_json(summary) + "\n").encode(), REPORT: well_formed(page).encode()}
    for name in COPIED:
        if is_regular(run / name):
            with open_regular(run / name) as file:
                contents[name] = file.read()
    new_folder(out, "", () if _is_publication(out) else tuple(contents), "--publish")
    write_together({out / name: content for name, content in contents.items()})
    return [out / name for name in contents]


def _is_publication(out: Path) -> bool:
    """Whether the folder holds a run: then its files are ours to replace."""
    try:
        about_run(out)
    except BadInput:
        return False
    return True
