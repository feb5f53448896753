"""``openml:ID``: a data set of OpenML, through scikit-learn, which keeps its answers in its own data folder too."""

from __future__ import annotations

from jointbench.data.sources.asking import Download, asking, parquet

FORM = "openml:ID, a number such as openml:61"
PATTERN = r"[0-9]{1,9}"
ATTEMPTS = 1  # after the first


def download(name: str) -> Download:
    from sklearn.datasets import fetch_openml  # takes a second to import

    with asking(f"scikit-learn asked www.openml.org for data set {name}"):
        answer = fetch_openml(data_id=int(name), as_frame=True, parser="auto", n_retries=ATTEMPTS)
    about = answer.details
    return Download(
        content=parquet(answer.frame),
        suffix=".parquet",
        title=str(about.get("name") or ""),
        licence=str(about.get("licence") or ""),
        citation=" ".join(str(about.get("citation") or answer.url or "").split()),
    )
