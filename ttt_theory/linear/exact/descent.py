"""The risk after several gradient steps on the same samples, as a function of the steps.

With u = Xᵀy, U = ‖u‖², S = X_tᵀX_t, e = β − Wu and v = X_tᵀ(y_t − X_tWu), the t steps η_1, …, η_t
on one context and one set of test samples give W_t = W + a uᵀ with

    a = Σ_m c_m U^(m−1) S^(m−1) v,    Σ_m c_m x^m = 1 − Π_i (1 − 2η_i x),

as each step moves a by 2η(v − U S a).  So the risk is a quadratic form in c_1, …, c_t,

    R = constant − 2 cᵀlinear + cᵀ quadratic c,

whose coefficients are moments of u and S.  On a fresh context u', with P = E[u eᵀ] and M = E[uuᵀ],
they are those of a polynomial in the error e' − (uᵀu')a,

    linear_m = E[U^(m−1) uᵀP Σ_x S^(m−1) v],
    quadratic_ml = E[U^(m+l−2) uᵀMu · vᵀS^(m−1) Σ_x S^(l−1) v],

and on the same context u, where the error is e − Ua,

    linear_m = E[U^m eᵀΣ_x S^(m−1) v],    quadratic_ml = E[U^(m+l) vᵀS^(m−1) Σ_x S^(l−1) v].

Source: ours; one step is theory.md, section 2, fact 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttt_theory.linear.exact.curve import Curve

__all__ = ["Descent", "method_coefficients"]


def method_coefficients(step_sizes: Sequence[Any]) -> list[Any]:
    """Return c_1, …, c_t of Σ_m c_m x^m = 1 − Π_i (1 − 2η_i x).

    Parameters
    ----------
    step_sizes : sequence of number or element of a field

    Returns
    -------
    list

    Examples
    --------
    >>> method_coefficients([1, 10])
    [22, -40]
    """
    rest: list[Any] = [1]
    for step in step_sizes:
        longer = [*rest, 0]
        for power, coefficient in enumerate(rest):
            longer[power + 1] = longer[power + 1] - 2 * step * coefficient
        rest = longer
    return [-coefficient for coefficient in rest[1:]]


@dataclass(frozen=True)
class Descent:
    """R = constant − 2 cᵀlinear + cᵀ quadratic c, in floats, fractions or symbols alike.

    Attributes
    ----------
    constant : number or element of a field
        The risk before any step.
    linear : sequence, shape (t,)
    quadratic : sequence of sequences, shape (t, t)
        Symmetric and positive semi-definite.

    Examples
    --------
    >>> from fractions import Fraction
    >>> descent = Descent(Fraction(5), [Fraction(1)], [[Fraction(2)]])
    >>> descent.risk([Fraction(1, 4)]), descent.curve.risk_after
    (Fraction(9, 2), Fraction(9, 2))
    """

    constant: Any
    linear: Sequence[Any]
    quadratic: Sequence[Sequence[Any]]

    @classmethod
    def of_curve(cls, curve: Curve) -> Descent:
        """Return the risk after a single step; see `curve`."""
        return cls(curve.constant, [curve.linear / 4], [[curve.quadratic / 4]])

    def risk(self, step_sizes: Sequence[Any]) -> Any:
        """Return the risk after at most t steps of these sizes."""
        method = method_coefficients(step_sizes)
        total = self.constant
        for m, coefficient in enumerate(method):
            total = total - 2 * coefficient * self.linear[m]
            for other, factor in enumerate(method):
                total = total + coefficient * factor * self.quadratic[m][other]
        return total

    def scaled(self, factors: Sequence[Any]) -> Descent:
        """Return it with every coefficient times the factor of its degree, 0 to 2t, in the steps.

        Examples
        --------
        >>> Descent(5, [7], [[2]]).scaled([100, 10, 1])
        Descent(constant=500, linear=[70], quadratic=[[2]])
        """
        return Descent(
            factors[0] * self.constant,
            [factors[m] * each for m, each in enumerate(self.linear, start=1)],
            [
                [factors[m + other] * each for other, each in enumerate(row, start=1)]
                for m, row in enumerate(self.quadratic, start=1)
            ],
        )

    @property
    def curve(self) -> Curve:
        """R(η) = c0 − c1η + c2η² of a single step."""
        return Curve(self.constant, 4 * self.linear[0], 4 * self.quadratic[0][0])
