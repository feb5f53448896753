"""Answers of trained networks: one network after the other by the stock module, or many of one shape at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from jointbench.backends.pytorch.batched.convolutions import MakeConvolutions
from jointbench.backends.pytorch.batched.layers import StackedNetwork
from jointbench.backends.pytorch.batched.network_stack import flat_weights, with_margin
from jointbench.backends.pytorch.batched.parameters import Layout
from jointbench.backends.pytorch.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

Request = tuple[Weights, Float32Array]
ROWS = 256  # of each network at a time
ANSWERED_BYTES = 512 * 2**20  # of activations of networks that are asked together


def one_by_one(network: Architecture, requests: Sequence[Request], device: str) -> list[Float32Array]:
    """Each request's answers, (rows, units), by the stock module with the request's weights."""
    answers = []
    for weights, rows in requests:
        tensor = torch.from_numpy(rows).to(device)
        module = build(network, weights, device, tensor.dtype).eval()
        with torch.inference_mode():
            answers.append(torch.cat(module(tensor), dim=1).cpu().numpy())
    return answers


def together(
    network: Architecture, requests: Sequence[Request], device: str, make_convolutions: MakeConvolutions
) -> list[Float32Array]:
    """The same by the stacked network: an accelerator answers for hundreds of small networks as fast as for one."""
    item_bytes = requests[0][1].dtype.itemsize
    activations = sum(layer.positions * (2 * layer.units + 9 * layer.inputs) for layer in network.layers)
    slot_bytes = item_bytes * (ROWS * (activations + math.prod(network.input_shape)) + network.parameters)
    answers: list[Float32Array] = []
    most = max(1, ANSWERED_BYTES // slot_bytes)
    for start in range(0, len(requests), most):
        answers += _answers(network, requests[start : start + most], device, make_convolutions)
    return answers


def _answers(
    network: Architecture, requests: Sequence[Request], device: str, make_convolutions: MakeConvolutions
) -> list[Float32Array]:
    layout, lengths = Layout(network), [len(rows) for _, rows in requests]
    dtype = torch.from_numpy(requests[0][1][:0]).dtype
    flat = flat_weights(layout, [weights for weights, _ in requests], dtype).to(device)
    size = min(ROWS, max(lengths))
    stacked = StackedNetwork(layout, flat, size, make_convolutions)
    parts = []
    with torch.inference_mode():
        for start in range(0, max(lengths), size):
            batch = np.zeros((len(requests), size, *network.input_shape), requests[0][1].dtype)
            for place, (_, rows) in enumerate(requests):
                some = rows[start : start + size]
                batch[place, : len(some)] = some
            inputs = with_margin(torch.from_numpy(batch).to(device), stacked)
            parts.append(stacked.forward(inputs, train=False).clone())
        whole = torch.cat(parts, dim=1).cpu().numpy()
    return [answers[:length] for answers, length in zip(whole, lengths, strict=True)]
