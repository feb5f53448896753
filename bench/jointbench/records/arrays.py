"""Arrays in JSON: shape, type and little-endian bytes in base64: exact, and a quarter of the size of decimal text."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

FLOATS, INTEGERS = ("float64", "float32"), ("int64", "int32")
LONGEST = 2**40  # rows of an axis: a number beyond it is damage


@dataclass(frozen=True)
class StoredArray:
    """How a field's array is written and read: ``Annotated[FloatArray, StoredArray(FLOATS, axes=2)]``.

    dtypes: those that are read. low, high: the smallest and largest value, both allowed; None: anything, not-a-number
    too.
    """

    dtypes: tuple[str, ...]
    axes: int
    low: float | None = None
    high: float | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        axis = core_schema.int_schema(ge=0, le=LONGEST, strict=True)
        fields = {
            "shape": core_schema.list_schema(axis, min_length=self.axes, max_length=self.axes, strict=True),
            "dtype": core_schema.literal_schema(list(self.dtypes)),
            "base64": core_schema.str_schema(strict=True),
        }
        stored = core_schema.typed_dict_schema(
            {name: core_schema.typed_dict_field(field) for name, field in fields.items()}, extra_behavior="forbid"
        )
        return core_schema.no_info_after_validator_function(
            self._decoded, stored, serialization=core_schema.plain_serializer_function_ser_schema(_encoded)
        )

    def _decoded(self, stored: dict[str, Any]) -> npt.NDArray[Any]:
        """The array, in memory of its own, so that it can be written to."""
        dtype = np.dtype(stored["dtype"])
        try:
            content = binascii.a2b_base64(stored["base64"], strict_mode=True)
        except binascii.Error as error:
            raise ValueError(f"it is not base64 ({error})") from error
        if len(content) != math.prod(stored["shape"]) * dtype.itemsize:  # before anything of that shape is allocated
            raise ValueError(f"{len(content)} bytes do not fill the shape {stored['shape']} of {dtype}")
        array = np.frombuffer(content, dtype.newbyteorder("<")).reshape(stored["shape"]).astype(dtype)
        if self.low is not None and self.high is not None and not _within(array, self.low, self.high):
            raise ValueError(f"it holds a value outside {self.low:g} to {self.high:g}")
        return array


def _within(array: npt.NDArray[Any], low: float, high: float) -> bool:
    return bool(((array >= low) & (array <= high)).all())  # false for not-a-number


def _encoded(array: npt.NDArray[Any]) -> dict[str, Any]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "base64": base64.b64encode(little.tobytes()).decode(),
    }
