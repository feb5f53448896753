"""ARFF files: numbers, declared categories and dates. (SciPy reads no text attributes and no sparse rows.)"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import arff

from jointbench.data.raw_table import RawTable, column_names
from jointbench.errors import BadInput


def read_arff(path: Path) -> RawTable:
    """The table in an ARFF file. Raises BadInput for one that cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="strict") as file:
            cells, about = arff.loadarff(file)
    except (arff.ArffError, ValueError, LookupError, NotImplementedError, StopIteration, TypeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise BadInput(f"{path} cannot be read as ARFF: {reason}; save the table as CSV") from error
    attributes = about.names()
    names, remarks = column_names(attributes)
    columns = {name: _column(cells[attribute]) for name, attribute in zip(names, attributes, strict=True)}
    declared = frozenset(n for n, a in zip(names, attributes, strict=True) if about[a][0] == "nominal")
    return RawTable(path=path, frame=pd.DataFrame(columns), declared=declared, remarks=remarks)


def _column(values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> pd.Series:
    if values.dtype.kind == "S":  # names, "?" where missing
        text = [cell.decode("utf-8", "replace").strip() for cell in values.tolist()]
        return pd.Series([None if cell in ("", "?") else cell for cell in text], dtype="str")
    return pd.Series(values.astype("datetime64[us]") if values.dtype.kind == "M" else values.astype(np.float64))
