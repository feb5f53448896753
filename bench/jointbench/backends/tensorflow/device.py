"""Everything that only an accelerator needs: whether there is one, sharing it, waiting for it, and its memory."""

from __future__ import annotations

import tensorflow as tf

GPU = "GPU:0"


def prepare(device: str) -> None:
    """Before TensorFlow starts: on CUDA, take device memory as it is needed, so that another framework's process finds
    some, and multiply whole float32 numbers, as PyTorch is made to; on the CPU, leave the GPUs alone, of which TensorFlow
    would otherwise take all memory."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif device != "cpu":
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.experimental.enable_tensor_float_32_execution(False)


def unusable_reason(device: str) -> str | None:
    """Why this TensorFlow cannot use the device, with the way out; None when it can."""
    if device == "cpu" or tf.config.list_physical_devices("GPU"):
        return None
    built = "built with CUDA" if tf.test.is_built_with_cuda() else "built without CUDA"
    return f"TensorFlow {tf.__version__} sees no CUDA device ({built}); pip install 'tensorflow[and-cuda]', or use --device cpu"


def synchronise(device: str) -> None:
    """Waits until the device has done all it was given. The CPU has, by the time a call returns."""
    if device != "cpu":
        tf.test.experimental.sync_devices()


def peak_bytes(device: str) -> int | None:
    """The most that TensorFlow's allocator gave out on the device since the process began; None on the CPU."""
    return None if device == "cpu" else int(tf.config.experimental.get_memory_info(GPU)["peak"])
