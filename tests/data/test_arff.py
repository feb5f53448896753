"""ARFF: what is read is what the file says, and what SciPy would misread or cannot read is one sentence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from jointbench.data.read_file import read_table
from jointbench.errors import BadInput

NUMBER = "@attribute a numeric"


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("% a comment, with a comma", r"@RELATION c:\tables", *lines, "")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("declaration", "cells", "names"),
    [
        ("{'x y', z}", ("'x y'", "z"), ["x y", "z"]),
        ('{"x,y",z}', ('"x,y"', "z"), ["x,y", "z"]),
        ("{'it is, so',z}", ("'it is, so'", "?"), ["it is, so", None]),
        ("{ x , y }", (" x", "y "), ["x", "y"]),
        ("{Größe,東京}", ("東京", "Größe"), ["東京", "Größe"]),
        ("{'R&#38;D','50% & more'}", ("'R&#38;D'", "'50% & more'"), ["R&#38;D", "50% & more"]),
        ("{1,2,10}", ("10", "2"), ["10", "2"]),
    ],
)
def test_declared_names_are_read_as_written(
    tmp_path: Path, declaration: str, cells: tuple[str, ...], names: list[str | None]
) -> None:
    rows = [f"{number},{cell}" for number, cell in enumerate(cells)]
    path = written(tmp_path / "t.arff", NUMBER, f"@attribute 'der Preis in €' {declaration}", "", "@DATA", "%", *rows)
    table = read_table(path)
    assert table.declared == {"der Preis in €"}
    column = table.frame["der Preis in €"]
    assert [None if pd.isna(name) else name for name in column] == names
    assert table.frame["a"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((NUMBER, "@attribute b {x,y}", "@data", "1,x", "2,y,3"), "line 7: it has 3 cells for 2 attributes"),
        ((NUMBER, "@attribute b {x,y}", "@data", "1,x", "2"), "line 7: it has 1 cells for 2 attributes"),
        ((NUMBER, "@attribute b {x,y}", "@data", "1,x,{5}"), "line 6: it has 3 cells"),  # the row's weight
        ((NUMBER, r"@attribute b {'it\'s',y}", "@data", r"1,'it\'s'"), "line 4: names with a backslash are not read"),
        ((NUMBER, "@attribute b {x,y}", "@data", "{0 1, 2 y}"), "line 6: attribute 2 is none of the 2"),
        ((NUMBER, "@attribute b {x,y}", "@data", "{0 1, 0 2}"), "line 6: attribute 0 is given twice"),
        ((NUMBER, "@attribute b {x,y}", "@data", "{0 1, 1 y}, {5}"), "line 6: '1 y}, {5' is no number"),
        ((NUMBER, "@attribute b {x,y}", "@data", "{0 1"), "line 6: a sparse row does not end with '}'"),
        ((NUMBER, "@attribute b {x,y}", "@data", "{one 1}"), "line 6: 'one 1' is no number"),
        ((NUMBER, '@attribute b date "yyyy"', "@data", "{0 1}"), "line 6: attribute 1, a date, is left out"),
        ((NUMBER, "@attribute b string", "@data", "1,'text'"), "String attributes not supported"),
        ((NUMBER, "@attribute b {ä,ö}", "@data", "1,ü"), "ü value not in"),
        ((NUMBER,), "it has no @data"),
    ],
)
def test_what_would_be_misread_is_one_sentence(tmp_path: Path, lines: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_table(written(tmp_path / "t.arff", *lines))
    assert says in str(caught.value)
    assert "t.arff" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_dates_missing_cells_and_tabs(tmp_path: Path) -> None:
    path = written(tmp_path / "t.arff", NUMBER, '@attribute d date "yyyy-MM-dd"', "@data", "?\t'2020-01-02'", "2\t?")
    frame = read_table(path).frame
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["d"].tolist()[0] == pd.Timestamp("2020-01-02")
    assert frame["d"].isna().tolist() == [False, True]


def test_another_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.arff"
    path.write_bytes("@relation t\n@attribute b {ä,y}\n@data\nä\n".encode("latin-1"))
    with pytest.raises(BadInput, match="it is not UTF-8; save it as UTF-8"):
        read_table(path)


def test_sparse_rows_leave_out_zeros_and_the_first_name(tmp_path: Path) -> None:
    """As Weka writes them: {} is a row of zeros and first names, and only "?" is a missing value."""
    attributes = (NUMBER, "@attribute 'the kind' { 'x, y', 'z' , w }", "@attribute c real")
    rows = ("{0 1.5, 2 -3}", "{1 'z'}", "{ 0  2 ,1 w,2 ? }", "{}", "4,'x, y',5")
    table = read_table(written(tmp_path / "t.arff", *attributes, "@data", *rows))
    assert table.frame["a"].tolist() == [1.5, 0, 2, 0, 4]
    assert table.frame["the kind"].tolist() == ["x, y", "z", "w", "x, y", "x, y"]
    assert table.frame["c"].fillna(99).tolist() == [-3, 0, 99, 0, 5]
    assert table.declared == {"the kind"}
