"""``hf:NAME``: a dataset of the Hugging Face Hub, through the package datasets, which keeps it in its own cache too."""

from __future__ import annotations

from typing import Any

import pandas as pd

from jointbench.data.sources.asking import Download, asking, client, parquet

FORM = "hf:OWNER/NAME, or hf:OWNER/NAME:CONFIG for one of its configurations"
PATTERN = r"[\w.-]+(/[\w.-]+)?(:[\w.-]+)?"
USED = "train"  # of several splits


def download(name: str) -> Download:
    repository, _, configuration = name.partition(":")
    module = client("datasets", "hf")
    with asking(f"datasets asked the Hugging Face Hub for {name}"):
        splits = module.load_dataset(repository, configuration or None)
        chosen = USED if USED in splits else next(iter(splits))
        data = splits[chosen]
        frame = _named(data.to_pandas(), data.features)
        content = parquet(frame)
    others = [split for split in splits if split != chosen]
    return Download(
        content=content,
        suffix=".parquet",
        title=repository,
        licence=str(data.info.license or ""),
        citation=" ".join(str(data.info.citation or f"https://huggingface.co/datasets/{repository}").split()),
        note=f"Split {chosen} of {repository}; not used: {', '.join(others)}." if others else "",
    )


def _named(frame: pd.DataFrame, features: Any) -> pd.DataFrame:
    """Classes that the Hub has as numbers, by their names."""
    for column, feature in features.items():
        if names := getattr(feature, "names", None):
            codes = frame[column].where(frame[column] >= 0, -1).fillna(-1).astype(int)  # -1: no label
            frame[column] = pd.Categorical.from_codes(codes, categories=names)
    return frame
