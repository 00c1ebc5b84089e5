"""The moments of a context that two steps need, derived a second time by summing over pairings.

The first derivation conditions on the labels, takes joint cumulants of forms of a Gaussian vector
and averages over χ²_n (theory.md, section 2, fact 13).  This one starts from u = Xᵀy and needs
Wick's rule alone: without noise u = Sβ with a scatter matrix S, so that a moment with U^a is a
polynomial of a degree up to ten in S.  Noise changes βᵀΣ_xβ to the label variance s and nothing
else, as the pairings of features and noise leave Σ_x, Σ_xβ and s alone (fact 5); here s is that one
form, which no other is a function of.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import flint

from ttt_theory.evidence.algebra import proof
from ttt_theory.linear.exact.context_moments import ContextMoments
from ttt_theory.linear.witnesses.multiplied_out import Polynomial
from ttt_theory.wick import Matrix, Scalar, ScatterMatrix, Vector, expectation, trace

if TYPE_CHECKING:
    from ttt_theory.evidence.record import Evidence

__all__ = ["context_moments_are_derived"]

_LENGTH = Scalar("n")
_FEATURES, _WEIGHTS, _TASK = Matrix("Sigma", symmetric=True), Matrix("W"), Vector("beta")
_WEIGHTING = Matrix("A", symmetric=True)
_SCATTER = ScatterMatrix("S", _FEATURES, _LENGTH)
_MEAN = _FEATURES @ _TASK
_LABEL_VARIANCE = _TASK.T @ _MEAN

_CONTEXT = _SCATTER @ _TASK
_ERROR = _TASK - _WEIGHTS @ _CONTEXT
_SIZE = _CONTEXT.T @ _CONTEXT
_ALONG = _CONTEXT.T @ _MEAN
# uᵀMu and uᵀPAe with M = n(n+1)qqᵀ + nsΣ_x and P = nqβᵀ − MWᵀ.
_OVERLAP = _LENGTH * (_LENGTH + 1) * _ALONG * _ALONG + _LENGTH * _LABEL_VARIANCE * (
    _CONTEXT.T @ _FEATURES @ _CONTEXT
)
_IMAGE = _WEIGHTS.T @ _WEIGHTING @ _ERROR
_GRADIENT = (
    _LENGTH * _ALONG * (_TASK.T @ _WEIGHTING @ _ERROR)
    - _LENGTH * (_LENGTH + 1) * _ALONG * (_MEAN.T @ _IMAGE)
    - _LENGTH * _LABEL_VARIANCE * (_CONTEXT.T @ _FEATURES @ _IMAGE)
)
_SQUARE = _ERROR.T @ _WEIGHTING @ _ERROR

# By the method of `ContextMoments`: the form, its degree in S, and the highest a.
_FORMS = {
    "sizes": ("", Scalar.from_terms({(): 1}), 0, 4),
    "overlaps": (" uᵀMu", _OVERLAP, 2, 2),
    "errors": (" eᵀAe", _SQUARE, 2, 4),
    "products": (" uᵀMu·eᵀAe", _OVERLAP * _SQUARE, 4, 2),
    "gradients": (" uᵀPAe", _GRADIENT, 2, 1),
}
_OF_ERRORS = ("errors", "products", "gradients")


def context_moments_are_derived(highest_degree: int) -> list[Evidence]:
    """Prove the moments as they are put together for every n, d, Σ_x, W, A, β and σ².

    Parameters
    ----------
    highest_degree : int
        Those of a higher degree in S are left out; ten takes a second or two.
    """
    evidence = []
    for name, (label, form, degree, most) in _FORMS.items():
        highest = min(most, (highest_degree - degree) // 2)
        products = [form]
        for _ in range(highest):
            products.append(products[-1] * _SIZE)
        derived = [expectation(product, _SCATTER, highest_degree) for product in products]
        of = _Indeterminates(*derived)
        forms: Any = _PairedForms(of)
        moments = ContextMoments(of(_LENGTH), forms)
        # Forms of e are weighted by A, whatever the power of Σ_x that is asked for.
        stated = getattr(moments, name)(highest, *([1] if name in _OF_ERRORS else []))
        evidence.append(
            proof(
                f"‖u‖^(2a){label}, a ≤ {highest}: the mean is the sum over pairings, for every n, "
                "Σ_x, W, A, β and σ²",
                all(not one - of(other) for one, other in zip(stated, derived, strict=True)),
            )
        )
    return evidence


class _Indeterminates:
    """A polynomial ring with a variable for each trace and form."""

    def __init__(self, *scalars: Scalar) -> None:
        given = [*scalars, _LENGTH, *_all_forms()]
        factors = sorted({each for s in given for monomial in s.terms for each in monomial})
        context = flint.fmpq_mpoly_ctx.get(
            [f"x{i}" for i in range(len(factors))], flint.Ordering.lex
        )
        self._place = {factor: place for place, factor in enumerate(factors)}
        self._context = context

    def __call__(self, scalar: Scalar) -> Polynomial:
        terms = {}
        for monomial, value in scalar.terms.items():
            powers = [0] * len(self._place)
            for factor in monomial:
                powers[self._place[factor]] += 1
            terms[tuple(powers)] = flint.fmpq(value.numerator, value.denominator)
        return Polynomial(self._context.from_dict(terms))


@functools.cache
def _power(power: int) -> Any:
    return _FEATURES if power == 1 else _power(power - 1) @ _FEATURES


def _image(power: int) -> Any:
    """Σ_x^power q."""
    return _power(power + 1) @ _TASK


def _vector(name: str) -> Any:
    if name == "bias":
        return _TASK - _LENGTH * _WEIGHTS @ _MEAN
    return _WEIGHTS @ _image(int(name.removeprefix("shift_")))


def _all_forms() -> list[Scalar]:
    vectors = ["bias", *(f"shift_{j}" for j in range(5))]
    return [
        *(_vector(one).T @ _WEIGHTING @ _vector(other) for one in vectors for other in vectors),
        *(trace(_WEIGHTING @ _WEIGHTS @ _power(j) @ _WEIGHTS.T) for j in range(1, 6)),
        *(_MEAN.T @ _image(j) for j in range(4)),
        *(trace(_power(j)) for j in range(1, 5)),
        _LABEL_VARIANCE,
    ]


class _PairedForms:
    """Forms and traces as polynomials, with A for the power of Σ_x that a form is weighted by.

    Of `ttt_theory.linear.exact.context_moments.PowerForms`, those that a context's moments take.
    """

    def __init__(self, of: _Indeterminates) -> None:
        self._of = of
        self.label_variance = of(_LABEL_VARIANCE)

    def feature_trace(self, power: int) -> Any:
        return self._of(trace(_power(power)))

    def mean_form(self, power: int) -> Any:
        return self._of(_MEAN.T @ _image(power))

    def form(self, left: str, _: int, right: str) -> Any:
        return self._of(_vector(left).T @ _WEIGHTING @ _vector(right))

    def spread(self, _: int, inner: int) -> Any:
        return self._of(trace(_WEIGHTING @ _WEIGHTS @ _power(inner) @ _WEIGHTS.T))
