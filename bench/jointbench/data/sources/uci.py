"""``uci:ID``: a dataset of the UCI Machine Learning Repository, through its client ucimlrepo."""

from __future__ import annotations

from typing import Any

from jointbench.data.sources.asking import Download, asking, client

FORM = "uci:ID, a number such as uci:186"
PATTERN = r"[0-9]{1,9}"


def ask(uci_id: int) -> Any:
    """What the client returns. Raises NotDownloaded, naming the request that failed."""
    module = client("ucimlrepo.fetch", "uci")
    with asking(f"ucimlrepo asked {module.API_BASE_URL} for UCI id {uci_id}"):
        return module.fetch_ucirepo(id=uci_id)


def download(name: str) -> Download:
    answer = ask(int(name))
    about = answer.metadata
    doi = about.get("dataset_doi") or ""
    return Download(
        content=answer.data.original.to_csv(index=False, lineterminator="\n").encode(),
        suffix=".csv",
        title=str(about.get("name") or ""),
        citation=f"https://doi.org/{doi}" if doi else str(about.get("repository_url") or ""),
    )
