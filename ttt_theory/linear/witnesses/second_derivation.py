"""The one-step risk derived a second time, by summing over pairings, and the compiled one.

The first derivation conditions on the labels and averages over u given them (theory.md, section 2,
fact 2).  This one starts from the definition and needs Wick's rule alone (fact 5).  Features and
noise are one Gaussian vector x̃ = (x, ξ) of covariance Σ̃ = blockdiag(Σ_x, σ²), so that with
β̃ = (β, 1), P = [I 0] and a scatter matrix S̃ = X̃ᵀX̃ for each set of samples,

    u = Xᵀy = P S̃ β̃,    y − xᵀw = x̃ᵀ(β̃ − Pᵀw)  for every w.

Three blocks of Σ̃ are all that remains of it: PΣ̃Pᵀ = Σ_x, PΣ̃β̃ = Σ_xβ, β̃ᵀΣ̃β̃ = βᵀΣ_xβ + σ².
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.covariance import Diagonal, PowerLaw
from ttt_theory.evidence.polynomials import Indeterminates, PolynomialFraction, same
from ttt_theory.evidence.record import EvidenceKind
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.examples import COLD, DENSE_START, SHIFTED, TINY
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.witnesses.comparison import risk_agrees
from ttt_theory.structured.base import dense
from ttt_theory.wick import (
    Expression,
    Matrix,
    Scalar,
    ScatterMatrix,
    Vector,
    evaluate,
    expectation,
    substitute,
    trace,
)

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.evidence.record import Evidence

__all__ = ["derived_coefficients", "derived_risk", "formulas_are_derived", "values_are_derived"]

_LENGTH, _SAMPLES, _NOISE, _STEP = (Scalar(name) for name in ("n", "k", "sigma2", "eta"))
_FEATURES, _WEIGHTS, _TASK = Matrix("Sigma", symmetric=True), Matrix("W"), Vector("beta")
_SQUARE, _CUBE = _FEATURES @ _FEATURES, _FEATURES @ _FEATURES @ _FEATURES
_MEAN = _FEATURES @ _TASK
_MEAN_SQUARE, _LABEL_VARIANCE = _MEAN.T @ _MEAN, _TASK.T @ _MEAN + _NOISE
_BIAS = _TASK - _LENGTH * _WEIGHTS @ _MEAN
_SHIFTS = [_WEIGHTS @ _MEAN, _WEIGHTS @ _FEATURES @ _MEAN, _WEIGHTS @ _SQUARE @ _MEAN]
_VECTORS = {"bias": _BIAS, **{f"shift_{j}": shift for j, shift in enumerate(_SHIFTS)}}
_POWERS = {1: _FEATURES, 2: _SQUARE, 3: _CUBE}
_OVERLAP = _MEAN_SQUARE * (_BIAS - _SHIFTS[0]) - _LABEL_VARIANCE * _SHIFTS[1]

_SETTINGS = {
    "shifted": SHIFTED,
    "dense": DENSE_START,
    "cold": COLD,
    # Weights, too, that are kept as a diagonal, which has code of its own.
    "diagonal": Setting(
        context_length=12,
        test_samples=5,
        feature_covariance=Diagonal(np.array([2.0, 1.0, 0.5])),
        task_covariance=PowerLaw(3, 1.0),
        task=np.array([1.0, 0.5, -0.5]),
        noise_variance=0.2,
    ),
    **TINY,
}


@functools.cache
def derived_risk() -> dict[int, Scalar]:
    """Return the coefficients of R(η) by their power, from the definition.

    They are polynomials in n, k, σ² and in traces and forms of Σ_x, W and β, of which nothing is
    used but that Σ_x is symmetric.  The step is Proposition 3.1 of [G25]: W_TT = W + 2η v uᵀ with
    v = X_tᵀ(y_t − X_tWu).

    Source: theory.md, section 2, fact 5.

    Examples
    --------
    >>> derived_risk()[0].coefficients(Scalar("n"))[2]
    (beta.T @ Sigma @ W.T @ Sigma @ W @ Sigma @ beta)
    """
    augmented, task, kept = Matrix("Sigma_", symmetric=True), Vector("beta_"), Matrix("P")
    context, test, fresh, query = (
        ScatterMatrix(name, augmented, samples)
        for name, samples in (("S", _LENGTH), ("T", _SAMPLES), ("U", _LENGTH), ("Q", 1))
    )
    context_vector, fresh_vector = kept @ context @ task, kept @ fresh @ task
    step = kept @ test @ (task - kept.T @ _WEIGHTS @ context_vector)
    overlap = context_vector.T @ fresh_vector
    prediction = _WEIGHTS @ fresh_vector + 2 * _STEP * overlap * step
    residual = task - kept.T @ prediction
    risk: Scalar = residual.T @ query @ residual
    for scatter in (query, test, fresh, context):
        risk = expectation(risk, scatter)
    blocks = {
        kept @ augmented @ kept.T: _FEATURES,
        kept @ augmented @ task: _FEATURES @ _TASK,
        task.T @ augmented @ task: _TASK.T @ _FEATURES @ _TASK + _NOISE,
    }
    return substitute(risk, blocks).coefficients(_STEP)


def derived_coefficients(setting: Setting) -> tuple[Fraction, Fraction, Fraction]:
    """Evaluate c0, c1 and c2 by the second derivation, in exact arithmetic.

    Parameters
    ----------
    setting : Setting
        A small one: fractions of the floats' binary digits grow with every product.

    Returns
    -------
    tuple of Fraction

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> one = ttt.Isotropic(1)
    >>> cold = ttt.Setting(1, 1, one, one, [1], initialization=ttt.ZeroWeights())
    >>> [int(value) for value in derived_coefficients(cold)]
    [1, 4, 108]
    """
    given = literal_simulator(setting)
    values: dict[Scalar | Expression, Any] = {
        _LENGTH: given.context_length,
        _SAMPLES: given.test_samples,
        _NOISE: Fraction(given.noise_variance),
        _FEATURES: _exact(dense(given.feature_covariance.matrix())),
        _WEIGHTS: _exact(given.weights),
        _TASK: _exact(given.task),
    }
    constant, linear, quadratic = (evaluate(derived_risk()[power], values) for power in range(3))
    return constant, -linear, quadratic


def _exact(array: Any) -> Any:
    return np.vectorize(Fraction, otypes=[object])(array)


def values_are_derived(_: Effort) -> list[Evidence]:
    """Compare the risk that the package returns with the derived one, in exact arithmetic."""
    return [
        risk_agrees(
            EvidenceKind.EXACT_VALUE,
            f"{name}: the risk as computed is the sum over pairings, in exact arithmetic",
            setting,
            derived_coefficients(setting),
        )
        for name, setting in _SETTINGS.items()
    ]


def formulas_are_derived(_: Effort) -> list[Evidence]:
    """Prove that the compiled formulas give the derived risk for every n, k, d, Σ_x, W, β and σ².

    The compiled functions run on indeterminates, one for each trace and form of Σ_x, W and β, so
    what is equal is equal for matrices of every size.
    """
    derived = derived_risk()
    # Indeterminates for more forms than right formulas need: wrong ones are to be refuted, too.
    of = Indeterminates(*derived.values(), _STEP, *_all_forms())
    compiled, bias_variance = _compiled(of)
    c0, c1, c2, step = of(derived[0]), -of(derived[1]), of(derived[2]), of(_STEP)
    coefficients = Scalar("c1"), Scalar("c2")
    gain, loss = map(Indeterminates(*coefficients), coefficients)
    minimum = Curve(0, gain, loss)
    best, descent = minimum.step_size, minimum.improvement
    return [
        same("c0 is what the pairings sum to", compiled.constant, c0),
        same("c1 is what the pairings sum to", compiled.linear, c1),
        same("c2 is what the pairings sum to", compiled.quadratic, c2),
        same(
            "bias plus variance is the R(η) that the pairings sum to",
            bias_variance,
            c0 - c1 * step + c2 * step**2,
        ),
        same("R(η) is stationary at the step size", 2 * loss * best, gain),
        same("the improvement is R(0) − R there", descent, gain * best - loss * best**2),
    ]


def _all_forms() -> Iterator[Scalar]:
    """Yield every form and spread that the coefficients could be put together from."""
    for power in _POWERS.values():
        for left, right in itertools.combinations_with_replacement(_VECTORS.values(), 2):
            yield left.T @ power @ right
        for inner in _POWERS.values():
            yield trace(power @ _WEIGHTS @ inner @ _WEIGHTS.T)


class _WickForms:
    """Forms and traces as polynomials; see `ttt_theory.linear.exact.assembly.Forms`."""

    def __init__(self, of: Indeterminates) -> None:
        self._of = of
        self.label_variance, self.mean_square = of(_LABEL_VARIANCE), of(_MEAN_SQUARE)
        self.mean_energy = of(_MEAN.T @ _FEATURES @ _MEAN)
        self.feature_square_trace = of(trace(_SQUARE))

    def form(self, left: str, power: int, right: str) -> PolynomialFraction:
        return self._of(_VECTORS[left].T @ _POWERS[power] @ _VECTORS[right])

    def spread(self, power: int, inner: int) -> PolynomialFraction:
        return self._of(trace(_POWERS[power] @ _WEIGHTS @ _POWERS[inner] @ _WEIGHTS.T))


def _compiled(of: Indeterminates) -> tuple[Curve, PolynomialFraction]:
    """Return c0, c1, c2 and R(η) by the compiled formulas, put together as the package does."""
    n, k = of(_LENGTH), of(_SAMPLES)
    step = 2 * k * of(_STEP)
    parts = Assembly(n, k, of(_NOISE), _WickForms(of))

    def form(left: Expression, power: int, right: Expression) -> PolynomialFraction:
        return of(left.T @ _POWERS[power] @ right)

    # ‖b − κΣ_xp‖² in the norm of Σ_x, with p = n²·overlap.
    misfit = (
        form(_BIAS, 1, _BIAS)
        - 2 * step * n**2 * form(_BIAS, 2, _OVERLAP)
        + step**2 * n**4 * form(_OVERLAP, 3, _OVERLAP)
    )
    return parts.curve, parts.risk(step, misfit)
