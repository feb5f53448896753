"""Packed records: a fraction of the size, the same summary, the same gate."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from checked_runs import Result
from jointbench.errors import BadInput
from jointbench.records import Fit
from jointbench.records.pack import pack
from jointbench.records.store import PACKED, RECORDS, read_records
from jointbench.runs.folder import republish


@pytest.fixture
def packed(run: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "packed"
    shutil.copytree(run, folder)
    pack(folder)
    (folder / RECORDS).unlink()
    return folder


def test_the_summary_of_packed_records_is_the_same_to_the_byte(run: Path, packed: Path) -> None:
    before = (run / "summary.json").read_bytes()
    (packed / "summary.json").unlink()
    republish(packed)
    assert (packed / "summary.json").read_bytes() == before
    assert (packed / PACKED).stat().st_size < (run / RECORDS).stat().st_size / 4


def test_the_learning_curves_of_the_first_fits_and_all_predictions_are_kept(packed: Path) -> None:
    """Curves are shown, and verdicts are made from the losses of single rows."""
    records = list(read_records(packed))
    fits = [record for record in records if isinstance(record, Fit)]
    assert fits
    assert all(len(fit.validation_loss) == fit.epochs for fit in fits)  # smoke has one repeat and one seed
    assert all(fit.predictions.size for fit in fits)


def test_a_packed_run_is_its_own_baseline(check: Callable[..., Result], packed: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert check(packed, "--write-baseline", baseline).code == 0
    assert check(packed, "--baseline", baseline).code == 0


def test_a_damaged_pack_is_named(packed: Path) -> None:
    path = packed / PACKED
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadInput, match=r"records\.jsonl\.xz.*is not a file of jointbench records"):
        list(read_records(packed))


def test_without_records_there_is_nothing_to_pack(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"records\.jsonl cannot be read"):
        pack(tmp_path)
    assert not list(tmp_path.iterdir())
