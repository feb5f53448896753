"""Trunks as users write them, one function for each framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

TrunkFunction = Callable[..., Any]


def torch_dense(shape: tuple[int, ...], width: int) -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(shape[0], width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())


def keras_dense(shape: tuple[int, ...], width: int) -> Any:
    import keras

    return keras.Sequential([keras.layers.Dense(width, activation="relu") for _ in range(2)])


def torch_wrapped(shape: tuple[int, ...], width: int) -> Any:
    """The dense trunk behind a class of the user's own."""
    from torch import nn

    class Wrapped(nn.Sequential):
        pass

    return Wrapped(*torch_dense(shape, width))


def keras_wrapped(shape: tuple[int, ...], width: int) -> Any:
    import keras

    class Wrapped(keras.Sequential):  # type: ignore[misc]  # keras ships no types
        pass

    return Wrapped([keras.layers.Dense(width, activation="relu") for _ in range(2)])


def torch_normalised(shape: tuple[int, ...], width: int) -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(shape[0], width), nn.BatchNorm1d(width), nn.GELU(), nn.Dropout(0.2))


def keras_normalised(shape: tuple[int, ...], width: int) -> Any:
    import keras

    return keras.Sequential(
        [
            keras.layers.Dense(width),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("gelu"),
            keras.layers.Dropout(0.2),
        ]
    )


def torch_recurrent(shape: tuple[int, ...], width: int) -> Any:
    import torch
    from torch import nn

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.GRU(1, width, batch_first=True)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.layer(rows.unsqueeze(-1))[0][:, -1]  # type: ignore[no-any-return]  # nn.GRU is untyped

    return Recurrent()


def keras_recurrent(shape: tuple[int, ...], width: int) -> Any:
    import keras

    return keras.Sequential([keras.layers.Reshape((*shape, 1)), keras.layers.GRU(width)])


TRUNKS: Mapping[str, Mapping[str, TrunkFunction]] = {
    "dense": {"torch": torch_dense, "tensorflow": keras_dense},
    "wrapped": {"torch": torch_wrapped, "tensorflow": keras_wrapped},
    "normalised": {"torch": torch_normalised, "tensorflow": keras_normalised},
    "recurrent": {"torch": torch_recurrent, "tensorflow": keras_recurrent},
}
