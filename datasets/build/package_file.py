"""A file inside a PyPI package: in its wheel, in its sdist, or in a folder where it is unpacked or installed."""

from __future__ import annotations

import hashlib
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PackageFile:
    """One file of a package at one version. ``sha256`` is what the bytes had when the data file was made,

    so that a rebuild from a changed package fails at once and not by a strange table.
    """

    package: str
    version: str
    path: str
    sha256: str

    def read(self, given: Path) -> bytes:
        """The file's bytes from ``given``, a wheel, an sdist or a folder. Exits when they are not there or differ."""
        content = _content(given, self.path)
        if content is None:
            sys.exit(
                f"{given} holds no {self.path}; {self.package} {self.version} is wanted, as wheel, sdist or folder"
            )
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            sys.exit(f"{self.path} in {given} is not the one of {self.package} {self.version}: sha256 {found}")
        return content


def given_package() -> Path:
    """The command line's one argument."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).exists():
        sys.exit(f"usage: python {sys.argv[0]} WHEEL_OR_SDIST_OR_FOLDER")
    return Path(sys.argv[1])


def _content(given: Path, path: str) -> bytes | None:
    if given.is_dir():
        return (given / path).read_bytes() if (given / path).is_file() else None
    if zipfile.is_zipfile(given):
        with zipfile.ZipFile(given) as wheel:
            return wheel.read(path) if path in wheel.namelist() else None
    with tarfile.open(given) as sdist:
        for name in sdist.getnames():  # an sdist has everything below one folder, name-version
            if name.partition("/")[2] == path:
                member = sdist.extractfile(name)
                return None if member is None else member.read()
    return None
