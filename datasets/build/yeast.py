"""Builds datasets/yeast: 103 attributes of a gene and the 14 functional classes it belongs to or not."""

from __future__ import annotations

import gzip
import io

import pandas as pd

from data_file import check, within, write_table
from package_file import PackageFile, package_argument

YEAST = PackageFile(
    "river",
    "0.26.1",
    "river/datasets/yeast.csv.gz",
    "2969cb4bab877a27adcbe17871fa0b378a1e54b98816cd6106b542ee450a1c09",
)
FEATURES = [f"att{number}" for number in range(1, 104)]
CLASSES = [f"class{number}" for number in range(1, 15)]
GENES_IN_CLASS = [762, 1038, 983, 862, 722, 597, 428, 480, 178, 253, 289, 1816, 1799, 34]


def main() -> None:
    text = gzip.decompress(YEAST.read(package_argument()))
    genes = pd.read_csv(io.BytesIO(text), dtype=str)  # text, so that every number stays as it is written
    genes.columns = [name.lower() for name in genes.columns]
    check(list(genes.columns) == FEATURES + CLASSES and len(genes) == 2417, "2,417 genes, 103 attributes, 14 classes")
    check(not genes.isna().any(axis=None), "no missing values")
    check(set(genes[CLASSES].stack()) == {"0", "1"}, "a gene is in a class (1) or not (0)")
    members = genes[CLASSES].astype(int)
    check(members.sum().tolist() == GENES_IN_CLASS, f"{GENES_IN_CLASS} genes in the classes")
    check(round(members.sum(axis=1).mean(), 3) == 4.237, "4.237 classes a gene")
    check(len(members.drop_duplicates()) == 198, "198 different sets of classes")
    check(within(genes[FEATURES].astype(float), -1, 1), "attributes between -1 and 1")
    write_table(genes, "yeast")


if __name__ == "__main__":
    main()
