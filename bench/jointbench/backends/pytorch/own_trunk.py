"""A user's trunk in PyTorch: built from a seed, read once before anything trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from jointbench.backends.own_trunk import ROWS, TrunkReading, check_answer, check_module, plain_shape
from jointbench.networks.own_trunk import SizedTrunk, TrunkFunction, TrunkSizes, call_trunk, trunk_name
from jointbench.types import Shape

ACTIVATIONS: dict[type[nn.Module], str] = {nn.ReLU: "relu", nn.Tanh: "tanh"}
UNCOUNTED = (nn.RNNBase, nn.RNNCellBase)  # the counter sees no products in them


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """PyTorch's own random numbers (initial weights, dropout) from this seed; they go on as before afterwards."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def build_trunk(trunk: SizedTrunk, input_shape: tuple[int, ...], seed: int) -> nn.Module:
    """The module with its own initial weights."""
    with seeded(seed):
        module: nn.Module = trunk.build(input_shape)
    return module


def read_trunk(function: TrunkFunction, input_shape: tuple[int, ...], width: int | None) -> TrunkReading:
    """What the function's module is like at this width. Raises BadInput where it is no trunk."""
    name = trunk_name(function)
    with seeded(0):
        module = call_trunk(function, input_shape, width)
        check_module(name, module, nn.Module, "torch.nn.Module")
        rows = torch.zeros(ROWS, *input_shape)
        with FlopCounterMode(display=False) as forward, torch.no_grad():
            answer = module(rows)
        floating = isinstance(answer, torch.Tensor) and answer.is_floating_point()
        units = check_answer(name, input_shape, tuple(getattr(answer, "shape", ())), floating=floating)
        training = any(parameter.requires_grad for parameter in module.parameters())
        with FlopCounterMode(display=False) as both:
            answer = module(rows)
            if training:
                answer.sum().backward()
    parameters = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    layers = dict.fromkeys(type(part).__name__ for part in module.modules() if not list(part.children()))
    recurrent = next((type(part).__name__ for part in module.modules() if isinstance(part, UNCOUNTED)), "")
    uncounted = f"PyTorch's counter sees no products in {recurrent}" if recurrent else ""
    forwards, total = (0, 0) if uncounted else (forward.get_total_flops(), both.get_total_flops())
    sizes = TrunkSizes(units, parameters, forwards // ROWS, (total - forwards) // ROWS, uncounted)
    return TrunkReading(sizes, _plain(module, input_shape), tuple(layers))


def _plain(module: nn.Module, input_shape: tuple[int, ...]) -> Shape | None:
    """The shape of a Sequential of Linear layers, each followed by one activation, with nothing hooked to them."""
    parts = list(module) if type(module) is nn.Sequential else []
    dense, activations = parts[::2], parts[1::2]
    if len(input_shape) != 1 or any(_is_altered(part) for part in (module, *parts)):
        return None
    if not all(type(layer) is nn.Linear and layer.bias is not None for layer in dense):
        return None
    names = [ACTIVATIONS.get(type(part), "") for part in activations]
    return plain_shape([int(layer.out_features) for layer in dense], names)  # type: ignore[arg-type]  # of a Linear


def _is_altered(module: nn.Module) -> bool:
    """Whether it does more than its type says: hooks, parametrisations, frozen weights."""
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
    frozen = any(not parameter.requires_grad for parameter in module.parameters())
    return any(hooks) or frozen or hasattr(module, "parametrizations")
