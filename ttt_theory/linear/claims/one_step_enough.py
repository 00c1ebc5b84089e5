"""How much of what any method gains from the same samples one step has."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from ttt_theory.claims.claim import Claim, Published
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.error_order import decay
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, agreement
from ttt_theory.linear.claims.averages import context_average
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import filters, isotropic, isotropic_steps, pretraining
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.filter_bound import filter_bound
from ttt_theory.linear.exact.isotropic_numbers import IsotropicNumbers
from ttt_theory.linear.exact.proportional import proportional_limit
from ttt_theory.linear.exact.wishart import mean_eigenvalue_power, trace_coefficients
from ttt_theory.linear.witnesses import marchenko_pastur

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

_N, _K, _D = 20, 40, 40


def _one_step_in_the_limit(_: Effort) -> list[Evidence]:
    alpha, gamma, d, noise, omega = indeterminates("alpha gamma d sigma2 omega")
    n, k = alpha * d, gamma * d
    warm_weight = pretraining.isotropic_weight(n, d, 0)
    evidence = [
        limit("warm start: nw tends to ω", n * warm_weight, filters.warm_weight(alpha), variable=d),
        identity("and 1 − ω is r", 1 - filters.warm_weight(alpha), filters.warm_bias(alpha)),
    ]
    starts = {
        "W = (ω/n)I": (omega / n, omega, 1 - omega),
        "warm start": (
            warm_weight,
            filters.warm_weight(alpha),
            filters.warm_bias(alpha),
        ),
    }
    for name, (weight, limit_weight, bias) in starts.items():
        error = filters.error_square(alpha, noise, limit_weight, bias)
        linear = isotropic.linear(n, k, d, 1, noise, weight)
        quadratic = isotropic.quadratic(n, k, d, 1, noise, weight)
        evidence += [
            limit(
                f"{name}: the exact risk before the step tends to ε + σ²",
                isotropic.constant(n, d, 1, noise, weight),
                error + noise,
                variable=d,
            ),
            limit(
                f"{name}: one optimal step gains (r⁴/ε)·γ/(1+γ+λ), λ = σ²/ε",
                linear**2 / (4 * quadratic),
                filters.gain_scale(bias**2, error)
                * filters.one_step_fraction(gamma, noise / error),
                variable=d,
            ),
        ]
    return evidence


def _polynomials_in_the_limit(_: Effort) -> list[Evidence]:
    gamma, relative = indeterminates("gamma lambda")
    evidence, fraction = [], gamma.field(0)
    for t in range(1, 4):
        fraction = filters.convergent(gamma, relative, fraction)
        moments = [_limit_moment(power, gamma) for power in range(1, 2 * t + 1)]
        linear = [moments[m] for m in range(t)]
        quadratic = [
            [moments[m + other + 1] + relative * moments[m + other] for other in range(t)]
            for m in range(t)
        ]
        best = _solution(quadratic, linear)
        evidence.append(
            identity(
                f"the best polynomial of degree {t} for the limits of the exact E tr S^m gains the "
                "convergent",
                sum(one * other for one, other in zip(best, linear, strict=True)),
                fraction,
            )
        )
    return evidence


def _limit_moment(power: int, gamma: Any) -> Any:
    """Return the limit of E tr S^m / d^(m+1)."""
    rows = trace_coefficients(power)
    return sum(rows[a][power - 1 - a] * gamma ** (a + 1) for a in range(power))


def _solution(matrix: list[list[Any]], right: list[Any]) -> list[Any]:
    """Solve a linear system with a positive definite matrix, over any field."""
    table = [[*row, each] for row, each in zip(matrix, right, strict=True)]
    size = len(table)
    for i in range(size):
        for below in [*table[:i], *table[i + 1 :]]:
            factor = below[i] / table[i][i]
            for column in range(i, size + 1):
                below[column] = below[column] - factor * table[i][column]
    return [table[i][size] / table[i][i] for i in range(size)]


def _every_degree(_: Effort) -> list[Evidence]:
    g, y, power, excess = indeterminates("g y Y x")
    gamma, relative, root = _rational_point(g, y)
    half = 1 / g.field(2)
    above = filters.one_step_share(*_rational_point(g, 1 + excess))

    def fraction(power: Any) -> Any:
        return g * (power - 1 / power) / (power * y - 1 / (power * y))

    share = filters.one_step_share(gamma, relative, root)
    return [
        identity(
            "the convergents are G_t = √γ sinh(tθ)/sinh((t+1)θ)",
            filters.convergent(gamma, relative, fraction(power)),
            fraction(power * y),
        ),
        identity("4γ sinh²θ is (1+γ+λ)² − 4γ", filters.discriminant(gamma, relative), root**2),
        identity(
            "their limit √γ·exp(−θ) is the best filter's fraction",
            filters.filter_fraction(gamma, relative, root),
            g / y,
        ),
        identity(
            "the share of one step is its fraction over the best filter's",
            share,
            filters.one_step_fraction(gamma, relative)
            / filters.filter_fraction(gamma, relative, root),
        ),
        positive("the share is above 1/2 where y > 1, that is but at λ = 0, γ = 1", above - half),
    ]


def _rational_point(g: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return γ, λ and the discriminant's root where γ = g² and 1 + γ + λ = g(y + 1/y), y ≥ 1."""
    return g**2, g * (y + 1 / y) - 1 - g**2, g * (y - 1 / y)


def _on_the_law(_: Effort) -> list[Evidence]:
    points = [
        (gamma, relative) for gamma in (0.2, 0.7, 1.0, 1.6, 5.0) for relative in (0.0, 0.3, 4.0)
    ]
    errors, degrees = [], []
    for gamma, relative in points:
        root = math.sqrt(filters.discriminant(gamma, relative))
        expected = marchenko_pastur.filter_fraction(gamma, relative)
        errors.append(filters.filter_fraction(gamma, relative, root) / expected - 1.0)
        fraction = 0.0
        for t in range(1, 7):
            fraction = filters.convergent(gamma, relative, fraction)
            expected = marchenko_pastur.polynomial_fraction(gamma, relative, t)
            degrees.append(fraction / expected - 1.0)
    return [
        agreement(
            EvidenceKind.EXACT_VALUE,
            "quadrature of the Marchenko-Pastur law has the best filter's fraction",
            errors,
            points=len(errors),
        ),
        agreement(
            EvidenceKind.EXACT_VALUE,
            "and the best polynomials' of degrees 1 to 6",
            degrees,
            points=len(degrees),
        ),
        agreement(
            EvidenceKind.EXACT_VALUE,
            "and what is gained at convergence",
            [
                _convergence_error(*each)
                for each in ((0.6, 0.4, 0.0), (1.7, 2.5, 0.3), (3.0, 0.2, 2.0))
            ],
        ),
    ]


def _convergence_error(alpha: float, gamma: float, noise: float) -> float:
    """Compare the gain of h = 1 with its mean over the law; h = 1 on what the samples span."""
    kept, weight = 1.0 / (1.0 + alpha), alpha / (1.0 + alpha)
    error = filters.error_square(alpha, noise, weight, kept)
    # u has the square n² + nd(1 + σ²), of which its part along β is n².
    ratio = 1.0 / (1.0 + (1.0 + noise) / alpha)
    x, weights = marchenko_pastur.rule(gamma)
    positive_part = x > 0.0
    x, weights = x[positive_part], weights[positive_part]
    rank, inverse = np.sum(weights), np.sum(weights / x)
    expected = 2.0 * ratio * kept**2 * rank - ratio**2 * (error * rank + noise * inverse)
    gain = filters.converged_gain(
        min(gamma, 1.0),
        filters.attenuation(alpha, noise),
        kept**2,
        error,
        noise,
        abs(gamma - 1.0),
    )
    return float(gain / expected - 1.0)


def _convergence(_: Effort) -> list[Evidence]:
    alpha, rank, gap, excess = indeterminates("alpha rank gap x")

    def gain(ratio: Any) -> Any:
        bias, weight = filters.warm_bias(ratio), filters.warm_weight(ratio)
        error = filters.error_square(ratio, 0, weight, bias)
        attenuation = filters.attenuation(ratio, 0)
        return (
            filters.converged_gain(rank, attenuation, bias**2, error, 0, gap),
            rank * filters.gain_scale(bias**2, error),
        )

    converged, bound = gain(alpha)
    harmful, _ = gain(2 + excess)
    return [
        identity(
            "warm start, no noise: convergence gains the share α(2 − α) of the filter bound",
            converged,
            alpha * (2 - alpha) * bound,
        ),
        positive("and so does harm for α > 2", -harmful),
    ]


def _at_finite_size(_: Effort) -> list[Evidence]:
    n, k, d, w, length, across, gamma, size = indeterminates("n k d w T p gamma s")
    rank = w  # Any number.
    first, second = (mean_eigenvalue_power(power, k, d) for power in (1, 2))
    # Without noise, u is T along β and √T g across it, T ~ χ²_n and ‖g‖² = p ~ χ²_(d−1).
    along, beside = length, length * across
    error = filters.prompt_error(w, along, beside)
    direction = filters.prompt_direction(n, w, along, beside)
    rate = 1 - (n + 2) * w
    gradient = isotropic_steps.gradient_form(n, 1, w, rate, beside, along * (1 - w * along))
    overlap = isotropic_steps.context_form(n, 1, 1, along**2, beside)
    spectral = k / (k + d + 1)
    return [
        identity(
            "a step for each prompt has d·k/[min(k,d)(k+d+1)], which is max(k,d)/(k+d+1), of what "
            "the best filter for each prompt gains: (E tr S)²/[d E tr S²] over min(k,d)/d",
            filters.step_share(k, d, rank),
            first**2 / second / (rank / d),
        ),
        limit(
            "for k < d that tends to the share 1/(1+γ) of the limit",
            filters.step_share(gamma * size, size, gamma * size),
            filters.one_step_share(gamma, 0, 1 - gamma),
            variable=size,
        ),
        limit(
            "and for k > d to γ/(1+γ)",
            filters.step_share(gamma * size, size, size),
            filters.one_step_share(gamma, 0, gamma - 1),
            variable=size,
        ),
        identity(
            "one step for all prompts: c1 is 4k E uᵀPe",
            isotropic.linear(n, k, d, 1, 0, w),
            4 * k * context_average(gradient, n, d, length, across),
        ),
        identity(
            "and c2 is 4k(k+d+1) E[uᵀMu‖e‖²], so that by Cauchy and Schwarz it gains no more than "
            "k/(k+d+1)·E[(uᵀPe)²/(uᵀMu‖e‖²)], what steps for each prompt do",
            isotropic.quadratic(n, k, d, 1, 0, w),
            4 * k**2 / spectral * context_average(overlap * error, n, d, length, across),
        ),
        identity(
            "a method that adapts to labels gains min(k,d)/d·‖Pᵀu‖²/uᵀMu at most, and a filter "
            "less: ‖Pᵀu‖²‖e‖² − (uᵀPe)² is a square",
            direction * error - gradient**2,
            beside * (w * n * (1 - w * along - rate * along)) ** 2,
        ),
    ]


def _deterministic_step(_: Effort) -> list[Evidence]:
    evidence = []
    for start in ("warm", "cold"):
        share = filters.step_share(Fraction(_K), Fraction(_D), min(_K, _D))
        bound = filter_bound(_N, _K, _D, start)
        evidence.append(
            Evidence(
                EvidenceKind.EXACT_VALUE,
                Verdict.CONFIRMED
                if 0.0 < bound.share < share == Fraction(40, 81)
                else Verdict.REFUTED,
                f"n, k, d = {_N}, {_K}, {_D}, {start} start: one step for all prompts has less "
                "than 40/81 of what the best filter gains",
                {"share": bound.share},
            )
        )
    dims = (50, 100, 200, 400, 800)
    for start, gamma in (("warm", 1), ("cold", 3)):
        published = proportional_limit(0.5, float(gamma), start).share
        errors = [
            abs(filter_bound(d // 2, gamma * d, d, start).share - float(published)) for d in dims
        ]
        evidence.append(
            decay(
                f"{start} start, α = 1/2, γ = {gamma}: its share tends to the limit", dims, errors
            )
        )
    return evidence


def _further_steps(_: Effort) -> list[Evidence]:
    """Show that further steps of the same size hurt, at a size and start that people use."""
    descent = IsotropicNumbers(
        _N, _K, _D, Fraction(1), Fraction(0), Fraction(1), Fraction(0), "fresh"
    ).descent(16)
    n, k, d = map(Fraction, (_N, _K, _D))
    step = isotropic.cold_step_size(n, k, d, 1, 0)
    after_one = isotropic.cold_risk_after(n, k, d, 1, 0)
    eta = sympy.Symbol("eta")
    exact = Descent(
        _rational(descent.constant),
        [_rational(each) for each in descent.linear],
        [[_rational(each) for each in row] for row in descent.quadratic],
    )
    excess = sympy.Poly(exact.risk([eta, eta]) - _rational(after_one), eta)
    risks = [descent.risk([step] * t) for t in (0, 1, 2, 4, 8, 16)]
    return [
        proof(
            f"n, k, d = {_N}, {_K}, {_D}, cold start: after two steps of any one size the risk is "
            "above that after one",
            excess.count_roots() == 0 and excess.LC() > 0,
            one=float(after_one),
        ),
        proof(
            "at the optimal step the risk after 2, 4, 8, 16 of them grows, exactly",
            risks[1] == after_one
            and risks[1] < risks[0] < risks[2]
            and all(10 * one < other for one, other in itertools.pairwise(risks[2:])),
            risks=[float(each) for each in risks],
        ),
    ]


def _rational(value: Fraction) -> Any:
    return sympy.Rational(value.numerator, value.denominator)


def _published_little(_: Effort) -> list[Evidence]:
    """Read "little" as at most a tenth of what the first step gains."""
    one = filters.one_step_share(Fraction(1), 0, 0)
    return [
        proof(
            "no noise, γ = 1, in the limit: all further steps gain at most a tenth of the first",
            10 * (1 - one) <= one,
            share=str(one),
        )
    ]


CLAIMS = (
    Claim(
        id="one-step-enough",
        title="What one step has of all that the same samples can give",
        source="[G25], on several steps; the bounds are ours",
        statement=(
            "In the limit one step has at least half of what any spectral filter of the same "
            "samples gains, ½[1 + √(1 − 4γ/(1+γ+λ)²)]. At finite size without noise a step for "
            "each prompt has exactly max(k,d)/(k+d+1), and one step for all prompts less."
        ),
        formulas=exactly(
            filters.warm_weight,
            filters.warm_bias,
            filters.error_square,
            filters.attenuation,
            filters.gain_scale,
            filters.one_step_fraction,
            filters.convergent,
            filters.discriminant,
            filters.filter_fraction,
            filters.one_step_share,
            filters.converged_gain,
            filters.step_share,
            filters.prompt_error,
            filters.prompt_direction,
        ),
        evidence=(
            _every_degree,
            _convergence,
            _polynomials_in_the_limit,
            _at_finite_size,
            _one_step_in_the_limit,
            _on_the_law,
            _deterministic_step,
            _further_steps,
        ),
        published=Published(
            sentence="Further steps on the same test samples gain little beyond the first.",
            reason=(
                "Transcribed by us; the paper's own wording was not at hand. In the limit without "
                "noise all further steps together gain min(1,γ)/max(1,γ) of what the first does: "
                "as much again at γ = 1, little only where γ or 1/γ is small. At finite size "
                "further steps of one size for all prompts can hurt."
            ),
            evidence=(_published_little,),
        ),
    ),
)
