"""A file inside a PyPI package, read from its wheel, its sdist, or a folder where it is unpacked or installed."""

from __future__ import annotations

import hashlib
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PackageFile:
    """One file of a package at one version.

    sha256: of the bytes that the data file was made from, so that a rebuild from a changed package fails at once.
    """

    package: str
    version: str
    path: str
    sha256: str

    def read(self, source: Path) -> bytes:
        """The file's bytes from ``source``, a wheel, an sdist or a folder. Exits when they are missing or differ."""
        content = _content(source, self.path)
        if content is None:
            sys.exit(
                f"{source} holds no {self.path}; {self.package} {self.version} is wanted, as wheel, sdist or folder"
            )
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            sys.exit(f"{self.path} in {source} is not the one of {self.package} {self.version}: sha256 {digest}")
        return content


def package_argument() -> Path:
    """The command line's one argument."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).exists():
        sys.exit(f"usage: python {sys.argv[0]} WHEEL_OR_SDIST_OR_FOLDER")
    return Path(sys.argv[1])


def _content(source: Path, path: str) -> bytes | None:
    if source.is_dir():
        return (source / path).read_bytes() if (source / path).is_file() else None
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            return wheel.read(path) if path in wheel.namelist() else None
    with tarfile.open(source) as sdist:
        for name in sdist.getnames():  # an sdist has everything below one folder, name-version
            if name.partition("/")[2] == path:
                member = sdist.extractfile(name)
                return None if member is None else member.read()
    return None
