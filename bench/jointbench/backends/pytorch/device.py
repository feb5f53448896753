"""Everything that only an accelerator needs: whether there is one, waiting for it, and its memory."""

from __future__ import annotations

import torch


def unusable_reason(device: str) -> str | None:
    """Why this PyTorch cannot use the device, with the way out; None when it can."""
    if device == "cpu" or torch.cuda.is_available():
        return None
    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
    return f"PyTorch {torch.__version__} sees no CUDA device ({built}); install a CUDA build, or use --device cpu"


def prepare(device: str) -> None:
    """On CUDA, whole float32 products: by default PyTorch rounds the inputs of convolutions there to 10 bits (TF32), and
    TensorFlow those of every product."""
    if device != "cpu":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False


def synchronise(device: str) -> None:
    """Waits until the device has done all it was given. The CPU has, by the time a call returns."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def peak_bytes(device: str) -> int | None:
    """The most that PyTorch's allocator held in tensors on the device since the process began; None on the CPU."""
    return None if device == "cpu" else int(torch.cuda.max_memory_allocated(device))
