"""A key of a TOML text is found on the line where a person sees it."""

from __future__ import annotations

import pytest

from jointbench.runs.study_file.key_lines import Place, key_line

TEXT = '''# learning_rate = 1
profile = "smoke"
arms = [
    "joint",  # [a comment ]
    "separate",
]

[[datasets]]
data = "a.csv"
targets = [
    "price",
    { name = "sold", kind = "binary" },
]

[[datasets]]
data = "b.csv"
targets = ["x", "y"]
keep = ["learning_rate",
        "id"]

[recipe]
learning_rate = 0.1
loss_weights = { price = 2, "a b" = 3 }
[ropes]
"learn\\u0069ng rate" = 0.1
note = """
[shape]
trunk = 3
"""
[shape]
trunk = [8,
  16]
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("profile",), 2),
        (("arms",), 3),
        (("arms", 0), 4),
        (("arms", 1), 5),
        (("datasets",), 8),
        (("datasets", 0), 8),
        (("datasets", 0, "targets", 0), 11),
        (("datasets", 0, "targets", 1, "kind"), 12),
        (("datasets", 1), 15),
        (("datasets", 1, "data"), 16),
        (("datasets", 1, "targets", 1), 17),
        (("datasets", 1, "keep", 1), 19),
        (("recipe",), 21),
        (("recipe", "learning_rate"), 22),
        (("recipe", "loss_weights", "a b"), 23),
        (("ropes", "learning rate"), 25),
        (("shape", "trunk"), 31),
        (("shape", "trunk", 1), 32),
        (("datasets", 1, "group"), 15),  # absent: the table that lacks it
        (("recipe", "patience"), 21),
        (("absent",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key(place: Place, line: int | None) -> None:
    assert key_line(TEXT, place) == line


def test_dotted_keys_and_tables_of_tables() -> None:
    text = 'recipe.patience = 3\n[[datasets]]\ndata = "t"\n[shape]\ntrunk = [1]\n'
    assert key_line(text, ("recipe", "patience")) == 1
    assert key_line(text, ("shape", "trunk", 0)) == 5
