"""Optimal transport: identities, both forms, and what padding and time do."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from rewards.ot import Transport, cosine_cost, masses, match, plan, temporal, value


def videos(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def walk(count, frames, width, seed=0):
    """Smooth videos, as real ones are."""
    return videos(count, frames, width, seed=seed).cumsum(1) + 3 * videos(count, 1, width, seed=seed + 1)


def even(n, *shape):
    return torch.full((*shape, n), 1.0 / n)


@pytest.mark.parametrize("form", ["scaling", "log"])
def test_marginals_are_kept(form):
    cost = cosine_cost(walk(6, 30, 8), walk(6, 20, 8, seed=5))
    found = plan(cost, even(30, 6), even(20, 6), 0.1, 60, form)
    torch.testing.assert_close(found.sum(2), even(30, 6), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.sum(1), even(20, 6), atol=1e-4, rtol=0)


def test_both_forms_are_equal():
    cost = cosine_cost(walk(4, 25, 8), walk(4, 25, 8, seed=9))
    for eps in (1.0, 0.2, 0.05):
        one, other = (plan(cost, even(25, 4), even(25, 4), eps, 100, form) for form in ("scaling", "log"))
        torch.testing.assert_close(one, other, atol=2e-6, rtol=1e-3)


def test_with_little_regularisation_it_is_the_best_assignment():
    cost = cosine_cost(videos(3, 12, 6), videos(3, 12, 6, seed=4))
    found = plan(cost, even(12, 3), even(12, 3), 2e-3, 4000)
    for each, c in zip(found, cost, strict=True):
        rows, columns = linear_sum_assignment(c.numpy())
        exact = c.numpy()[rows, columns].mean()
        assert float((each * c).sum()) == pytest.approx(exact, abs=0.01)
        assert (each.argmax(1).numpy() == columns).mean() > 0.8


def test_the_plan_is_that_of_pot():
    ot = pytest.importorskip("ot")
    cost = cosine_cost(walk(3, 20, 5), walk(3, 15, 5, seed=2)).double()
    found = plan(cost.float(), even(20, 3), even(15, 3), 0.1, 300)
    for mine, c in zip(found, cost.numpy(), strict=True):
        theirs = ot.sinkhorn(np.full(20, 1 / 20), np.full(15, 1 / 15), c, 0.1, numItermax=5000, stopThr=1e-12)
        np.testing.assert_allclose(mine.numpy(), theirs, atol=1e-5)


def test_the_gradient_of_the_value_is_the_plan():
    cost = cosine_cost(walk(1, 9, 4), walk(1, 7, 4, seed=3)).double()[0]
    a, b = even(9).double(), even(7).double()
    moved = cost.clone().requires_grad_()
    value(moved, a, b, 0.2, 500).backward()
    found = plan(cost, a, b, 0.2, 500)
    torch.testing.assert_close(moved.grad, found)
    step = torch.zeros_like(cost)
    step[4, 3] = 1e-4
    slope = (value(cost + step, a, b, 0.2, 500) - value(cost - step, a, b, 0.2, 500)) / 2e-4
    assert float(slope) == pytest.approx(float(found[4, 3]), rel=1e-4)


@pytest.mark.parametrize("how", [Transport(eps=0.1), Transport(eps=0.1, prior=1.0, debias=True), Transport(eps=0.01)])
def test_padding_changes_nothing(how):
    x, y = walk(2, 14, 5), walk(2, 10, 5, seed=8)
    alone = match(x, y, how)
    wide_x = torch.cat([x, videos(2, 6, 5, seed=1) * 9], dim=1)
    wide_y = torch.cat([y, videos(2, 3, 5, seed=2) * 9], dim=1)
    x_mask, y_mask = torch.arange(20) < 14, torch.arange(13) < 10
    padded = match(wide_x, wide_y, how, x_mask.expand(2, -1), y_mask.expand(2, -1))
    torch.testing.assert_close(padded.distance, alone.distance, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(padded.paid()[:, :14], alone.paid(), atol=1e-5, rtol=1e-4)
    assert float(padded.plan[:, 14:].abs().max()) == 0.0


def test_time_reversal_matters_only_with_the_prior():
    x = walk(3, 20, 6)
    blind, ordered = Transport(eps=0.05), Transport(eps=0.05, prior=1.0)
    torch.testing.assert_close(match(x, x, blind).distance, match(x, x.flip(1), blind).distance, atol=1e-5, rtol=1e-4)
    assert (match(x, x.flip(1), ordered).distance > match(x, x, ordered).distance + 0.02).all()


def test_what_frames_pay_adds_up_to_the_distance():
    found = match(walk(4, 18, 5), walk(4, 11, 5, seed=6), Transport(eps=0.1))
    torch.testing.assert_close(found.paid().mean(1), found.distance, atol=1e-6, rtol=1e-5)


def test_debiased_a_video_costs_nothing_to_itself():
    x = walk(3, 20, 6)
    assert float(match(x, x, Transport(eps=0.5)).distance.min()) > 0.01
    assert float(match(x, x, Transport(eps=0.5, debias=True)).distance.abs().max()) < 1e-5


def test_at_eps_1_the_plan_is_all_but_uniform_and_at_a_tenth_it_is_not():
    x, y = walk(5, 45, 32), walk(5, 45, 32, seed=3)

    def entropy(eps):
        p = match(x, y, Transport(eps=eps)).plan
        return float(-(p * p.clamp_min(1e-30).log()).sum((1, 2)).mean() / (2 * np.log(45)))

    assert entropy(1.0) > 0.99
    assert entropy(0.1) < entropy(1.0) - 0.005


def test_shares_are_of_the_frames_that_are():
    mask = torch.tensor([[True, True, True, False, False]])
    torch.testing.assert_close(
        temporal(mask, mask)[0, :3, :3], (torch.tensor([[0, 0.5, 1.0]]) - torch.tensor([[0], [0.5], [1]])) ** 2
    )
    torch.testing.assert_close(masses(mask), torch.tensor([[1 / 3, 1 / 3, 1 / 3, 0, 0]]))


@pytest.mark.parametrize(("settings", "told"), [
    ({"eps": 0.0}, "eps is 0.0"), ({"eps": float("nan")}, "eps is nan"), ({"iterations": -1}, "must not be negative"),
    ({"eps": 0.001, "form": "scaling"}, "too small for the scaling form"),
])  # fmt: skip
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        Transport(**settings)
