"""The pretrained optimum."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from ttt_theory.claims.claim import Claim
from ttt_theory.covariance import Dense
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, agreement
from ttt_theory.linear.claims.stating import exactly, to_leading_order
from ttt_theory.linear.closed_form import isotropic, limits, pretraining
from ttt_theory.linear.exact.weights import pretrained_weights
from ttt_theory.linear.setting.examples import DENSE_START, SHIFTED, TINY_PRIORS
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.witnesses.exact_average import pretraining_gradient
from ttt_theory.linear.witnesses.own_matrices import weights_are_solved
from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.structured.base import Matrix

__all__ = ["CLAIMS"]

_MOST_COORDINATES = 8

LENGTH, SAMPLES, DIM, ALPHA, TASK_SQUARE, NOISE, WEIGHT, X, Y, Z = indeterminates(
    "n k d alpha beta2 sigma2 w x y z"
)


def _compiled_forms(_: Effort) -> list[Evidence]:
    n, d, norm2, noise, w = LENGTH, DIM, TASK_SQUARE, NOISE, WEIGHT
    lam, mu, trace = X, Y, Z
    # The loss of W in the eigenbasis, averaged over the prior: E[uuᵀ] has the eigenvalue
    # n(n+1)λ²μ + n(τ + σ²)λ there, and E[βuᵀ] the eigenvalue nλμ.
    second_moment = n * (n + 1) * lam**2 * mu + n * (trace + noise) * lam

    def loss(eigenvalue: Any) -> Any:
        return lam * (mu - 2 * eigenvalue * n * lam * mu + eigenvalue**2 * second_moment)

    optimum = pretraining.optimal_eigenvalue(n, lam, mu, trace, noise)
    matrix_form = mu / (pretraining.gram_factor(n) * lam * mu + pretraining.ridge(trace, noise))
    return [
        identity(
            "commuting Σ_x, Σ_β: the loss is its value at the compiled w* plus a square",
            loss(w) - loss(optimum),
            lam * second_moment * (w - optimum) ** 2,
        ),
        positive(
            "the factor of that square is positive: the compiled w* is the minimum",
            (loss(w) - loss(optimum)) / (w - optimum) ** 2,
        ),
        identity("the eigenvalue is that of Σ_β[(n+1)Σ_xΣ_β + ρI]⁻¹", optimum, matrix_form),
        identity(
            "isotropic: w = 1/(n + d + 1 + σ²)",
            pretraining.isotropic_weight(n, d, noise),
            pretraining.optimal_eigenvalue(n, 1, 1, d, noise),
        ),
        identity(
            "isotropic, noise-free: W* = I/(n+d+1)",
            pretraining.isotropic_weight(n, d, 0),
            1 / (n + d + 1),
        ),
        identity(
            "isotropic, noise-free: its risk is ‖β‖²(d+1)/(n+d+1)",
            pretraining.isotropic_risk(n, d, norm2),
            norm2 * (d + 1) / (n + d + 1),
        ),
        identity(
            "the one-step theory has the same risk before the step",
            isotropic.warm_risk_before(n, SAMPLES, d, norm2, 0),
            pretraining.isotropic_risk(n, d, norm2),
        ),
        limit(
            "its limit is ‖β‖²d/(n+d)",
            isotropic.warm_risk_before(ALPHA * d, SAMPLES, d, norm2, 0),
            limits.warm_risk_before(ALPHA * d, d, norm2),
            variable=d,
        ),
    ]


def _literal_gradient(_: Effort) -> list[Evidence]:
    """Average the literal gradient exactly over the pretraining distribution."""
    evidence = []
    for name, setting in TINY_PRIORS.items():
        optimum = dense(pretrained_weights(setting))
        at_zero = pretraining_gradient(setting, np.zeros_like(optimum))
        evidence.append(
            agreement(
                EvidenceKind.EXACT_AVERAGE,
                f"{name}: the literal pretraining gradient vanishes at W*",
                pretraining_gradient(setting, optimum) / np.max(np.abs(at_zero)),
            )
        )
    return evidence


def _stationary_on_a_setting(setting: Setting, _: Effort) -> list[Evidence]:
    """Solve the stationarity condition in exact fractions and compare with the package's W*.

    The leading principal blocks of both covariances are covariances too, and small enough.
    """
    restricted = _restricted(setting, min(setting.dim, _MOST_COORDINATES))
    source = restricted.pretraining
    features, prior = (
        _exact(dense(covariance.matrix()))
        for covariance in (source.feature_covariance, restricted.task_covariance)
    )
    n, noise = sympy.Integer(source.context_length), sympy.Rational(Fraction(source.noise_variance))
    product = features * prior
    ridge = pretraining.ridge(product.trace(), noise)
    weights = sympy.zeros(*prior.shape)
    if ridge != 0:
        gram = pretraining.gram_factor(n) * product + ridge * sympy.eye(prior.rows)
        solution = gram.T.to_DM(domain=sympy.QQ).lu_solve(prior.to_DM(domain=sympy.QQ))
        weights = solution.to_Matrix().T
    second_moment = n * (n + 1) * product * features + n * (product.trace() + noise) * features
    gradient = features * (weights * second_moment - n * prior * features)

    def loss(matrix: sympy.Matrix) -> sympy.Expr:
        linear = (features * matrix * n * features * prior).trace()
        return (features * matrix * second_moment * matrix.T).trace() - 2 * linear

    # Away from W* the loss is larger by a form that is never negative, E[uuᵀ] and Σ_x being
    # positive semi-definite: W* is a minimum, and W* + (any matrix) shows it for all.
    size = restricted.dim
    change = sympy.Matrix(size, size, lambda i, j: sympy.Rational((3 * i + 5 * j) % 7 - 3, i + 1))
    growth = (features * change * second_moment * change.T).trace()
    exact = np.array(weights.tolist(), dtype=np.float64)
    computed = dense(pretrained_weights(restricted))
    where = f"leading {size} × {size} blocks"
    return [
        proof(
            f"{where}: Σ_x(W*E[uuᵀ] − E[βuᵀ]) = 0 in exact fractions of the covariances",
            all(entry == 0 for entry in gradient),
        ),
        proof(
            f"{where}: loss(W* + D) − loss(W*) = tr(Σ_x D E[uuᵀ] Dᵀ) ≥ 0 in exact fractions",
            loss(weights + change) - loss(weights) == growth and growth >= 0,
        ),
        agreement(
            EvidenceKind.EXACT_VALUE,
            f"{where}: the package's W* is that solution to round-off",
            (computed - exact) / max(float(np.max(np.abs(exact))), np.finfo(np.float64).tiny),
        ),
    ]


def _solved_on_a_setting(setting: Setting, _: Effort) -> list[Evidence]:
    """Compare the whole of the package's W*, by whatever structure it was found."""
    return weights_are_solved(setting)


def _restricted(setting: Setting, size: int) -> Setting:
    """Return the pretraining of a setting, in its first coordinates."""
    source = setting.pretraining
    features, prior = (
        Dense(_leading_block(covariance.matrix(), size))
        for covariance in (source.feature_covariance, setting.task_covariance)
    )
    return Setting(
        context_length=source.context_length,
        test_samples=1,
        feature_covariance=features,
        task_covariance=prior,
        task=np.zeros(size),
        noise_variance=source.noise_variance,
    )


def _leading_block(matrix: Matrix, size: int) -> FloatArray:
    return np.asarray(matrix @ np.eye(matrix.shape[0], size))[:size]


def _exact(matrix: FloatArray) -> sympy.Matrix:
    rows, columns = matrix.shape
    return sympy.Matrix(rows, columns, [sympy.Rational(Fraction(float(x))) for x in matrix.flat])


CLAIMS = (
    Claim(
        id="pretrained-optimum",
        title="Pretraining ends at W* = Σ_β[(n+1)Σ_xΣ_β + (tr Σ_xΣ_β + σ²)I]⁻¹",
        source="[G25], Section 3",
        statement=(
            "W* minimises E[(y − xᵀWu)²] over the prior; isotropic and noise-free it is I/(n+d+1) "
            "with risk ‖β‖²(d+1)/(n+d+1)."
        ),
        formulas=(
            *exactly(*(getattr(pretraining, name) for name in pretraining.__all__)),
            *to_leading_order(limits.warm_risk_before),
        ),
        evidence=(_compiled_forms, _literal_gradient),
        checks=(_stationary_on_a_setting, _solved_on_a_setting),
        settings={"shifted": SHIFTED, "dense start": DENSE_START},
    ),
)
