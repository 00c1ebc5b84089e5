"""Figure 1a: the risk after test-time training against α = n/d, isotropic."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from scipy import optimize

from ttt_theory import Isotropic, Setting
from ttt_theory.linear.closed_form import finite_size, limits

from .against_context import CONTEXTS, DIMS, GAMMAS, draw_risk_against_context
from .curves import Point, Simulation, unit_ones
from .table import Table


def data(simulation: Simulation) -> Table:
    """Compute the curves."""
    points = [
        Point(
            f"gamma = {gamma:g}",
            n / dim,
            Setting(
                context_length=n,
                test_samples=round(gamma * dim),
                feature_covariance=Isotropic(dim),
                task_covariance=Isotropic(dim),
                task=unit_ones(dim),
            ),
            limits.warm_risk_after(n / dim, gamma, 1.0),
            simulated,
        )
        for dim in DIMS
        for gamma in GAMMAS
        for n, simulated in CONTEXTS[dim]
    ]
    parameters = {
        "figure": "1a: risk after one step against x = context_length / dim",
        "source": "[G25] Figure 1a: Sigma_x = Sigma_beta = I, beta = all ones",
        "ours": "dim, gamma, |beta| = 1",
        "gamma": GAMMAS,
        "feature_covariance": "isotropic",
        "task_covariance": "isotropic",
        "task": "ones, norm 1",
        "noise_variance": 0.0,
        "asymptotic": "risk after the step of [G25], Theorem 4.2",
        "asymptotic_turning_points": {
            f"gamma = {gamma:g}": limits.turning_point(gamma)
            for gamma in GAMMAS
            if limits.turning_point(gamma) > 0.0
        },
    } | {
        f"exact_turning_points_{dim}": {
            f"gamma = {gamma:g}": peak
            for gamma in GAMMAS
            if (peak := exact_turning_point(gamma, dim)) is not None
        }
        for dim in DIMS
    }
    return Table(parameters | simulation.parameters, simulation.rows(points))


def exact_turning_point(gamma: float, dim: int) -> float | None:
    """Return the α where the exact risk has its maximum, None if it only ever falls."""

    def slope(alpha: float) -> float:
        return finite_size.warm_risk_slope(alpha * dim, gamma * dim, float(dim))

    grid = np.geomspace(1e-3, 10.0, 2000)
    signs = np.sign([slope(alpha) for alpha in grid])
    falls_from = np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0))
    if not falls_from.size:
        return None
    return optimize.brentq(slope, grid[falls_from[-1]], grid[falls_from[-1] + 1])


def draw(table: Table, figure: Figure) -> None:
    """Draw the table."""
    draw_risk_against_context(
        table,
        figure,
        r"Figure 1a: risk after one step, $\Sigma_x=\Sigma_\beta=I$, $\beta\propto\mathbf{1}$",
        r"$d$, $\gamma$, norm of $\beta$",
    )
