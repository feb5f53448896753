"""PyTorch's loops under methods that weigh losses, against TorchJD's own objects, closed forms and PyTorch's counter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract_jobs import RECIPE, JobSpec, make_job
from jointbench.backends.base import Job
from jointbench.backends.registry import load
from jointbench.networks.flops import train_flops_per_row, weighting_flops
from jointbench.networks.loss_weighting import METHODS
from jointbench.types import Recipe, Weighting

torch = pytest.importorskip("torch")
pytest.importorskip("torchjd")
torch.set_num_threads(1)

from torchjd import aggregation, scalarization  # noqa: E402  # after the check that it is installed

from jointbench.backends.pytorch.own_trunk import seeded  # noqa: E402
from jointbench.backends.pytorch.training_loop import StockLoop  # noqa: E402
from jointbench.backends.pytorch.weighting.loops import make_loop  # noqa: E402
from jointbench.backends.pytorch.weighting.mgda import mgda  # noqa: E402
from jointbench.backends.pytorch.weighting.pcgrad import pcgrad  # noqa: E402
from jointbench.backends.pytorch.weighting.upgrad import upgrad  # noqa: E402

SGD = Recipe(optimizer="sgd", learning_rate=2**-4, batch_size=16, max_epochs=3, patience=9)


def job_under(weighting: Weighting, outputs: str = "mixed", recipe: Recipe = SGD, trunk: str = "table") -> Job:
    return make_job(
        JobSpec(outputs=outputs, trunk=trunk, recipe=replace(recipe, weighting=weighting), precision="float64")
    )


def parameters(loop: StockLoop) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in loop.network.parameters()]


def follow(loop: StockLoop, scalarizer: torch.nn.Module, epochs: int, famo: bool = False) -> None:
    """Trains a plain loop with TorchJD's scalarizer, as its documentation has it."""
    for epoch in range(epochs):
        for batch in loop.batches(epoch):
            loop.optimizer.zero_grad()
            scalarizer(loop.losses(batch.rows) * loop.loss_weights).backward()
            loop.optimizer.step()
            if famo:
                with torch.no_grad():
                    scalarizer.update(loop.losses(batch.rows) * loop.loss_weights)
        if hasattr(scalarizer, "step"):
            scalarizer.step()


@pytest.mark.parametrize("method", ["dwa", "famo"])
def test_loops_are_torchjd_s_scalarizers(method: Weighting) -> None:
    ours, plain = make_loop(job_under(method), "cpu"), StockLoop(job_under(""), "cpu")
    for epoch in range(4):
        for batch in ours.batches(epoch):
            ours.step(batch)
    scalarizer = scalarization.DWA() if method == "dwa" else scalarization.FAMO(3).double()
    follow(plain, scalarizer, 4, famo=method == "famo")
    for mine, theirs in zip(parameters(ours), parameters(plain), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_uncertainty_is_torchjd_s_with_twice_the_loss_of_classes() -> None:
    """TorchJD has the factor 1/2 of a Gaussian for every output; Kendall has 1 for classes."""
    ours, plain = make_loop(job_under("uw"), "cpu"), StockLoop(job_under(""), "cpu")
    for batch in ours.batches(0):
        ours.step(batch)
    scalarizer = scalarization.UW(3).double()
    plain.optimizer.add_param_group({"params": list(scalarizer.parameters())})
    plain.loss_weights = plain.loss_weights * torch.tensor([1.0, 2.0, 2.0])
    follow(plain, scalarizer, 1)
    for mine, theirs in zip(parameters(ours), parameters(plain), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_repeats_itself(method: Weighting) -> None:
    """PCGrad draws its order from the network's seed."""
    job = job_under(method)
    first, again = (load("torch", "cpu", 1).fit(job).validation_loss for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("method", ["pcgrad", "mgda", "upgrad"])
def test_trunks_descend_torchjd_s_aggregate_of_the_jacobian(method: Weighting) -> None:
    """One SGD step: the trunk moves along the aggregate of the outputs' gradients, each head along its own gradient."""
    ours, plain = make_loop(job_under(method), "cpu"), StockLoop(job_under(""), "cpu")
    batch = next(iter(plain.batches(0)))
    losses = plain.losses(batch.rows) * plain.loss_weights
    trunk = list(plain.network.trunk.parameters())
    jacobian = torch.stack(
        [torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, trunk, retain_graph=True)]) for loss in losses]
    )
    losses.sum().backward()
    aggregators = {
        "pcgrad": aggregation.PCGrad,
        "mgda": aggregation.MGDA,
        "upgrad": lambda: aggregation.UPGrad(pref_vector=torch.ones(3, dtype=torch.float64)),
    }
    with seeded(7):
        expected = aggregators[method]()(jacobian).split([p.numel() for p in trunk])
    before = parameters(ours)
    with seeded(7):
        ours.step(next(iter(ours.batches(0))))
    own_gradients = [parameter.grad for parameter in plain.network.parameters()]
    own_gradients[: len(trunk)] = [part.view_as(p) for part, p in zip(expected, trunk, strict=True)]
    for start, end, gradient in zip(before, parameters(ours), own_gradients, strict=True):
        np.testing.assert_allclose((start - end) * 2**4, gradient, atol=1e-7)


def test_a_batch_without_labels_of_an_output_moves_neither_it_nor_its_famo_weight() -> None:
    """Its loss is 0 there, whose logarithm would take all the weight; it counts as no skill, and the rest trains on."""
    job = job_under("famo")
    job.weights[:, 1] = 0
    loop = make_loop(job, "cpu")
    before = parameters(loop)
    for batch in loop.batches(0):
        loop.step(batch)
    moved = [float((start - end).abs().max()) for start, end in zip(before, parameters(loop), strict=True)]
    assert moved.count(0.0) == len(list(loop.network.heads[1].parameters()))
    assert sorted(moved)[len(moved) // 2] > 1e-3


def test_min_norm_weights_reach_the_closed_form_for_two_outputs() -> None:
    """alpha = (g2.g2 - g1.g2) / |g1 - g2|^2, cut to [0, 1] (Sener & Koltun 2018, equation 4)."""
    rng = np.random.default_rng(0)
    weighting = mgda(torch.ones(2, dtype=torch.float64))
    for _ in range(20):
        rows = rng.normal(size=(2, 6)) * rng.uniform(0.2, 3, (2, 1))
        gram = rows @ rows.T
        alpha = np.clip((gram[1, 1] - gram[0, 1]) / (gram[0, 0] + gram[1, 1] - 2 * gram[0, 1]), 0, 1)
        weights = weighting(torch.as_tensor(gram)).numpy()
        assert weights == pytest.approx([alpha, 1 - alpha], abs=2e-3)  # Frank-Wolfe's own tolerance is 1e-3


@pytest.mark.parametrize("method", [pcgrad, upgrad])
def test_without_conflict_projections_are_the_plain_sum(method: object) -> None:
    weighting = method(torch.ones(2, dtype=torch.float64))  # type: ignore[operator]
    agreeing = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    equal = torch.ones((2, 2), dtype=torch.float64)
    for gram in (agreeing, equal):
        assert weighting(gram).numpy() == pytest.approx([1, 1], abs=1e-3)
    opposed = torch.tensor([[1.0, -0.5], [-0.5, 1.0]], dtype=torch.float64)
    # each is projected on the other's normal plane: g1 + g2 / 2 and g2 + g1 / 2
    assert weighting(opposed).numpy() == pytest.approx([1.5, 1.5], abs=1e-3)


@pytest.mark.parametrize("trunk", ["table", "image"])
def test_the_closed_form_of_a_step_is_what_pytorch_counts(trunk: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    methods: tuple[Weighting, ...] = ("", *METHODS)
    for method in methods:
        job = job_under(method, trunk=trunk, recipe=RECIPE)
        loop = make_loop(job, "cpu")
        batch = next(iter(loop.batches(0)))
        with FlopCounterMode(display=False) as counter:
            loop.step(batch)
        network = [job.architecture]
        expected = len(batch.rows) * train_flops_per_row(network, method) + weighting_flops(network, method)
        assert counter.get_total_flops() == expected, method
