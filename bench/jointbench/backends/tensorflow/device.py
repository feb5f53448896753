"""What an accelerator needs: a check that it is there, set-up, synchronisation, and its peak memory."""

from __future__ import annotations

import tensorflow as tf

GPU = "GPU:0"


def prepare(device: str) -> None:
    """Sets up the devices; call it before TensorFlow uses one.

    On CUDA, TensorFlow allocates memory as it is needed, to leave some for another framework's process, and TF32 is
    turned off, as in PyTorch. On the CPU, TensorFlow does not see the GPUs, whose memory it would otherwise take.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif device != "cpu":
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        if not gpus:  # else what is meant for the GPU would run on the CPU, and be measured under its name
            tf.config.set_soft_device_placement(False)
        tf.config.experimental.enable_tensor_float_32_execution(False)


def unusable_reason(device: str) -> str | None:
    """Why this TensorFlow cannot use the device, and what to do about it; None when it can."""
    if device == "cpu" or tf.config.list_physical_devices("GPU"):
        return None
    built = "built with CUDA" if tf.test.is_built_with_cuda() else "built without CUDA"
    return (
        f"TensorFlow {tf.__version__} sees no CUDA device ({built}); "
        "pip install 'tensorflow[and-cuda]', or use --device cpu"
    )


def synchronise(device: str) -> None:
    """Waits until the device has finished all its work. The CPU has, when a call returns."""
    if device != "cpu":
        tf.test.experimental.sync_devices()


def peak_bytes(device: str) -> int | None:
    """The most bytes that TensorFlow's allocator had in use on the device in this process; None on the CPU."""
    return None if device == "cpu" else int(tf.config.experimental.get_memory_info(GPU)["peak"])
