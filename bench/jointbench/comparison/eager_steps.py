"""What a reader must know of stacks that an accelerator could not train as fast as it can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from jointbench.comparison.cells import BenchmarkCell


def eager_notes(run_cells: Sequence[BenchmarkCell]) -> list[str]:
    """A sentence for each reason why steps were not replayed as a graph, with the datasets where they were not."""
    datasets: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)  # the inner dict is an ordered set
    for cell in run_cells:
        for stack in cell.stacks:
            if stack.eager_reason:
                datasets[cell.backend, cell.device, stack.eager_reason][cell.dataset] = None
    return [
        f"{backend} on {device}: training on {', '.join(slugs)} could not replay its steps as a graph, and took them one "
        f"operation at a time, which is slower; what it trained is the same: {reason}."
        for (backend, device, reason), slugs in datasets.items()
    ]
