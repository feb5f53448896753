"""The recipe's optimiser, made to take the same steps as the one in Keras."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON
from jointbench.types import Recipe


def make_optimizer(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """SGD, Adam or AdamW, with decoupled weight decay (Loshchilov & Hutter 2019) and epsilon where Keras adds it.

    PyTorch adds epsilon after Adam's bias correction of v, Keras before it. Dividing epsilon by the correction before
    each step makes the two updates equal.
    """
    weights = list(parameters)
    if recipe.optimizer == "sgd":
        sgd = torch.optim.SGD(weights, lr=recipe.learning_rate)
        if recipe.weight_decay:
            # PyTorch's SGD has only coupled weight decay (an L2 term in the gradient).
            @torch.no_grad()
            def decay(*_: object) -> None:
                for weight in weights:
                    weight.mul_(1 - recipe.learning_rate * recipe.weight_decay)

            sgd.register_step_pre_hook(decay)
        return sgd
    decay_rate = recipe.weight_decay if recipe.optimizer == "adamw" else 0.0
    adam = torch.optim.AdamW(
        weights, lr=recipe.learning_rate, betas=ADAM_BETAS, eps=ADAM_EPSILON, weight_decay=decay_rate
    )
    step = 0

    def correct_epsilon(optimizer: torch.optim.Optimizer, *_: object) -> None:
        nonlocal step
        step += 1
        for group in optimizer.param_groups:
            group["eps"] = ADAM_EPSILON / (1 - ADAM_BETAS[1] ** step) ** 0.5

    adam.register_step_pre_hook(correct_epsilon)
    return adam
