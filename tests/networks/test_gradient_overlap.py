"""How far gradients overlap: by their size of cosine, whatever its sign, on the steps that have both."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.networks.architecture import architecture
from jointbench.networks.flops import gradient_products_flops
from jointbench.networks.gradient_overlap import overlaps
from jointbench.types import Output, Shape


def test_the_overlap_is_the_mean_size_of_the_cosine() -> None:
    gradients = np.array(
        [
            [[2.0, 0.0], [0.0, 3.0], [5.0, 5.0], [0.0, 0.0]],
            [[1.0, 0.0], [-4.0, 0.0], [1.0, 0.0], [0.0, 0.0]],
        ]
    )  # of four outputs at two steps; the last one has no label there
    found = overlaps(gradients @ gradients.transpose(0, 2, 1))
    assert found[0, 1] == pytest.approx((0 + 1) / 2)  # at right angles, then against each other
    assert found[0, 2] == pytest.approx((0.5**0.5 + 1) / 2)
    assert np.isnan(found[3]).all()
    np.testing.assert_array_equal(found, found.T)


def test_a_step_without_one_of_the_gradients_does_not_count() -> None:
    gradients = np.array([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [3.0, 0.0]]])
    assert overlaps(gradients @ gradients.transpose(0, 2, 1))[0, 1] == 1.0


def test_flops_of_the_products_are_those_of_a_backward_pass_for_each_output() -> None:
    network = architecture(Shape((4,)), (3,), [Output("a", "regression"), Output("b", "regression")])
    trunk, heads = 2 * 3 * 4, 2 * (2 * 4 * 1)
    backward = trunk * 2 + 2 * heads  # the trunk reads the data, so it needs no gradient of its input
    assert gradient_products_flops(network, 10) == 10 * (trunk + heads + backward) + 2 * 2**2 * (3 * 4 + 4)
