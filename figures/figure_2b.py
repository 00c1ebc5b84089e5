"""Figure 2b: the risk against γ = k/d, before the step, warm and cold, non-isotropic prior."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure
from scipy.optimize import brentq

from ttt_theory import PretrainedWeights, Setting, ZeroWeights, one_step_risk
from ttt_theory.linear.closed_form import limits

from .against_samples import (
    CONTEXT_LENGTH,
    DIM,
    Start,
    draw_risk_against_samples,
    rows_against_samples,
)
from .curves import Simulation
from .spiked_prior import (
    OURS,
    PARAMETERS,
    asymptotic_risk_after,
    bias_and_variance,
    spiked_setting,
)
from .table import Table


def data(simulation: Simulation) -> Table:
    """Compute the curves."""
    bias, variance = bias_and_variance(_setting(1, PretrainedWeights()))
    rows = rows_against_samples(
        simulation,
        _setting,
        limits.aligned_risk_before(bias, variance),
        lambda k: asymptotic_risk_after(_setting(k, PretrainedWeights())),
    )
    parameters = {
        "figure": "2b: risk before and after one step against x = test_samples / dim",
        "source": "[G25] Figure 2b: Sigma_x = I, Sigma_beta not isotropic",
        "ours": "dim, context_length, task_covariance, task",
        **PARAMETERS,
        "asymptotic": "[G25], Theorem 5.3; threshold: Corollary 5.4",
        "exact_threshold": exact_threshold(_setting) / DIM,
        "asymptotic_threshold": limits.aligned_threshold(1.0, bias, variance),
    }
    return Table(parameters | simulation.parameters, rows)


def exact_threshold(setting: Callable[[int, Start], Setting]) -> float:
    """Return the real k beyond which the cold start wins.

    The improvement is k/(pk + q) (theory.md, section 2, fact 3), so two values give it for every k.
    """
    few, many = 1, 1000

    def risk_after(start: Start) -> Callable[[float], float]:
        risks = [one_step_risk(setting(k, start)) for k in (few, many)]
        inverse_few, inverse_many = (1.0 / risk.improvement for risk in risks)
        q = (inverse_few - inverse_many) / (1.0 / few - 1.0 / many)
        p = inverse_few - q / few
        return lambda k: risks[0].risk_before - 1.0 / (p + q / k)

    warm, cold = risk_after(PretrainedWeights()), risk_after(ZeroWeights())
    return float(brentq(lambda k: warm(k) - cold(k), few, many * DIM))


def _setting(test_samples: int, start: Start) -> Setting:
    return spiked_setting(DIM, CONTEXT_LENGTH, test_samples, start)


def draw(table: Table, figure: Figure) -> None:
    """Draw the table."""
    draw_risk_against_samples(
        table,
        figure,
        r"Figure 2b: warm against cold start, $\Sigma_x=I$, spiked $\Sigma_\beta$",
        rf"$d={DIM}$, $n={CONTEXT_LENGTH}$, {OURS}",
    )
