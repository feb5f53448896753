"""What an accelerator needs: a check that it is there, exact products, synchronisation, and its memory."""

from __future__ import annotations

import torch

from jointbench.backends.batched.stack_size import StackLimits, device_limits, processor_limits


def unusable_reason(device: str) -> str | None:
    """Why this PyTorch cannot use the device, and what to do about it; None when it can."""
    if device == "cpu" or torch.cuda.is_available():
        return None
    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
    return f"PyTorch {torch.__version__} sees no CUDA device ({built}); install a CUDA build, or use --device cpu"


def prepare(device: str) -> None:
    """On CUDA, turns off TF32, which rounds the inputs of products to 10 bits.

    PyTorch uses it for convolutions by default, TensorFlow for all products.
    """
    if device != "cpu":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False


def synchronise(device: str) -> None:
    """Waits until the device has finished all its work. The CPU has, when a call returns."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def peak_bytes(device: str) -> int | None:
    """The most bytes of tensors that PyTorch's allocator had on the device in this process; None on the CPU."""
    return None if device == "cpu" else int(torch.cuda.max_memory_allocated(device))


def stack_limits(device: str) -> StackLimits:
    """What a stack may take up on the device now: of the processor always the same, of another a share of what is free,
    with what PyTorch keeps of earlier stacks."""
    if device == "cpu":
        return processor_limits()
    free, _ = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return device_limits(free + kept)
