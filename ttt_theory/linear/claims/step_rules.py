"""Steps divided by what a prompt shows, and the best start."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ttt_theory.claims.claim import Claim
from ttt_theory.covariance import Dense, Isotropic
from ttt_theory.evidence.algebra import identity, indeterminates, positive, proof
from ttt_theory.evidence.quadrature import gaussian_rule
from ttt_theory.evidence.record import Evidence, EvidenceKind, agreement
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import isotropic, normalized, pretraining
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.tilted_law import Spectrum, label_scaled_moments, normalized_moments
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.simulation.literal import risk_coefficients
from ttt_theory.linear.witnesses.two_integrals import normalized_averages

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

_SIZES = ((16, 3, 15, 1.5, 0.7), (9, 5, 4, 0.6, 1.0), (12, 2, 7, 2.0, -0.4))
"""n, k, d, ‖β‖² and the multiple of the pretrained weight."""
_NOISE = 0.75


def _averaged(_: Effort) -> list[Evidence]:
    """Average c1 and c2 over the law of the context vector, u = tβ + ….

    Trapezoidal rules in the logarithms of t ~ χ²_n and r ~ χ²_(d−1), which fall off at both ends,
    and Gauss-Hermite in the part of u along β that noise makes.
    """
    by_square, by_labels = [], []
    for n, k, d, square, factor in _SIZES:
        t, t_weights = _chi_squared_rule(n)
        r, r_weights = _chi_squared_rule(d - 1)
        for noise in (0.0, _NOISE):
            label = square + noise
            weight = factor / (n + d + 1 + noise)
            nodes, node_weights = special.roots_hermitenorm(8)
            normal = nodes[:, None, None]
            weights = (node_weights / node_weights.sum())[:, None, None] * t_weights[:, None]
            weights = weights * r_weights
            along = t[:, None] * square + np.sqrt(t[:, None] * noise * square) * normal
            u_square = along**2 / square + t[:, None] * label * r
            error = square - 2.0 * weight * along + weight**2 * u_square
            spread = n * (n + 1) * along**2 + n * label * u_square
            gradient = (n - weight * n * (n + 1)) * along * (square - weight * along)
            gradient = gradient - weight * n * label * (along - weight * u_square)
            second = ((k + d + 1) * error + d * noise) * spread
            by_labels += [
                normalized.label_scaled_linear(n, k, d, square, noise, weight)
                / (4.0 * k * np.sum(weights * gradient / (t[:, None] * label)))
                - 1.0,
                normalized.label_scaled_quadratic(n, k, d, square, noise, weight)
                / (4.0 * k * np.sum(weights * second / (t[:, None] * label) ** 2))
                - 1.0,
            ]
            if noise == 0.0:
                by_square += [
                    normalized.isotropic_linear(n, k, d, square, weight)
                    / (4.0 * k * np.sum(weights * gradient / u_square))
                    - 1.0,
                    normalized.isotropic_quadratic(n, k, d, square, weight)
                    / (4.0 * k * np.sum(weights * second / u_square**2))
                    - 1.0,
                ]
    return [
        agreement(
            EvidenceKind.EXACT_VALUE,
            "c1 and c2 of a step divided by ‖u‖², without noise, averaged over the law of u",
            by_square,
            points=len(by_square),
        ),
        agreement(
            EvidenceKind.EXACT_VALUE,
            "c1 and c2 of a step divided by Σy², averaged over the law of u and its labels",
            by_labels,
            points=len(by_labels),
        ),
    ]


def _by_the_general_route(_: Effort) -> list[Evidence]:
    """Put the general route, given W entry by entry, beside the rational forms at Σ_x = I."""
    by_square: list[float] = []
    by_labels: list[float] = []
    for n, k, d, square, factor in _SIZES:
        task = np.full(d, (square / d) ** 0.5)
        for noise, found in ((0.0, by_square), (_NOISE, by_labels)):
            weight = factor / (n + d + 1 + noise)
            setting = Setting(
                n, k, Isotropic(d), Isotropic(d), task, noise, DenseWeights(weight * np.eye(d))
            )
            problem = Problem.of(setting)
            spectrum = Spectrum.of(problem, starting_weights(problem))
            if noise:
                moments = label_scaled_moments(problem, spectrum)
                stated = (
                    normalized.label_scaled_linear(n, k, d, square, noise, weight),
                    normalized.label_scaled_quadratic(n, k, d, square, noise, weight),
                )
            else:
                moments = normalized_moments(problem, spectrum, 0.0)
                stated = (
                    normalized.isotropic_linear(n, k, d, square, weight),
                    normalized.isotropic_quadratic(n, k, d, square, weight),
                )
            # The unit of labels is a power of two; that of the features is one.
            computed = np.ldexp(moments, problem.label_exponent)
            found += (computed / stated - 1.0).tolist()
    return [
        agreement(
            EvidenceKind.EXACT_VALUE,
            "Σ_x = I: the integral over a tilted law is c1 and c2 of a step divided by ‖u‖²",
            by_square,
            points=len(by_square),
        ),
        agreement(
            EvidenceKind.EXACT_VALUE,
            "and its integrand at 0 those of a step divided by Σy², with noise",
            by_labels,
            points=len(by_labels),
        ),
    ]


def _any_covariance(_: Effort) -> list[Evidence]:
    """Compare what the package returns with sums over t and θ; Σ_x and W do not commute."""
    root = np.array([[1.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-0.3, 0.2, 0.8]])
    covariance = Dense(root @ root.T)
    weights = np.array([[0.05, 0.02, 0.0], [-0.01, 0.06, 0.03], [0.0, 0.02, 0.04]])
    errors: list[float] = []
    for n, k, noise in ((9, 3, _NOISE), (12, 2, 0.0)):
        setting = Setting(
            n,
            k,
            covariance,
            covariance,
            np.array([1.0, -2.0, 0.5]),
            noise,
            DenseWeights(weights),
            step_rule="normalized",
        )
        risk, expected = one_step_risk(setting), normalized_averages(setting, weights)
        errors += (np.array([risk.linear, risk.quadratic]) / expected - 1.0).tolist()
    return [
        agreement(
            EvidenceKind.EXACT_VALUE,
            "Σ_x and W that do not commute, with noise and without: c1 and c2 of a step divided by "
            "‖u‖² are two integrals over the law of u",
            errors,
            points=len(errors),
        )
    ]


def _on_the_same_context(_: Effort) -> list[Evidence]:
    """Average the simulator over nodes: on the same context the step is a polynomial in the data.

    The nodes of the context are even in number, as there is no step at x = 0 itself.
    """
    root = np.array([[1.0, 0.0], [0.5, 1.5]])
    weights = np.array([[0.3, -0.1], [0.2, 0.1]])
    task, noise = np.array([1.0, -0.5]), 0.6
    counts, groups, start = (1, 2, 1), [], 0
    nodes = [each for each, count in zip((4, 3, 2), counts, strict=True) for _ in range(3 * count)]
    points, masses = gaussian_rule(nodes)
    for count in counts:
        drawn = points[:, start : start + 3 * count].reshape(-1, count, 3)
        features = drawn[..., :2] @ root.T
        groups.append((features, features @ task + noise**0.5 * drawn[..., 2]))
        start += 3 * count
    context, test, query = groups
    constant, linear, quadratic = masses @ risk_coefficients(
        weights, context, test, context, query, step_rule="normalized"
    )
    covariance = Dense(root @ root.T)
    risk = one_step_risk(
        Setting(
            1,
            2,
            covariance,
            covariance,
            task,
            noise,
            DenseWeights(weights),
            evaluation="same",
            step_rule="normalized",
        )
    )
    errors = [
        risk.constant / constant - 1.0,
        risk.linear / linear - 1.0,
        risk.quadratic / quadratic - 1.0,
        risk.risk_after / (constant - linear**2 / (4.0 * quadratic)) - 1.0,
    ]
    return [
        agreement(
            EvidenceKind.EXACT_AVERAGE,
            "on the same context, with Σ_x and W that do not commute, a step divided by ‖u‖² "
            "leaves what the literal simulator does, averaged over nodes",
            errors,
        )
    ]


def _chi_squared_rule(degrees: int) -> tuple[Any, Any]:
    logs = np.arange(-30.0, 6.5, 0.125)
    points = np.exp(logs)
    density = 0.5 * degrees * (logs - np.log(2.0)) - 0.5 * points - special.gammaln(0.5 * degrees)
    return points, 0.125 * np.exp(density)


def _gain(linear: Any, quadratic: Any) -> Any:
    return linear**2 / (4 * quadratic)


def _against_the_oracle(_: Effort) -> list[Evidence]:
    n, k, d, square, other, weight = indeterminates("n k d m M w")
    sizes = n, k, d
    plain = _gain(isotropic.linear(*sizes, 1, 0, 0), isotropic.quadratic(*sizes, 1, 0, 0))
    by_square = _gain(
        normalized.isotropic_linear(*sizes, 1, 0), normalized.isotropic_quadratic(*sizes, 1, 0)
    )
    by_labels = _gain(
        normalized.label_scaled_linear(*sizes, 1, 0, 0),
        normalized.label_scaled_quadratic(*sizes, 1, 0, 0),
    )

    def steps(task_square: Any) -> tuple[Any, Any]:
        linear = normalized.isotropic_linear(*sizes, task_square, weight)
        scaled = normalized.label_scaled_linear(*sizes, task_square, 0, weight)
        return (
            linear / normalized.isotropic_quadratic(*sizes, task_square, weight),
            scaled / normalized.label_scaled_quadratic(*sizes, task_square, 0, weight),
        )

    one, two = steps(square), steps(other)
    return [
        identity("without noise the best constant over ‖u‖² is free of the task", one[0], two[0]),
        identity("and so is the one over Σy²", one[1], two[1]),
        identity(
            "cold: over Σy² it gains (n−2)(n²+4n+d+3)/[n(n²+d−5)] of the deterministic optimum",
            by_labels / plain,
            (n - 2) * (n**2 + 4 * n + d + 3) / (n * (n**2 + d - 5)),
        ),
        identity(
            "which is more than that exactly where n² > d + 3",
            by_labels / plain - 1,
            2 * (n**2 - d - 3) / (n * (n**2 + d - 5)),
        ),
        identity(
            "and over ‖u‖² it gains (n+d−5)/(n+d−3) of that over Σy²",
            by_square / by_labels,
            (n + d - 5) / (n + d - 3),
        ),
    ]


def _slope(n: Any, k: Any, d: Any, factor: Any) -> Any:
    """Return 4c2²c0' − 2c1c1'c2 + c1²c2', in W = c·w, times a power of n + d + 1."""
    pretrained = pretraining.isotropic_weight(n, d, 0)

    def at(coefficient: Any, *sizes: Any) -> tuple[Any, Any]:
        low, value, high = (
            coefficient(*sizes, 1, 0, (factor + step) * pretrained) / pretrained**2
            for step in (-1, 0, 1)
        )
        # A quadratic's derivative is its central difference.
        return value, (high - low) / 2

    constant, linear, quadratic = (
        at(isotropic.constant, n, d),
        at(isotropic.linear, n, k, d),
        at(isotropic.quadratic, n, k, d),
    )
    return (
        4 * quadratic[0] ** 2 * constant[1]
        - 2 * linear[0] * linear[1] * quadratic[0]
        + linear[0] ** 2 * quadratic[1]
    )


def _in_one_dimension(_: Effort) -> list[Evidence]:
    a, samples = indeterminates("a k")
    one = 1 + 0 * a
    slope = _slope(1 + a, 1 + samples, one, one)
    return [identity("no noise, in one dimension the risk is stationary at c = 1", slope, 0)]


def _between_cold_and_warm(_: Effort) -> list[Evidence]:
    a, b, samples, s = indeterminates("a b k s")
    k = 1 + samples
    near = 1 + 1 / (1 + s)
    return [
        positive(
            "no noise, d ≥ 2: the risk after the best step from cW* falls with c for c ≤ 0",
            -_slope(1 + a, k, 2 + b, -s),
            -_slope(1 + a, k, 2 + b, 0 * s),
        ),
        positive(
            "and rises for c ≥ 1: at c = 1, for c ≥ 2, and between, for n < d and n ≥ d − 1",
            _slope(1 + a, k, 2 + b, 1 + 0 * s),
            _slope(1 + a, k, 2 + b, 2 + s),
            _slope(1 + a, k, 2 + a + b, near),
            _slope(1 + a + b, k, 2 + a, near),
        ),
    ]


def _start_with_noise(_: Effort) -> list[Evidence]:
    one = Fraction(1)

    def after(factor: Fraction) -> Any:
        weight = factor * pretraining.isotropic_weight(one, one, one)
        arguments = (one, one, Fraction(10), one, weight)
        linear = isotropic.linear(one, *arguments)
        return isotropic.constant(*arguments) - (
            _gain(linear, isotropic.quadratic(one, *arguments)) if linear else 0
        )

    return [
        proof(
            "with noise it can lie above: n = k = d = 1, ‖β‖² = 10, σ² = 1, c = 1.29",
            after(Fraction(129, 100)) < min(after(one), after(Fraction(0))),
            factor=1.29,
        )
    ]


CLAIMS = (
    Claim(
        id="normalized-step",
        title="What a step divided by ‖u‖² or by Σy² of its prompt gains",
        source="ours",
        statement=(
            "For isotropic features the risk after a step divided by Σy², and without noise after "
            "one divided by ‖u‖², is rational. Without noise the best constants are free of the "
            "task; from the cold start, the one over Σy² gains more than the best deterministic "
            "step exactly if n² > d + 3, and always more than the one over ‖u‖²."
        ),
        formulas=exactly(
            normalized.isotropic_linear,
            normalized.isotropic_quadratic,
            normalized.label_scaled_linear,
            normalized.label_scaled_quadratic,
            normalized.tilted_overlap_moment,
            normalized.tilted_product_moment,
            normalized.same_linear,
            normalized.same_quadratic,
            normalized.same_risk,
        ),
        evidence=(
            _averaged,
            _against_the_oracle,
            _on_the_same_context,
            _by_the_general_route,
            _any_covariance,
        ),
    ),
    Claim(
        id="best-start",
        title="The best start lies between cold and warm",
        source="ours",
        statement=(
            "For Σ_x = Σ_β = I, without noise and for d ≥ 2, the best multiple cW* of the "
            "pretrained weights, each with its best step, has 0 < c < 1; for d = 1 it is 1. With "
            "noise it can exceed 1."
        ),
        formulas=exactly(pretraining.isotropic_weight),
        evidence=(_in_one_dimension, _start_with_noise, _between_cold_and_warm),
    ),
)
