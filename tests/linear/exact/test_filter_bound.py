"""The bound on filters against literal filters of drawn prompts, and its limit."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from tests import documented
from ttt_theory import InvalidSettingError, proportional_limit
from ttt_theory.linear.exact.filter_bound import filter_bound, share_grid


@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("k", [5, 17])
def test_methods_gain_what_the_bounds_say(k, start):
    """Draw prompts, apply each method with its best factor given u, and average what it gains."""
    n, d, prompts = 20, 12, 4000
    rng = np.random.default_rng([k, len(start)])
    task = np.zeros(d)
    task[:3] = 2.0 / 3.0, -1.0 / 3.0, 2.0 / 3.0
    weight = 1.0 / (n + d + 1) if start == "warm" else 0.0
    moment = n * (n + 1) * np.outer(task, task) + n * np.eye(d)
    slope = n * np.outer(task, task) - weight * moment  # P, symmetric here.
    gains = {"prompt_step": [], "filter_bound": [], "span_bound": []}
    for _ in range(prompts):
        context, samples = rng.standard_normal((n, d)), rng.standard_normal((k, d))
        u = context.T @ (context @ task)
        error, square = task - weight * u, u @ moment @ u
        aim, fit = slope @ u, np.linalg.pinv(samples) @ samples
        # The best factor for u, with S averaged: of S itself, and of what the samples span.
        first, second = k, k * (k + d + 1)
        step = (aim @ error) * first / (square * (error @ error) * second) * samples.T @ samples
        flat = (aim @ error) / (square * (error @ error)) * fit
        moves = {"prompt_step": step @ error, "filter_bound": flat @ error}
        moves["span_bound"] = fit @ aim / square
        for name, move in moves.items():
            gains[name].append(2.0 * aim @ move - square * move @ move)
    bound = filter_bound(n, k, d, start)
    for name, values in gains.items():
        scale = np.std(values) / np.sqrt(prompts)
        assert abs(np.mean(values) - getattr(bound, name)) < 4.0 * scale
        assert scale < 0.04 * bound.filter_bound


@pytest.mark.parametrize(("n", "k", "d"), [(1, 3, 10), (20, 40, 40), (300, 7, 25)])
def test_the_cold_bound_is_a_mean_over_one_beta_variable(n, k, d):
    def value(share):
        return n * share / ((n + 1) * share + 1) * stats.beta.pdf(share, n / 2, (d - 1) / 2)

    expected, _ = integrate.quad(value, 0.0, 1.0, epsabs=0.0, epsrel=1e-11, limit=500)
    bound = filter_bound(n, k, d, "cold")
    assert bound.filter_bound == pytest.approx(min(k, d) / d * expected, rel=1e-8)
    assert bound.span_bound == pytest.approx(bound.filter_bound, rel=1e-13)


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_the_order_of_the_bounds(start):
    for n, k, d in itertools.product((1, 8, 90), (1, 12, 300), (10, 12, 70)):
        bound = filter_bound(n, k, d, start)
        share = max(k, d) / (k + d + 1)
        assert bound.prompt_step == pytest.approx(share * bound.filter_bound, rel=1e-13)
        assert 0.0 < bound.one_step < bound.prompt_step < bound.filter_bound
        assert bound.filter_bound <= bound.span_bound * (1 + 1e-12)


def test_the_figures_of_the_text():
    warm, cold = filter_bound(20, 40, 40), filter_bound(20, 40, 40, "cold")
    assert warm.share == pytest.approx(0.43596, abs=1e-5)
    assert cold.share == pytest.approx(0.45574, abs=1e-5)
    assert warm.prompt_step / warm.filter_bound == pytest.approx(40 / 81, rel=1e-13)


def test_the_documented_shares():
    rows = documented.table("| start, α, γ | d = 40 |")
    assert len(rows) == 12
    for name, *shown in rows:
        start, alpha, gamma = name.split(", ")
        grid = share_grid([float(alpha)], [float(gamma)], [40, 160, 640], start)
        assert [f"{share:.3f}" for share in grid.ravel()] == shown


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_bounds_tend_to_their_limits(start):
    alpha, gamma = 0.5, 2.0
    limit = proportional_limit(alpha, gamma, start)
    span = 1.0 / (1.0 + alpha) ** 2 if start == "warm" else 1.0
    bounds = [filter_bound(50 * 2**i, 200 * 2**i, 100 * 2**i, start) for i in range(6)]
    for name, expected in (
        ("one_step", limit.one_step),
        ("filter_bound", limit.filter_bound),
        ("span_bound", span),
    ):
        values = [getattr(each, name) for each in bounds]
        for order in range(1, len(values)):
            values = [(2**order * b - a) / (2**order - 1) for a, b in itertools.pairwise(values)]
        assert values[0] == pytest.approx(expected, rel=1e-7)


def test_the_grid_is_the_shares_and_their_limit():
    grid = share_grid([0.25, 2.0], [0.5, 1.0, 3.0], [20, 100], "cold")
    assert grid.shape == (3, 2, 3)
    assert grid[1, 1, 2] == filter_bound(200, 300, 100, "cold").share
    assert grid[2, 0] == pytest.approx([1 / 1.5, 1 / 2, 3 / 4])
    assert np.all(np.diff(grid, axis=0) > 0.0)
    assert share_grid([0.001], [0.001], [20])[0, 0, 0] == filter_bound(1, 1, 20).share


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0, 5, 20), "context_length"),
        ((5, 1.5, 20), "test_samples"),
        ((5, 5, 9), "dim"),
        ((5, 5, 20, "hot"), "start"),
    ],
)
def test_invalid_arguments_are_named(arguments, field):
    with pytest.raises(InvalidSettingError) as raised:
        filter_bound(*arguments)
    assert raised.value.field == field
