"""The parts of a split are those of the plain loop over units that its description is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from jointbench.data.label_patterns import label_patterns
from jointbench.data.stratification import stratified_parts
from split_tables import Ints

Labels = npt.NDArray[np.bool_]


def plain_loop(units: Ints, labels: Labels, shares: Sequence[float], rng: np.random.Generator) -> Ints:
    """Each unit, large ones and rare labels first, to the part whose squared shortfalls it reduces most."""
    count = int(units.max()) + 1
    contents = np.zeros((count, labels.shape[1] + 1))
    np.add.at(contents, units, np.column_stack([labels, np.ones(len(units), np.int64)]))
    totals = np.maximum(contents.sum(axis=0), 1)
    shortfall, of_rows = np.outer(shares, contents.sum(axis=0)), np.asarray(shares)
    sizes = contents[:, -1]
    rarest = np.where(contents > 0, totals, np.inf).min(axis=1)
    part_of = np.empty(count, dtype=np.int64)
    shuffled = rng.permutation(count)
    for unit in shuffled[np.lexsort((rarest[shuffled], -sizes[shuffled]))]:
        gain = (2 * shortfall - contents[unit]) @ (contents[unit] / totals) / of_rows
        best = (gain >= gain.max() - 1e-9).nonzero()[0]
        part = best[0] if len(best) == 1 else rng.choice(best)
        part_of[unit] = part
        shortfall[part] -= contents[unit]
    for part in range(len(shares)):
        if not (part_of == part).any():
            donor = np.bincount(part_of, minlength=len(shares)).argmax()
            members = np.flatnonzero(part_of == donor)
            part_of[members[np.argmin(sizes[members])]] = part
    return part_of[units]


def labels_of(rows: int, outputs: Sequence[int], known: float, rng: np.random.Generator) -> Labels:
    """(rows, labels) of outputs with so many classes each, of which a share of the rows is known."""
    columns = []
    for classes in outputs:
        codes = np.where(rng.random(rows) < known, rng.integers(0, classes, rows), -1)
        columns.append(codes[:, None] == np.arange(classes))
    return np.concatenate(columns, axis=1)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(3, 400),
    outputs=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    known=st.sampled_from([0.05, 0.7, 1.0]),
    largest=st.sampled_from([1, 2, 30]),
    shares=st.sampled_from([[0.2] * 5, [1 / 6] * 6, [0.03, 0.97], [0.5, 0.3, 0.2]]),
    seed=st.integers(0, 1000),
)
def test_the_parts_are_those_of_the_plain_loop(
    rows: int, outputs: list[int], known: float, largest: int, shares: list[float], seed: int
) -> None:
    """Rows alone and in units, labels missing, shares unequal; and what is drawn afterwards is the same."""
    rng = np.random.default_rng(seed)
    labels = labels_of(rows, outputs, known, rng)
    units = np.unique(rng.integers(0, max(1, rows // largest), rows), return_inverse=True)[1]
    units = np.arange(rows) if largest == 1 else units.astype(np.int64)
    own, plain = np.random.default_rng(seed), np.random.default_rng(seed)
    assert (stratified_parts(units, labels, shares, own) == plain_loop(units, labels, shares, plain)).all()
    assert own.random() == plain.random()


def test_patterns_of_very_many_labels_are_told_apart() -> None:
    """Three hundred labels fit into no code of 64 bits; units that differ in one of them alone differ."""
    rng = np.random.default_rng(0)
    labels = rng.random((200, 300)) < 0.5
    units = rng.permutation(np.arange(200) // 2)
    patterns = label_patterns(units, labels)
    own = np.zeros((100, 301), np.int64)
    np.add.at(own, units, np.column_stack([labels, np.ones(200, np.int64)]))
    assert (patterns.contents[patterns.of_unit] == own).all()
    twice = label_patterns(np.arange(400), np.concatenate([labels, labels]))
    assert len(twice.contents) == 200
    assert (twice.of_unit[:200] == twice.of_unit[200:]).all()
