"""The phases of a run, by the names under which it reports progress."""

from __future__ import annotations

REFERENCES, DRAWING = "reference models", "report"


def training_phase(backend: str, device: str) -> str:
    return f"{backend} {device}: training"


def screening_phase(backend: str, device: str) -> str:
    return f"{backend} {device}: screen of pairs"


def timing_phase(backend: str, device: str) -> str:
    return f"{backend} {device}: timing"


def memory_phase(backend: str, device: str) -> str:
    return f"{backend} {device}: memory"
