"""The questions on a small table, in every backend: each answers, and its measurements are what theory predicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jointbench.backends.protocols import diagnostics_of
from jointbench.backends.registry import BACKENDS, load, unavailable_reason
from jointbench.errors import BadInput
from jointbench.explain import (
    equivalent_code,
    new_heads,
    probes,
    regression_losses,
    representations,
    shape_savings,
    sharing_savings,
    transfer,
    transfer_training,
)
from jointbench.explain.context import Context
from jointbench.explain.trained_networks import TrainedNetwork, compared_outputs, study_networks
from jointbench.networks.architecture import architecture
from jointbench.networks.flops import train_flops_per_row
from jointbench.report.explained_views import view_of
from jointbench.runtime.workers import Workers
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.types import Dataset, Output, Provenance, Recipe, Shape

ROWS = 160
OUTPUTS = (Output("r", "regression"), Output("c", "binary", ("no", "yes")))
PRESENT = [name for name in BACKENDS if unavailable_reason(name) is None]
# Every question builds networks of its own shapes, and where each is traced and compiled that takes a minute.
WHOLE = [pytest.param(name, marks=[pytest.mark.slow] if name == "tensorflow" else []) for name in PRESENT]


@pytest.fixture(scope="module")
def small() -> Experiment:
    """A regression and a class from the same three features, some labels missing; three folds, ten epochs."""
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(ROWS, 4)), columns=list("wxyz"))
    value = (features["w"] + features["x"] * features["y"]).to_numpy() + 0.1 * rng.normal(size=ROWS)
    code = (features["w"] - features["x"] > 0).to_numpy().astype(float)
    code[:5] = np.nan
    data = Dataset(
        slug="small",
        title="small",
        features=features,
        targets={"r": value, "c": code},
        outputs=OUTPUTS,
        provenance=Provenance("made", "none", "none", "0"),
        shape=Shape((12, 8)),
        recipe=Recipe(optimizer="adam", learning_rate=1e-2, batch_size=16, max_epochs=10, patience=5),
    )
    return make_experiment(data, ["joint"], CrossValidation(folds=3, repeats=1, seeds=1, seed=0))


@pytest.fixture(
    scope="module",
    # what the questions do with a framework is in the contract tests; here one framework shows what they answer
    params=[pytest.param(name, marks=pytest.mark.slow if number else ()) for number, name in enumerate(PRESENT)],
)
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, Workers]]:
    with Workers(request.param, "cpu", 1, 1) as workers:
        yield request.param, workers


@pytest.mark.parametrize("running", WHOLE, indirect=True)
def test_every_question_answers(
    small: Experiment, running: tuple[str, Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, workers = running
    monkeypatch.setattr(shape_savings, "SHARES", (0.1, 0.5, 0.9))
    monkeypatch.setattr(shape_savings, "FLOPS", 2_000)
    for question in (representations, probes, transfer, regression_losses, equivalent_code, sharing_savings):
        answer = question.ask(small, backend, Context(workers))
        assert answer.failure is None, answer.failure
        assert answer.sentence
        assert "nan" not in answer.sentence
        assert (answer.dataset, answer.backend) == ("small", backend)
        tables = view_of(answer, "f").tables
        assert tables
        assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
        if question is equivalent_code:
            assert answer.sentence.count("are the same model") == 2


def test_transfer_shares_what_it_says(small: Experiment, running: tuple[str, Workers]) -> None:
    """The frozen trunk serves both outputs with the same answers; one trunk of two is saved, in closed form."""
    backend, workers = running
    result = transfer_training.measure(small, backend, workers)
    trunk, heads = 4 * 12 + 12 * 8, 8 + 8
    for pair in result.pairs:
        assert pair.one_pass < 1e-5
        assert pair.shared_inference == pytest.approx((trunk + heads) / (2 * trunk + heads))


def _separate(small: Experiment, running: tuple[str, Workers]) -> tuple[TrainedNetwork, TrainedNetwork]:
    source, target = (
        next(n for n in study_networks(small, *running).networks if n.group == (name,) and (n.fold, n.number) == (0, 0))
        for name in ("r", "c")
    )
    return source, target


def test_a_frozen_trunk_costs_its_forward_pass(small: Experiment, running: tuple[str, Workers]) -> None:
    """Per row: the trunk once, the head forward and its kernel's gradient; by hand 2 x (4 x 12 + 12 x 8 + 2 x 8)."""
    network = _separate(small, running)[1].job.architecture
    assert (
        new_heads.frozen_train_flops_per_row(network) == 2 * (4 * 12 + 12 * 8 + 2 * 8) < train_flops_per_row([network])
    )


def test_training_the_head_alone_is_training_with_the_trunk_frozen(small: Experiment) -> None:
    """Against PyTorch with the trunk's gradients off, and its own counter of FLOPs, on the same batches."""
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from jointbench.backends.pytorch.networks import build, read_weights
    from jointbench.networks.initialization import epoch_order

    backend = load("torch", "cpu", 1)
    with Workers("torch", "cpu", 1, 1) as workers:
        source, target = _separate(small, ("torch", workers))
    recipe = Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=16, max_epochs=3, patience=3)
    (rows,) = diagnostics_of(backend).activations(
        [(source.job.architecture, source.trained.weights)], source.job.features
    )
    ours = new_heads.frozen_trunk_job(replace(target.job, recipe=recipe, precision="float64"), rows[-1], source)
    (trained,) = backend.fit_stacked([ours]).trained

    module = build(target.job.architecture, new_heads.fine_tuning_job(target.job, source).initial, "cpu", torch.float64)
    for layer in module.trunk:
        layer.requires_grad_(requires_grad=False)
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=2**-4)
    features, targets, weights = (
        torch.as_tensor(a).double() for a in (target.job.features, target.job.targets, target.job.weights)
    )
    for epoch in range(3):
        for batch in torch.as_tensor(ours.train[epoch_order(ours.seed, epoch, len(ours.train))]).split(16):
            optimizer.zero_grad()
            with FlopCounterMode(display=False) as counter:
                answers = module(features[batch])[0][:, 0]
                loss = torch.nn.functional.binary_cross_entropy_with_logits(
                    answers, targets[batch, 0], reduction="none"
                )
                share = weights[batch, 0] / weights[batch, 0].sum()
                (ours.loss_weights[0] * (loss * share).sum()).backward()
            assert counter.get_total_flops() == len(batch) * new_heads.frozen_train_flops_per_row(
                target.job.architecture
            )
            optimizer.step()
    after = read_weights(target.job.architecture, module)
    assert trained.best_epoch == 2, "the engine keeps the best epoch's weights; these must be the last's"
    # The trunk's activations are handed on in float32, so a weight near 0 is known to a float32's absolute precision.
    np.testing.assert_allclose(trained.weights["head_0_0/kernel"], after["head_0_0/kernel"], rtol=1e-4, atol=1e-7)


def test_probes_separate_what_is_known_from_what_is_not(small: Experiment, running: tuple[str, Workers]) -> None:
    """The inputs know the class linearly, and the product of two of them not at all. A trained trunk does."""
    backend, workers = running
    skills = probes.measure(small, backend, workers).skills
    assert np.mean(list(skills[probes.INPUTS, "c"].values())) > 0.6
    assert np.mean(list(skills["r", "r"].values())) > np.mean(list(skills[probes.INPUTS, "r"].values()))


def test_a_single_output_has_nothing_to_share(small: Experiment) -> None:
    data = replace(small.dataset, outputs=OUTPUTS[:1])
    with pytest.raises(BadInput, match="one output"):
        compared_outputs(replace(small, dataset=data))


def test_shapes_span_the_shares(small: Experiment) -> None:
    """From a tenth of a network's FLOPs in the trunk to nearly all, at about one size."""
    shares = [
        shape_savings.trunk_share(architecture(shape, (4,), OUTPUTS[:1]))
        for shape in shape_savings.shapes_of(small, OUTPUTS)
    ]
    assert shares[0] < 0.15
    assert shares[-1] > 0.9
    assert shares == sorted(shares)
