"""The JSON Schema of summary.json, made from its dataclasses.

``python -m jointbench.comparison.summary.schema`` writes the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from jointbench.comparison.summary.run import SUMMARY_SCHEMA_VERSION, Summary

FILE = "summary.schema.json"
DISK_NAMES = {
    "RatioOnDisk": "Ratio",
    "PredictedSaving": "Explained",
}
"""Classes that have another name in the file."""


_SUMMARY = TypeAdapter(Summary)


class _StrictSchema(GenerateJsonSchema):
    """An unknown field is an error, as a missing one is. There are no titles, which would repeat the field's name."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return {**super().dataclass_schema(schema), "additionalProperties": False}


def summary_fields(summary: Summary) -> dict[str, Any]:
    """The content of summary.json."""
    fields: dict[str, Any] = _SUMMARY.dump_python(summary)
    return fields


def summary_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of this version's summary.json."""
    schema = _SUMMARY.json_schema(mode="serialization", schema_generator=_StrictSchema)
    text = json.dumps(schema)
    for name, on_disk in DISK_NAMES.items():
        text = text.replace(f'"{name}"', f'"{on_disk}"').replace(f'/{name}"', f'/{on_disk}"')
    schema = json.loads(text)
    schema["properties"]["schema_version"] = {"const": SUMMARY_SCHEMA_VERSION, "type": "integer"}
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": "jointbench summary.json", **schema}


def as_text() -> str:
    """The text of the file."""
    return json.dumps(summary_schema(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name(FILE).write_text(as_text(), encoding="utf-8")
