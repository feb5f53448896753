"""The networks of a stack on their device: weights, gradient, labels, and the pass of a batch through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from jointbench.backends.batched.program import PackedData, ProgramSpec
from jointbench.backends.pytorch.batched.convolutions import MakeConvolutions
from jointbench.backends.pytorch.batched.layers import StackedNetwork
from jointbench.backends.pytorch.batched.losses import StackedLosses
from jointbench.backends.pytorch.batched.operations import StepMasks
from jointbench.backends.pytorch.batched.parameters import Layout
from jointbench.backends.pytorch.training_loop import DTYPES
from jointbench.types import Weights


class NetworkStack:
    """One row of parameters for each slot, in buffers that stay where they are.

    flat, gradient: (slots, parameters). best_flat: (slots, checkpoints, parameters). loss_weights: (slots, outputs).
    factors: (slots, columns), as the losses have them. labels: (rows of all jobs, 2 x columns), targets and weights.
    """

    def __init__(self, spec: ProgramSpec, data: PackedData, device: str, convolutions: MakeConvolutions) -> None:
        self.spec, self.device = spec, device
        network, slots, dtype = spec.architecture, spec.slots, DTYPES[spec.precision]
        targets, weights = (torch.as_tensor(table).to(device) for table in (data.targets, data.weights))
        self.losses = StackedLosses(network, spec.regression_loss)
        self.labels = self.losses.table(targets, weights)
        self.layout = Layout(network)
        self.flat = torch.zeros(slots, self.layout.size, dtype=dtype, device=device)
        self.gradient = torch.zeros_like(self.flat)
        self.best_flat = torch.zeros(slots, spec.checkpoints, self.layout.size, dtype=dtype, device=device)
        self.network = StackedNetwork(self.layout, self.flat, spec.batch, convolutions)
        self.loss_weights = torch.zeros(slots, len(network.heads), dtype=dtype, device=device)
        self.factors = self.losses.factors(self.loss_weights)

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        """Puts new networks into these slots, each with its initial weights as its best."""
        index = torch.tensor(slots, device=self.device)
        self.flat[index] = flat_weights(self.layout, weights, self.flat.dtype).to(self.device)
        self.best_flat[index] = self.flat[index].unsqueeze(1)
        self.loss_weights[index] = torch.as_tensor(loss_weights).to(self.flat)
        self.factors.copy_(self.losses.factors(self.loss_weights))

    def differentiate(
        self,
        features: torch.Tensor,
        targets: torch.Tensor,
        scales: torch.Tensor,
        masks: StepMasks | None,
        keep: Callable[[torch.Tensor], object],
    ) -> None:
        """Writes the gradient of a batch's total losses to ``gradient``.

        targets, scales: (slots, rows, columns). scales: shares x factors. keep: gets the raw answers, of the same shape,
        in a buffer that is overwritten afterwards.
        """
        raw = self.network.forward(features, True, masks)
        keep(raw)
        self.losses.differentiate(raw, targets, scales)
        self.network.backward(self.gradient)

    def named(self, rows: torch.Tensor) -> list[dict[str, npt.NDArray[np.floating]]]:
        """The weights in each row of parameters, (rows, parameters), by name."""
        views = self.layout.views(rows.cpu())
        return [{name: view[row].numpy().copy() for name, view in views.items()} for row in range(len(rows))]


def flat_weights(layout: Layout, weights: Sequence[Weights], dtype: torch.dtype) -> torch.Tensor:
    """The networks' weights in the host's memory, (networks, parameters)."""
    flat = torch.empty(len(weights), layout.size, dtype=dtype)
    for name, view in layout.views(flat).items():
        view.copy_(torch.as_tensor(np.stack([network[name] for network in weights])))
    return flat


def with_margin(features: torch.Tensor, network: StackedNetwork) -> torch.Tensor:
    """Features, (..., features) or (..., height, width, channels), as the network reads them: rows with the column of
    ones that the first layer's bias multiplies, images with the margin of its convolutions."""
    if network.convolutions is None:
        return functional.pad(features, (0, 1), value=1.0)
    margin = network.convolutions.margin
    return functional.pad(features, (0, 0, *(margin,) * 4))


def gathered(table: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """These rows of a table, in the shape of ``rows``."""
    return table.index_select(0, rows.reshape(-1)).view(*rows.shape, *table.shape[1:])


def in_batches(rows: torch.Tensor, batch: int) -> torch.Tensor:
    """Validation rows (slots, rows) as (batches, slots, batch), the buffers' size. The first rows fill the last batch."""
    validation = rows.shape[1]
    columns = torch.arange(-(-validation // batch) * batch, device=rows.device) % validation
    batches: torch.Tensor = rows[:, columns].unflatten(1, (-1, batch)).transpose(0, 1)
    return batches
