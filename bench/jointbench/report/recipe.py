"""A recipe in words: how a dataset's networks are trained, on how many rows, and which size of table it is for."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.comparison.summary.recipe import RecipeSummary
from jointbench.networks.loss_weighting import METHODS
from jointbench.report.format import plain
from jointbench.types import Recipe


def recipe_text(recipe: Recipe | RecipeSummary) -> str:
    return (
        f"{recipe.optimizer}, learning rate {recipe.learning_rate:g}, batches of {recipe.batch_size:,}, at most "
        f"{recipe.max_epochs:,} epochs, stopped after {recipe.patience:,} without progress, weight decay "
        f"{recipe.weight_decay:g}{_weighed(recipe)}"
    )


def _weighed(recipe: Recipe | RecipeSummary) -> str:
    if isinstance(recipe, Recipe) and recipe.weighting:
        return f", losses weighed by {METHODS[recipe.weighting].title}"
    return ""


def recipe_facts(recipe: RecipeSummary) -> list[tuple[str, str]]:
    """(term, text): the rows trained on, the widths and the recipe."""
    trained = f"{recipe.fewest_trained:,}"
    if recipe.most_trained > recipe.fewest_trained:
        trained += f" to {recipe.most_trained:,}"
    chosen = "set for this dataset: " if recipe.rows is None else f"chosen for {recipe.rows:,} rows: "
    return [
        ("Trained on", f"{trained} rows"),
        ("Base shape", chosen + widths(recipe)),
        ("Recipe", chosen + recipe_text(recipe)),
    ]


def widths(recipe: RecipeSummary) -> str:
    """The layers of the base shape: "trunk 64-64, dropout 0.1"."""
    if recipe.own_trunk:
        return own_trunk_text(recipe.own_trunk, recipe.trunk)
    trunk = "residual trunk (stream, then blocks)" if recipe.residual else "trunk"
    layers = (("convolutions", recipe.channels), (trunk, recipe.trunk), ("each head", recipe.head))
    parts = [f"{name} {'-'.join(str(width) for width in sizes)}" for name, sizes in layers if sizes]
    parts += ["layer normalisation"] if recipe.norm else []
    return ", ".join([*parts, *([f"dropout {recipe.dropout:g}"] if recipe.dropout else [])])


def own_trunk_text(name: str, widths: Sequence[int]) -> str:
    """A user's trunk in words."""
    return f"own trunk {plain(name)}" + "".join(f" at width {width}" for width in widths)


def brief_recipe(recipe: RecipeSummary) -> str:
    """The recipe in one line, for a terminal."""
    (_, trained), *_ = recipe_facts(recipe)
    return (
        f"trained on {trained}: {widths(recipe)}, batches of {recipe.batch_size:,}, at most {recipe.max_epochs:,} epochs, "
        f"patience {recipe.patience:,}"
    )
