"""The result of a comparison in Python: verdict, frame of comparisons, records and page."""

from __future__ import annotations

import io
import math
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jointbench.comparison.summary.run import Summary
from jointbench.errors import BadInput
from jointbench.records.whole_file import is_there, reason

if TYPE_CHECKING:
    import pandas as pd

    from jointbench.records import Record
    from jointbench.types import Dataset

REPORT = "report.html"
NUMBERS = ("_difference", "_ratio")  # ends of the names of what has an interval


@dataclass(frozen=True, eq=False)
class Result:
    """Joint against the other arms. It prints as in a terminal and shows the page's first screen in a notebook.

    summary: every number of the page. folder: where the run's files are; it goes with the result, so ``save`` what is
    to stay. datasets: the tables that were compared, by name; none of predictions that another tool made.
    """

    summary: Summary
    folder: Path
    datasets: Mapping[str, Dataset] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """ "joint", "separate", "equivalent" or "open", against the first other arm; "mixed" where frameworks differ."""
        words = {cell.decisions[0].verdict for cell in self.summary.cells if cell.decisions}
        return words.pop() if len(words) == 1 else "mixed" if words else "open"

    @property
    def reason(self) -> str:
        """The verdict's reason in one sentence, of the first framework."""
        return next((cell.decisions[0].reason for cell in self.summary.cells if cell.decisions), self.summary.headline)

    @property
    def comparisons(self) -> pd.DataFrame:
        """One row for each dataset, backend, device and other arm: verdict, reason, differences and cost ratios.

        ``*_low`` and ``*_high`` are the ends of 95 % intervals; differences are joint - other in skill, ratios joint /
        other in cost.
        """
        import pandas as pd

        from jointbench.report.verdict_json import comparison_values

        rows = [
            {
                key: {"value": math.nan} if value is None and key.endswith(NUMBERS) else value
                for key, value in row.items()
            }
            for row in comparison_values(self.summary)
        ]
        return pd.json_normalize(rows, sep="_").rename(columns=lambda name: name.removesuffix("_value"))

    @property
    def records(self) -> list[Record]:
        """Every raw measurement."""
        from jointbench.records.store import read_records

        return list(read_records(self.folder))

    def report(self, path: str | Path) -> Path:
        """Writes the page to a file, one HTML file that needs nothing else. Raises BadInput where that fails."""
        target = Path(path)
        return _copied(self.folder / REPORT, target / REPORT if target.is_dir() else target)

    def save(self, folder: str | Path) -> Path:
        """Writes records, summary, environment and page to a folder, which ``jointbench report`` and ``check`` read.

        Raises BadInput where the folder has one of these files already, or cannot be written to.
        """
        target = Path(folder)
        for file in self.folder.iterdir():
            if is_there(target / file.name):
                raise BadInput(f"{target}: it has a {file.name} already; name another folder, nothing was overwritten")
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{target}: it cannot be made ({reason(error)}); name another folder") from error
        for file in sorted(self.folder.iterdir()):
            _copied(file, target / file.name)
        return target

    def export(self, folder: str | Path, arm: str = "joint", *, format: str = "onnx", backend: str = "") -> list[Path]:  # noqa: A002  # the command's name for it
        """Trains an arm on all rows and writes its networks to a folder, with a model card; returns the files.

        format: "onnx" (preprocessing and network), "torchscript" or "keras" (with a script that preprocesses). backend: whose
        networks, where both frameworks were compared. Raises BadInput for what cannot be exported.
        """
        from jointbench.runs.exported import ExportOptions, export_run

        options = ExportOptions(arm=arm, format=format, backend=backend)
        return export_run(self.folder, folder, options, self.datasets)

    def __str__(self) -> str:
        from rich.console import Console

        from jointbench.report.terminal import terminal_report

        text = io.StringIO()
        terminal_report(self.summary, Console(file=text, width=100))
        return text.getvalue().rstrip()

    def _repr_html_(self) -> str:
        from jointbench.report.notebook import first_screen_frame

        return first_screen_frame(self.summary)


def result_of(work: Callable[[Path], Summary], datasets: Sequence[Dataset] = ()) -> Result:
    """The result of work into a folder that is removed with it. datasets: that were compared."""
    folder = Path(tempfile.mkdtemp(prefix="jointbench-"))
    try:
        result = Result(work(folder), folder, {dataset.slug: dataset for dataset in datasets})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(result, shutil.rmtree, folder, ignore_errors=True)
    return result


def _copied(source: Path, target: Path) -> Path:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise BadInput(f"{target}: it cannot be written ({reason(error)}); name another file") from error
    return target
