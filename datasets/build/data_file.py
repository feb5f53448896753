"""Writing a dataset's data file so that the same table always gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import lzma
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

DATASETS = Path(__file__).resolve().parents[1]


def write_table(frame: pd.DataFrame, slug: str) -> None:
    """Writes the CSV file (or .csv.xz) that the card names: LF line ends, floats as Python writes them."""
    text = frame.to_csv(index=False, lineterminator="\n").encode()
    _write(text, slug)


def write_arrays(arrays: dict[str, npt.NDArray[np.integer]], slug: str) -> None:
    """Writes the .npz file that the card names."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # numpy types its own flags into the keywords
    _write(buffer.getvalue(), slug)


def check(holds: bool, statement: str) -> None:
    """Exits when a statement of the source about its data does not hold."""
    if not holds:
        sys.exit(f"not as the source says: {statement}")


def within(values: pd.DataFrame | pd.Series, low: float, high: float) -> bool:
    """Whether every value lies between low and high, both included, and none is missing."""
    numbers = values.to_numpy(np.float64)
    return bool(((numbers >= low) & (numbers <= high)).all())


def _write(content: bytes, slug: str) -> None:
    """Writes the file and prints its sha256; exits with 1 when that is not the card's.

    A file that already holds the same content is left as it is: another release of zlib or liblzma packs the same
    content into other bytes.
    """
    card = tomllib.loads((DATASETS / slug / "card.toml").read_text(encoding="utf-8"))
    path = DATASETS / slug / card["file"]
    if not path.is_file() or _unpacked(path.name, path.read_bytes()) != _unpacked(path.name[:-3], content):
        path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME) if path.suffix == ".xz" else content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(digest, path.relative_to(DATASETS.parent), path.stat().st_size, "bytes")
    if digest != card["sha256"]:
        sys.exit(f"the card says {card['sha256']}")


def _unpacked(name: str, content: bytes) -> bytes | dict[str, bytes]:
    """The content of a file of this name, unpacked."""
    if name.endswith(".xz"):
        return lzma.decompress(content)
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {member: archive.read(member) for member in archive.namelist()}
    return content
