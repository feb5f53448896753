"""What each output contributes to the trunk's update, and whether the outputs' gradients conflict."""

from __future__ import annotations

from jointbench.explain.gradient_conflict import GradientConflict, GradientCourse, OutputPull, PairConflict
from jointbench.report.tables.answer_table import answer_table
from jointbench.report.tables.table import Table


def gradient_conflict_tables(data: GradientConflict, backend: str) -> tuple[Table, ...]:
    return (_outputs(data.outputs, backend), _pairs(data.pairs, backend), course_table(data.course, backend))


def _outputs(outputs: tuple[OutputPull, ...], backend: str) -> Table:
    rows = (
        (
            pull.output,
            pull.share,
            pull.length,
            pull.joint_skill,
            pull.separate_skill,
            pull.gain,
            pull.gain_low,
            pull.gain_high,
        )
        for pull in outputs
    )
    headings = (
        "Output",
        "Share of the update (median step)",
        "Mean length of its weighted gradient",
        "Skill joint",
        "Skill separate",
        "Joint minus separate",
        "from",
        "to",
    )
    title = (
        "What each output contributes to the shared layers' update, and its skill (joint minus separate, 95 % interval)"
    )
    return answer_table(title, headings, rows, backend)


def _pairs(pairs: tuple[PairConflict, ...], backend: str) -> Table:
    rows = (
        (
            pair.first,
            pair.second,
            pair.cosine,
            pair.conflict_share,
            pair.large_batch_cosine,
            pair.large_batch_conflict_share,
        )
        for pair in pairs
    )
    headings = (
        "Output",
        "Other output",
        "Mean cosine",
        "Share of steps below 0",
        "Mean cosine, more rows",
        "Share below 0, more rows",
    )
    title = "Cosine of the outputs' gradients in the shared layers, on the step's own batch and on more rows"
    return answer_table(title, headings, rows, backend)


def course_table(course: GradientCourse, backend: str) -> Table:
    """By point of training."""
    columns = (course.part, course.cosine, course.conflict_share, course.large_batch_cosine)
    rows = ((*values, *lengths) for *values, lengths in zip(*columns, course.lengths, strict=True))
    headings = (
        "Part of training",
        "Mean cosine",
        "Share below 0",
        "Mean cosine, more rows",
        *(f"Gradient length: {output}" for output in course.outputs),
    )
    return answer_table("Along training, mean over fits and pairs", headings, rows, backend)
