"""``kaggle:OWNER/NAME/FILE``: a file of a Kaggle dataset, through kagglehub, which keeps it in its own cache too."""

from __future__ import annotations

import re
from pathlib import Path

from jointbench.data.sources.asking import Download, NotDownloaded, asking, client

FORM = "kaggle:OWNER/NAME/FILE, or kaggle:OWNER/NAME/versions/N/FILE for one version"
PATTERN = r"[\w-]+/[\w-]+(/versions/[0-9]+)?(/[^/\\:*?\"<>|]+)+"
_PARTS = re.compile(r"(?P<handle>[^/]+/[^/]+(?:/versions/[0-9]+)?)/(?P<file>.+)")


def download(name: str) -> Download:
    match = _PARTS.fullmatch(name)
    if match is None:  # the pattern holds it
        raise NotDownloaded(f"it has no file: {FORM}")
    handle, file = match["handle"], match["file"]
    module = client("kagglehub", "kaggle")
    with asking(f"kagglehub asked www.kaggle.com for {file} of {handle}"):
        path = Path(module.dataset_download(handle, path=file))
        if path.is_dir():
            raise NotDownloaded(f"{file} of {handle} is a folder; name a file in it")
        content = path.read_bytes()
    return Download(
        content=content,
        suffix=path.suffix.lower(),
        title=f"{file} of {handle}",
        citation=f"https://www.kaggle.com/{handle}",
    )
