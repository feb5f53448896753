"""Sentences on what a run cuts, leaves out or cannot do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jointbench.measure.energy import energy_unavailable_reason
from jointbench.runs.options import RunOptions, energy_seconds, timing_seconds, training_seconds
from jointbench.runtime.devices import gpu_unavailable_reason
from jointbench.runtime.environment import not_measured
from jointbench.runtime.gpus import Gpu, held_gpus, visible_gpus
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Experiment
from jointbench.study.profiles import profile_named
from jointbench.study.reference_limits import limit_note, tree_limits


def notes(options: RunOptions, devices: Sequence[str], gpus: Sequence[Gpu] = ()) -> tuple[str, ...]:
    """Sentences on what this run cut or could not do. gpus: those that train."""
    profile = profile_named(options.profile)
    sentences = []
    if "cuda" not in devices:
        reason = (
            (gpu_unavailable_reason() or "not free when the run began") if options.device == "auto" else "not asked for"
        )
        sentences.append(f"GPU: not measured: {reason}.")
    elif gpus:
        sentences.extend(_gpu_notes(options, gpus))
    sentences.extend(not_measured())
    sentences.extend(_energy_notes(devices, gpus, energy_seconds(options, profile)))
    for kind, most in (("tables", profile.max_rows), ("sets of images", profile.max_images)):
        if options.rows is None and most is not None:
            grow = "" if options.fixed_design or profile.rounds == 1 else ", in a run of few of them at first"
            sentences.append(f"Profile {profile.name}: {kind} of more than {most:,} rows are cut to that many{grow}.")
    if profile.max_epochs is not None:
        sentences.append(f"Profile {profile.name}: training stops after {profile.max_epochs} epochs at the latest.")
    timing, training = timing_seconds(options, profile), training_seconds(options, profile)
    source = f"Profile {profile.name}" if options.budget is None else f"Budget of {options.budget:g} s"
    sentences.append(f"{source}: timing takes at most about {timing:g} s in all.")
    if not options.fixed_design and (profile.rounds > 1 or options.until_decided):
        limit = "" if math.isinf(training) else f", for about {training:g} s at the most"
        sentences.append(
            f"Training goes in rounds{limit}: what is decided stops, what is open is trained again as often as before."
        )
    if profile.extras != "all":
        extras = "not timed" if profile.extras == "none" else "timed on the first dataset only"
        sizes = " and ".join(str(size) for size in profile.extra_batch_sizes)
        sentences.append(
            f"Profile {profile.name}: the engine at one replicate, compiled programs, ONNX Runtime and Keras's "
            f"predict are {extras}; fused programs and requests for one output at batch {sizes} only."
        )
    if not profile.one_thread:
        sentences.append(f"Profile {profile.name}: timed on all cores; profile full times one thread too.")
    return tuple(sentences)


def _gpu_notes(options: RunOptions, gpus: Sequence[Gpu]) -> list[str]:
    """Which GPUs train, which is measured on, and why others are not used."""
    listed, first = ", ".join(map(str, gpus)), gpus[0]
    if len(gpus) == 1:
        sentences = [f"GPU: one process trains on {listed}; clocks and memory are of it alone."]
    else:
        sentences = [f"GPU: one process trains on each of {listed}; clocks and memory are of {first} alone."]
    held = held_gpus()
    sentences += [f"{gpu}: not used: held by {holders}." for gpu, holders in held.items() if gpu not in gpus]
    if spare := [str(gpu) for gpu in visible_gpus() if gpu not in gpus and gpu not in held]:
        sentences.append(f"{', '.join(spare)}: not used, because of --jobs {options.jobs}.")
    if options.jobs is not None and options.jobs > len(gpus):
        sentences.append(f"--jobs {options.jobs}: a GPU has one training process, so {len(gpus)} on the GPU.")
    return sentences


def _energy_notes(devices: Sequence[str], gpus: Sequence[Gpu], seconds: float) -> list[str]:
    """Why no joules are counted, or how long that takes."""
    sentences = []
    for device in devices:
        gpu = gpus[0].uuid if device != "cpu" and gpus else ""
        reason = energy_unavailable_reason(device, gpu)
        said = f"not measured: {reason}" if reason else f"takes up to {seconds:g} s more of a dataset on a framework"
        sentences.append(f"Energy on {device}: {said}.")
    return sentences


def cut_notes(experiments: Sequence[Experiment], config: StudyConfig) -> tuple[str, ...]:
    """A sentence on what is cut of the reference models, where something is."""
    note = limit_note(tree_limits(experiments, config.training_seconds)) if config.references else None
    return () if note is None else (note,)
