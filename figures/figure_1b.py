"""Figure 1b: the risk against γ = k/d, before the step, warm and cold start, isotropic."""

from __future__ import annotations

from matplotlib.figure import Figure

from ttt_theory import Isotropic, Setting
from ttt_theory.linear.closed_form import finite_size, limits

from .against_samples import (
    CONTEXT_LENGTH,
    DIM,
    Start,
    draw_risk_against_samples,
    rows_against_samples,
)
from .curves import Simulation, unit_ones
from .table import Table

_ALPHA = CONTEXT_LENGTH / DIM


def data(simulation: Simulation) -> Table:
    """Compute the curves."""
    rows = rows_against_samples(
        simulation,
        _setting,
        limits.warm_risk_before(float(CONTEXT_LENGTH), float(DIM), 1.0),
        lambda k: limits.warm_risk_after(_ALPHA, k / DIM, 1.0),
    )
    parameters = {
        "figure": "1b: risk before and after one step against x = test_samples / dim",
        "source": "[G25] Figure 1b: Sigma_x = Sigma_beta = I, beta = all ones",
        "ours": "dim, context_length, |beta| = 1",
        "feature_covariance": "isotropic",
        "task_covariance": "isotropic",
        "task": "ones, norm 1",
        "noise_variance": 0.0,
        "asymptotic": "[G25], Theorem 4.2; threshold: Corollary 4.6",
        "exact_threshold": finite_size.cold_start_samples(float(CONTEXT_LENGTH), float(DIM)) / DIM,
        "asymptotic_threshold": limits.cold_start_threshold(_ALPHA),
    }
    return Table(parameters | simulation.parameters, rows)


def _setting(test_samples: int, start: Start) -> Setting:
    return Setting(
        context_length=CONTEXT_LENGTH,
        test_samples=test_samples,
        feature_covariance=Isotropic(DIM),
        task_covariance=Isotropic(DIM),
        task=unit_ones(DIM),
        initialization=start,
    )


def draw(table: Table, figure: Figure) -> None:
    """Draw the table."""
    draw_risk_against_samples(
        table,
        figure,
        r"Figure 1b: warm against cold start, $\Sigma_x=\Sigma_\beta=I$, $\beta\propto\mathbf{1}$",
        rf"$d={DIM}$, $n={CONTEXT_LENGTH}$ ($\alpha={_ALPHA:g}$), norm of $\beta$",
    )
