"""Isotropic features, any prior: Theorem 5.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.claims.claim import Claim
from ttt_theory.covariance import Isotropic, PowerLaw
from ttt_theory.evidence.algebra import identity, indeterminates, limit
from ttt_theory.evidence.error_order import decay
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.priors import PRIORS
from ttt_theory.linear.claims.stating import to_leading_order
from ttt_theory.linear.closed_form import limits
from ttt_theory.linear.exact.assembly import bias_and_variance
from ttt_theory.linear.exact.fresh_context import risk_of
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.published_limits import published_limits
from ttt_theory.linear.exact.spectrum import Spectrum, SpectrumForms, curve
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import Setting

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

DIM, ALPHA, GAMMA = indeterminates("d alpha gamma")


def _published_forms(_: Effort) -> list[Evidence]:
    n, k, d, norm2, bias, variance = indeterminates("n k d beta2 A B")
    return [
        identity(
            "the compiled limit of the risk is A + B",
            limits.aligned_risk_before(bias, variance),
            bias + variance,
        ),
        identity(
            "the compiled limit of the improvement is k/(k+d)·A²/(A+B)",
            limits.aligned_improvement(k, d, bias, variance),
            k / (k + d) * bias**2 / (bias + variance),
        ),
        identity(
            "the compiled leading term of η* is A/[2(k+d)n²‖β‖²(A+B)]",
            limits.aligned_step_size(n, k, d, norm2, bias, variance),
            bias / (2 * (k + d) * n**2 * norm2 * (bias + variance)),
        ),
    ]


def _block_spectra(_: Effort) -> list[Evidence]:
    """Follow priors with blocks of equal eigenvalues to d → ∞."""
    evidence = []
    n, k, d = ALPHA * DIM, GAMMA * DIM, DIM
    for name, prior in PRIORS.items():
        spectrum = prior.at(d, n)
        exact = curve(spectrum, n, k)
        bias, variance = bias_and_variance(n, SpectrumForms(spectrum, n))
        task_square = spectrum.form([1] * len(spectrum.weights))
        evidence += [
            limit(
                f"{name}: risk → A+B",
                exact.constant,
                limits.aligned_risk_before(bias, variance),
                variable=DIM,
            ),
            limit(
                f"{name}: improvement → k/(k+d)·A²/(A+B)",
                exact.improvement,
                limits.aligned_improvement(k, d, bias, variance),
                variable=DIM,
            ),
            limit(
                f"{name}: η* → A/[2(k+d)n²‖β‖²(A+B)]",
                exact.step_size,
                limits.aligned_step_size(n, k, d, task_square, bias, variance),
                variable=DIM,
            ),
        ]
    return evidence


def _power_law_setting(dim: int, exponent: float) -> Setting:
    return Setting(
        context_length=dim // 2,
        test_samples=dim,
        feature_covariance=Isotropic(dim),
        task_covariance=PowerLaw(dim, exponent),
        task=np.full(dim, dim**-0.5),
    )


def _power_law(_: Effort) -> list[Evidence]:
    """Measure the order of the error for power-law priors, no rational functions of d."""
    dims = (250, 500, 1000, 2000)
    evidence = []
    for exponent in (0.5, 1.0, 2.0):
        errors: dict[str, list[float]] = {"risk_before": [], "improvement": [], "step_size": []}
        for dim in dims:
            problem = Problem.of(_power_law_setting(dim, exponent))
            start = starting_weights(problem)
            risk, asymptotic = risk_of(problem, start), published_limits(problem, start)
            for quantity, values in errors.items():
                values.append(abs(getattr(risk, quantity) / asymptotic[quantity] - 1.0))
        evidence += [
            decay(
                f"prior i^-{exponent}: the relative error of the limit of {each} is O(1/d)",
                dims,
                values,
            )
            for each, values in errors.items()
        ]
    return evidence


def _outside(_: Effort) -> list[Evidence]:
    """Show what the theorem needs: a prior so strong that A vanishes leaves its limit."""
    n, k, d = ALPHA * DIM, GAMMA * DIM, DIM
    spectrum = Spectrum.pretrained([d * 0 + 1, d - 1], [d**2, d * 0 + 1], [d * 0 + 1, d * 0], n)
    bias, variance = bias_and_variance(n, SpectrumForms(spectrum, n))
    return [
        limit(
            "ours: with one eigenvalue d² and the task along it A → 0, and the risk tends to "
            "2(A+B) instead",
            curve(spectrum, n, k).constant,
            2 * limits.aligned_risk_before(bias, variance),
            variable=DIM,
        )
    ]


CLAIMS = (
    Claim(
        id="thm-5.3",
        title="One step with a non-isotropic prior",
        source="[G25], Theorem 5.3",
        statement=(
            "Σ_x = I: with A = βᵀ(I−nW*)²β and B = n‖β‖²tr(W*²), risk → A+B, improvement → "
            "k/(k+d)·A²/(A+B), η* → A/[2(k+d)n²‖β‖²(A+B)]; for priors that leave A bounded away "
            "from 0 and ‖W*‖ = O(1/d)."
        ),
        formulas=to_leading_order(
            limits.aligned_risk_before, limits.aligned_step_size, limits.aligned_improvement
        ),
        evidence=(_published_forms, _block_spectra, _power_law, _outside),
    ),
)
